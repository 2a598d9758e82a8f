import { describe, expect, it } from 'vitest'
import { EVENT_PARTITIONS } from '#core/routing.ts'
import { noHelm, render, valueSet } from '../../fixtures/chart.ts'

const minimal = valueSet('minimal')
const DIGEST = `sha256:${'0'.repeat(64)}`
const secured = valueSet('secured')

type Values = Readonly<Record<string, unknown>>

/** Values laid over others, map by map. */
function over(base: Values, top: Values): Values {
  const merged: Record<string, unknown> = { ...base }
  for (const [name, value] of Object.entries(top)) {
    const below = merged[name]
    const areMaps = [below, value].every(
      (each) => typeof each === 'object' && each !== null && !Array.isArray(each),
    )
    merged[name] = areMaps ? over(below as Values, value as Values) : value
  }
  return merged
}

/** The sentences by which helm refuses the values; none when it takes them. */
async function sentences(values: Values): Promise<readonly string[]> {
  const rendering = await render(JSON.stringify(values))
  if (rendering.kind === 'rendered') return []
  const [, said] = rendering.reason.split('These values cannot be installed:')
  expect(said, rendering.reason).toBeDefined()
  return (said ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Use --debug'))
}

const MISSING = [
  "kafka.brokers is missing: give the bootstrap brokers, such as --set 'kafka.brokers={kafka-0.kafka:9092}'.",
  "schemaRegistry.url is missing: give the registry's base URL, such as --set schemaRegistry.url=http://registry:8081.",
  expect.stringMatching(
    /^endpoints\.existingSecret is missing: make a Secret whose key endpoints\.json/,
  ),
  expect.stringMatching(/^database\.existingSecret is missing: make a Secret whose key url/),
]

/** What is wrong, the values that are, and how the one sentence begins. */
const wrong: readonly (readonly [string, Values, RegExp])[] = [
  ['no brokers', over(minimal, { kafka: { brokers: [] } }), /^kafka\.brokers is missing: /],
  [
    'no brokers in a string',
    over(minimal, { kafka: { brokers: '' } }),
    /^kafka\.brokers is missing: /,
  ],
  [
    'no registry',
    over(minimal, { schemaRegistry: { url: '' } }),
    /^schemaRegistry\.url is missing: /,
  ],
  [
    'no database',
    over(minimal, { database: { existingSecret: '' } }),
    /^database\.existingSecret is missing: /,
  ],
  [
    'no endpoints',
    over(minimal, { endpoints: { existingSecret: '' } }),
    /^endpoints\.existingSecret is missing: .* endpoints\.json /,
  ],
  [
    'no endpoints in Postgres',
    over(minimal, { endpoints: { existingSecret: '', store: 'postgres' } }),
    /^endpoints\.existingSecret is missing: .* url .* keys /,
  ],
  [
    'parts of endpoints in Postgres',
    over(minimal, { endpoints: { store: 'postgres', furtherSecrets: ['a'] } }),
    /^endpoints\.furtherSecrets has no effect /,
  ],
  [
    'TLS for endpoints in a file',
    over(minimal, { endpoints: { tls: { existingSecret: 'a' } } }),
    /^endpoints\.tls\.existingSecret has no effect /,
  ],
  [
    'SASL without a Secret',
    over(minimal, { kafka: { sasl: { enabled: true } } }),
    /^kafka\.sasl\.existingSecret is missing: .* username and password\.$/,
  ],
  [
    'a SASL Secret without SASL',
    over(minimal, { kafka: { sasl: { existingSecret: 'a' } } }),
    /^kafka\.sasl has no effect /,
  ],
  [
    'mTLS without a Secret',
    over(minimal, { kafka: { tls: { enabled: true, mutual: true } } }),
    /^kafka\.tls\.existingSecret is missing: .* tls\.crt and tls\.key\.$/,
  ],
  [
    'a TLS Secret without TLS',
    over(minimal, { kafka: { tls: { existingSecret: 'a' } } }),
    /^kafka\.tls has no effect /,
  ],
  [
    'a consumer’s TLS Secret without TLS',
    over(minimal, { consumers: { card: { kafkaSecrets: { tls: 'a' } } } }),
    /^kafka\.tls has no effect /,
  ],
  [
    'mTLS to the registry without a Secret',
    over(secured, { schemaRegistry: { tls: { existingSecret: '' } } }),
    /^schemaRegistry\.tls\.existingSecret is missing: /,
  ],
  [
    'TLS to a registry of plain HTTP',
    over(secured, { schemaRegistry: { url: 'http://registry' } }),
    /^schemaRegistry\.tls has no effect unless /,
  ],
  [
    'a token without a Secret',
    over(minimal, { schemaRegistry: { tokenKey: 'token' } }),
    /^schemaRegistry\.existingSecret is missing: .* token\.$/,
  ],
  [
    'a grace that the drain does not fit into',
    over(minimal, { ingress: { terminationGracePeriodSeconds: 27 } }),
    /^ingress\.terminationGracePeriodSeconds is 27: .* need 28\.$/,
  ],
  [
    'a drain that the grace does not hold',
    over(minimal, { ingress: { settings: { DRAIN_DEADLINE_MS: 17_001 } } }),
    /^ingress\.terminationGracePeriodSeconds is 30: .* need 32\.$/,
  ],
  [
    'a preStop that the grace does not hold',
    over(minimal, { ingress: { preStopSeconds: 8 } }),
    /^ingress\.terminationGracePeriodSeconds is 30: .* need 31\.$/,
  ],
  [
    'a consumer that is killed while it stops',
    over(minimal, { consumers: { card: { settings: { SHUTDOWN_DEADLINE_MS: 56_000 } } } }),
    /^consumers\.card\.terminationGracePeriodSeconds is 60: .* need 61\.$/,
  ],
  [
    'more pods than partitions',
    over(minimal, { consumers: { pass: { replicaCount: EVENT_PARTITIONS + 1 } } }),
    new RegExp(`^consumers\\.pass would have 13 pods: a topic has ${EVENT_PARTITIONS} partitions`),
  ],
  [
    'scaling beyond the partitions',
    over(minimal, { consumers: { pass: { autoscaling: { kind: 'keda', maxReplicas: 13 } } } }),
    /^consumers\.pass would have 13 pods: /,
  ],
  [
    'fewest above most',
    over(minimal, { ingress: { autoscaling: { kind: 'hpa', minReplicas: 7 } } }),
    /^ingress\.autoscaling\.minReplicas is 7 and maxReplicas 6: /,
  ],
  [
    'fewest above most, of a consumer',
    over(minimal, { consumers: { card: { autoscaling: { kind: 'hpa', minReplicas: 7 } } } }),
    /^consumers\.card\.autoscaling\.minReplicas is 7 /,
  ],
  [
    'a heap that fills the container',
    over(minimal, { ingress: { heapMiB: 353 } }),
    /^ingress\.heapMiB is 353 .* 512Mi: the limit must be at least 160 MiB above /,
  ],
  [
    'a consumer’s heap that fills its container',
    over(minimal, {
      consumers: { card: { heapMiB: 1000, resources: { limits: { memory: '1Gi' } } } },
    }),
    /^consumers\.card\.heapMiB is 1000 .* 1Gi: .* 96 MiB above /,
  ],
  [
    'mTLS to decision services without a Secret',
    over(minimal, { ingress: { decisionTls: { mutual: true } } }),
    /^ingress\.decisionTls\.existingSecret is missing: .* tls\.crt and tls\.key\.$/,
  ],
  [
    'a heap and queues that fill the container',
    over(minimal, { ingress: { settings: { QUEUE_MAX_BYTES: 256 * 1024 * 1024 } } }),
    /^ingress\.heapMiB is 256 .* 512Mi: the limit must be at least 352 MiB above /,
  ],
  [
    'memory in another unit',
    over(minimal, { ingress: { resources: { limits: { memory: '0.4Gi' } } } }),
    /^ingress\.heapMiB is 256 .* 0\.4Gi: /,
  ],
  [
    'memory in bytes',
    over(minimal, { registrar: { resources: { limits: { memory: 200_000_000 } } } }),
    /^registrar\.heapMiB is 128 /,
  ],
  [
    'the command line’s memory',
    over(minimal, { cli: { resources: { limits: { memory: '250M' } } } }),
    /^cli\.heapMiB is 192 .* 250M: .* 96 MiB above /,
  ],
  [
    'a budget that lets no pod go',
    over(minimal, { ingress: { pdb: { minAvailable: 2 } } }),
    /^ingress\.pdb\.minAvailable is 2 of 2 pods: /,
  ],
  [
    'a share that lets no pod go',
    over(minimal, { ingress: { pdb: { minAvailable: '51%' } } }),
    /^ingress\.pdb\.minAvailable is 51% of 2 pods: /,
  ],
  [
    'a consumer that is made null',
    over(minimal, { consumers: { pass: null } }),
    /^consumers\.pass is null, .* consumers\.pass\.enabled=false\.$/,
  ],
  [
    'a test that nobody would handle',
    over(minimal, { consumers: { program: { enabled: false } } }),
    /^tests\.domain is program, whose consumer is not enabled: /,
  ],
  [
    'one account for several components',
    over(minimal, { consumerDefaults: { serviceAccount: { name: 'mine' } } }),
    /^The service account mine would be made by several components: /,
  ],
  [
    'digests of some images',
    over(minimal, { image: { digests: { ingress: DIGEST, registrar: DIGEST } } }),
    /^image\.digests names no digest of cli, consumer-card, /,
  ],
  [
    'ranges of a balancer that is none',
    over(minimal, { ingress: { service: { loadBalancerSourceRanges: ['203.0.113.0/24'] } } }),
    /^ingress\.service\.loadBalancerSourceRanges has no effect with ingress\.service\.type=ClusterIP/,
  ],
  [
    'a traffic policy within the cluster',
    over(minimal, { ingress: { service: { externalTrafficPolicy: 'Local' } } }),
    /^ingress\.service\.externalTrafficPolicy has no effect /,
  ],
  [
    'an Ingress without hosts',
    over(minimal, { ingress: { ingress: { enabled: true } } }),
    /^ingress\.ingress\.hosts is missing: /,
  ],
  [
    'a route without a Gateway',
    over(minimal, { ingress: { httpRoute: { enabled: true } } }),
    /^ingress\.httpRoute\.parentRefs is missing: /,
  ],
  [
    'two monitors',
    over(minimal, {
      metrics: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } },
    }),
    /^metrics\.podMonitor\.enabled and metrics\.serviceMonitor\.enabled /,
  ],
  [
    'a variable that is set twice',
    over(minimal, { ingress: { extraEnvVars: [{ name: 'LOG_LEVEL', value: 'debug' }] } }),
    /^LOG_LEVEL is set twice for the ingress: /,
  ],
  [
    'a trial with brokers',
    over({ dev: { enabled: true } }, { kafka: { brokers: ['a:1'] } }),
    /^dev\.enabled brings a Kafka of its own: /,
  ],
  [
    'a trial with TLS',
    { dev: { enabled: true }, kafka: { tls: { enabled: true } } },
    /^dev\.enabled brings a Kafka without TLS and SASL: /,
  ],
  [
    'a trial with a registry',
    { dev: { enabled: true }, schemaRegistry: { url: 'http://a' } },
    /^dev\.enabled brings a registry of its own: /,
  ],
  [
    'a trial with a database',
    { dev: { enabled: true }, database: { existingSecret: 'a' } },
    /^dev\.enabled brings a Postgres of its own: /,
  ],
  [
    'a trial with endpoints',
    { dev: { enabled: true }, endpoints: { existingSecret: 'a' } },
    /^dev\.enabled brings an endpoint of its own: /,
  ],
]

