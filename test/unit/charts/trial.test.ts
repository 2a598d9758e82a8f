import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { endpointEntries } from '#ingress/endpoint-entry.ts'
import type { Manifest, PodSpec } from '../../fixtures/chart.ts'
import {
  CHART,
  noHelm,
  object,
  ofKind,
  podOf,
  RELEASE,
  render,
  renderedSet,
  running,
  secretVariables,
  variables,
} from '../../fixtures/chart.ts'

const NAME = `${RELEASE}-event-router`
/** Variables of docker-compose.yml that say where a part is reached. */
const ADDRESSES = /(?:LISTENER|BOOTSTRAP|QUORUM|LOG_DIRS)/

interface ComposeFile {
  readonly services: Readonly<
    Record<string, { readonly image: string; readonly environment: Record<string, unknown> }>
  >
}

const compose = parse(
  readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8'),
  { merge: true },
) as ComposeFile

const valuesText = readFileSync(join(CHART, 'values.yaml'), 'utf8')

interface Requests {
  readonly cpu: string
  readonly memory: string
}

function requests({ containers: [container] }: PodSpec): Requests {
  return (container.resources as { readonly requests: Requests }).requests
}

describe.runIf(noHelm === null)('a trial', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('trial')
  })

  function pod(kind: string, component: string) {
    const found = podOf(object(objects, kind, `${NAME}-${component}`))
    if (found === null) throw new Error(`${component} runs nothing`)
    return found
  }

  it('brings Kafka, registry and Postgres, each behind a Service', () => {
    for (const [part, port] of [
      ['kafka', 9092],
      ['registry', 8080],
      ['postgres', 5432],
    ] as const) {
      const [container] = pod('Deployment', `dev-${part}`).containers
      expect(compose.services[part]?.image).toMatch(new RegExp(`:-${container.image}}$`))
      const { spec } = object(objects, 'Service', `${NAME}-dev-${part}`)
      expect(spec.ports).toMatchObject([{ port }])
      expect(object(objects, 'NetworkPolicy', `${NAME}-dev-${part}`).spec.ingress).toHaveLength(1)
    }
  })

  it.each(['kafka', 'registry'])('sets up %s as docker compose does', (part) => {
    const others = Object.entries(compose.services[part]?.environment ?? {}).filter(
      ([name]) => !ADDRESSES.test(name),
    )
    const set = variables(pod('Deployment', `dev-${part}`))
    for (const [name, value] of others) expect([name, set[name]]).toEqual([name, String(value)])
  })

  it('has the services use them', () => {
    const ingress = pod('Deployment', 'ingress')
    expect(variables(ingress).KAFKA_BROKERS).toBe(`${NAME}-dev-kafka:9092`)
    const advertised = variables(pod('Deployment', 'dev-kafka')).KAFKA_ADVERTISED_LISTENERS
    expect(advertised).toBe(`PLAINTEXT://${NAME}-dev-kafka:9092`)
    expect(secretVariables(pod('Deployment', 'consumer-card')).DATABASE_URL).toBe(
      `${NAME}-dev-database/url`,
    )
    const registrar = variables(pod('Job', 'registrar-1'))
    expect(registrar.SCHEMA_REGISTRY_URL).toBe(`http://${NAME}-dev-registry:8080/apis/ccompat/v7`)
  })

  it('has one endpoint of a tenant made for tests, in the form that the ingress reads', () => {
    const { stringData } = object(objects, 'Secret', `${NAME}-dev-endpoints`)
    const content = JSON.parse(stringData['endpoints.json'])
    const result = endpointEntries([{ name: 'endpoints.json', content }])
    expect(result.ok).toBe(true)
    expect(content.endpoints).toMatchObject([
      { id: 'whk_test_trial', tenant_id: 'tnt_test_trial', live_mode: false },
    ])
    expect(content.endpoints[0].secrets[0].value).toMatch(/^[A-Za-z0-9]{40}$/)
  })

  it('knows the password of its Postgres', () => {
    const { password, url } = object(objects, 'Secret', `${NAME}-dev-database`).stringData
    expect(url).toBe(`postgres://event_router:${password}@${NAME}-dev-postgres:5432/event_router`)
    expect(password).toMatch(/^[A-Za-z0-9]{24}$/)
  })

  it('registers by a Job of the release, since a hook would run before its Kafka', () => {
    const job = object(objects, 'Job', `${NAME}-registrar-1`)
    expect(job.metadata.annotations).toBeUndefined()
    expect(job.spec.backoffLimit).toBeGreaterThan(10)
    expect(ofKind(objects, 'ServiceAccount').map(({ metadata }) => metadata.name)).toContain(
      `${NAME}-registrar`,
    )
  })

  it('runs each part as the user that its public image is made for', () => {
    const users = ['kafka', 'registry', 'postgres'].map((part) => {
      const { securityContext } = pod('Deployment', `dev-${part}`)
      const { runAsUser, runAsGroup } = securityContext as Record<string, unknown>
      return `${part} ${runAsUser}:${runAsGroup}`
    })
    expect(users).toEqual(['kafka 1000:1000', 'registry 1001:0', 'postgres 999:999'])
  })

  it('rolls whoever makes tables at each upgrade, since its Postgres may have lost them', () => {
    const rolled = ofKind(objects, 'Deployment').filter(
      ({ spec }) => spec.template.metadata.annotations?.['trial/revision'] === '1',
    )
    expect(rolled.map(({ metadata }) => metadata.name)).toEqual(
      ['card', 'compliance', 'pass', 'program', 'settlement'].map(
        (domain) => `${NAME}-consumer-${domain}`,
      ),
    )
  })

  it('reserves as little as it says, so that it fits on a node of two cores', () => {
    const lasting = running(objects).filter(({ manifest }) => manifest.kind === 'Deployment')
    const reserved = lasting.flatMap(({ manifest, pod: spec }) =>
      Array<Requests>(manifest.spec.replicas).fill(requests(spec)),
    )
    const sum = (amounts: readonly string[]) =>
      amounts.reduce((total, amount) => total + Number.parseInt(amount, 10), 0)
    const cpu = (sum(reserved.map((each) => each.cpu)) / 1000).toFixed(1)
    const memory = (sum(reserved.map((each) => each.memory)) / 1024).toFixed(1)
    const said = /reserves (\S+) CPU .* and (\S+) GiB of memory/.exec(valuesText)?.slice(1)
    expect([cpu, memory]).toEqual(said)
  })

  it('leaves the CPU by which an autoscaler measures as it is', async () => {
    const ingress = { autoscaling: { kind: 'hpa' } }
    const rendering = await render(JSON.stringify({ dev: { enabled: true }, ingress }))
    if (rendering.kind !== 'rendered') throw new Error(rendering.reason)
    const [scaled] = running(rendering.objects).filter(
      ({ manifest }) => manifest.metadata.name === `${NAME}-ingress`,
    )
    expect(scaled && requests(scaled.pod).cpu).toBe('500m')
  })

  it('without it nothing of it is there', async () => {
    const others = await renderedSet('minimal')
    expect(others.filter(({ metadata }) => metadata.name.includes('dev'))).toEqual([])
  })
})
