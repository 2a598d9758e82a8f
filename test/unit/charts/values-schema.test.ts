import { beforeAll, describe, expect, it } from 'vitest'
import { chartSchema } from '#cli/chart-schema.ts'
import type { JsonSchema } from '#cli/chart-schema-parts.ts'
import { noHelm, render } from '../../fixtures/chart.ts'

/** Where a value is wrong, and the value. All are given at once, since Helm names them all at once. */
const wrong: readonly (readonly [string, string, unknown])[] = [
  ['a mistyped key at the top', '/consumer', {}],
  ['a mistyped key of a component', '/ingress/replicas', 3],
  ['a mistyped key deep below', '/kafka/tls/existingSecrt', 'kafka-tls'],
  ['a domain that does not exist', '/consumers/cards', {}],
  ['a variable that the service does not know', '/ingress/settings/STALE_SIGNATURES', 'reject'],
  ['a variable that another value sets', '/registrar/settings/KAFKA_BROKERS', 'kafka:9092'],
  ['a variable that is not for operators', '/ingress/settings/REPORT_COORDINATES', true],
  ['a setting out of its range', '/ingress/settings/RECORD_DEADLINE_MS', 20_000],
  ['a setting of another type', '/ingress/settings/QUEUE_MAX_RECORDS', 'many'],
  ['a setting that is not one of its words', '/ingress/settings/CARD_NUMBERS', 'count-them'],
  ['a mode that does not exist', '/consumerDefaults/settings/MODES', ['test']],
  ['no pods', '/ingress/replicaCount', 0],
  ['scaling to nothing', '/consumers/card/autoscaling/minReplicas', 0],
  ['two ways of scaling', '/consumers/pass/autoscaling/kind', 'hpa,keda'],
  ['scaling of the ingress by lag', '/ingress/autoscaling/kind', 'keda'],
  ['brokers without ports', '/kafka/brokers', ['kafka']],
  ['a mechanism that is not supported', '/kafka/sasl/mechanism', 'oauthbearer'],
  ['more copies than Kafka is asked for', '/kafka/replicationFactor', 16],
  ['a registry that is no address', '/schemaRegistry/url', 'registry:8081'],
  ['a name that no Secret can have', '/database/existingSecret', 'Database_Secret'],
  ['a store that does not exist', '/endpoints/store', 'vault'],
  ['a level that does not exist', '/logLevel', 'verbose'],
  ['a digest without its algorithm', '/image/digests/ingress', '0123456789abcdef'],
  ['a digest of no image of ours', '/image/digests/console', `sha256:${'0'.repeat(64)}`],
  ['a service type that leaves the cluster', '/ingress/service/type', 'ExternalName'],
  ['a share that is none', '/ingress/pdb/minAvailable', '150%'],
  ['a budget of nothing', '/consumers/settlement/pdb/maxUnavailable', 0],
  ['a name that no Service can have', '/fullnameOverride', 'hooks.example'],
  ['an address that is no family', '/bindAddress', '10.0.0.1'],
  ['memory that is no quantity', '/ingress/resources/limits/memory', '512 MB'],
  ['resources of another kind', '/registrar/resources/maximum', { memory: '1Gi' }],
  ['a share of traces above all', '/tracing/sampleRatio', 10],
  ['a boolean in words', '/networkPolicy/enabled', 'yes'],
  ['a trial’s tenant that could be a real one', '/dev/endpoint/tenantId', 'tnt_01HZX3J5'],
  ['a variable without a name', '/cli/extraEnvVars', [{ value: 'x' }]],
  ['an interval without its unit', '/metrics/podMonitor/interval', '30'],
]

function placed(path: string, value: unknown, into: Record<string, unknown>): void {
  const keys = path.slice(1).split('/')
  const last = keys.pop() ?? ''
  const place = keys.reduce<Record<string, unknown>>((at, key) => {
    at[key] ??= {}
    return at[key] as Record<string, unknown>
  }, into)
  place[last] = value
}

/** Whether helm's complaint is about a place: a wrong value there, or a key that is not known. */
function isNamed(reason: string, path: string): boolean {
  const cut = path.lastIndexOf('/')
  const [parent, key] = [path.slice(0, cut), path.slice(cut + 1)]
  return reason.split('\n').some((line) => {
    if (line.includes(`at '${path}'`) || line.includes(`at '${path}/`)) return true
    return line.includes(`at '${parent}': additional properties`) && line.includes(`'${key}'`)
  })
}

describe.runIf(noHelm === null)('values.schema.json', () => {
  let reason: string
  beforeAll(async () => {
    const values = {}
    for (const [, path, value] of wrong) placed(path, value, values)
    const rendering = await render(JSON.stringify(values))
    reason = rendering.kind === 'refused' ? rendering.reason : ''
  })

  it.each(wrong)('refuses %s', (_what, path) => {
    expect([path, isNamed(reason, path)]).toEqual([path, true])
  })

  it('refuses nothing else of these values', () => {
    const places = reason.match(/at '[^']*'/g) ?? []
    expect(places.length).toBeGreaterThanOrEqual(15)
    const known = wrong.flatMap(([, path]) => [path, path.slice(0, path.lastIndexOf('/'))])
    const strange = places
      .map((place) => place.slice(4, -1))
      .filter((place) => place !== '' && !known.some((path) => place.startsWith(path)))
    expect(strange).toEqual([])
  })
})

/** Objects with properties of ours that let others pass. */
function openObjects(schema: JsonSchema, path: string): readonly string[] {
  const { properties = {}, items } = schema as {
    properties?: Record<string, JsonSchema>
    items?: JsonSchema
  }
  const isOpen = 'properties' in schema && schema.additionalProperties !== false
  return [
    ...(isOpen ? [path] : []),
    ...Object.entries(properties).flatMap(([name, each]) => openObjects(each, `${path}/${name}`)),
    ...(items === undefined ? [] : openObjects(items, `${path}/*`)),
  ]
}

describe('the schema', () => {
  it('lets no unknown key pass but in `global`, which charts share', () => {
    const schema = chartSchema()
    const { consumer } = schema.definitions as { consumer: JsonSchema }
    expect(openObjects(schema, '')).toEqual(['/global'])
    expect(openObjects(consumer, '')).toEqual([])
  })
})