describe.runIf(noHelm === null)('values that do not go together', () => {
  it.concurrent.each(wrong)('are refused in one sentence: %s', async (_what, values, sentence) => {
    expect(await sentences(values)).toEqual([expect.stringMatching(sentence)])
  })

  it('are all named at once: everything that an installation needs', async () => {
    expect(await sentences({})).toEqual(MISSING)
  })

  it('are a release’s name with a digit in front, unless another one is given', async () => {
    const text = (values: Values) => JSON.stringify(values)
    const refused = await render(text(minimal), '1st')
    expect(refused.kind === 'refused' ? refused.reason : '').toContain('begins with a digit')
    const named = await render(text(over(minimal, { fullnameOverride: 'hooks' })), '1st')
    expect(named.kind).toBe('rendered')
  })

  it('are not those of a part that is turned off', async () => {
    const off = {
      registrar: { enabled: false },
      tests: { enabled: false },
      cli: { cronJob: { enabled: false } },
    }
    expect(await sentences({ ...over(minimal, { schemaRegistry: { url: '' } }), ...off })).toEqual(
      [],
    )
    const consumers = { card: { enabled: false, replicaCount: 13 } }
    expect(await sentences(over(minimal, { consumers }))).toEqual([])
  })

  it('are not those at the very limit', async () => {
    const values = {
      ingress: { terminationGracePeriodSeconds: 28, heapMiB: 352, pdb: { minAvailable: '50%' } },
      consumers: { card: { replicaCount: EVENT_PARTITIONS, terminationGracePeriodSeconds: 20 } },
    }
    expect(await sentences(over(minimal, values))).toEqual([])
    const atOnce = { terminationGracePeriodSeconds: 27, settings: { DRAIN_DELAY_MS: 0 } }
    expect(await sentences(over(minimal, { ingress: atOnce }))).toEqual([])
  })
})
