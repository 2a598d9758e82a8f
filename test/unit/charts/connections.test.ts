import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest, PodSpec } from '../../fixtures/chart.ts'
import {
  noHelm,
  object,
  ofKind,
  podOf,
  RELEASE,
  renderedSet,
  secretVariables,
  variables,
} from '../../fixtures/chart.ts'

const NAME = `${RELEASE}-event-router`

function podOfComponent(objects: readonly Manifest[], kind: string, component: string): PodSpec {
  const pod = podOf(object(objects, kind, `${NAME}-${component}`))
  if (pod === null) throw new Error(`${component} runs nothing`)
  return pod
}

/** Folders that Secrets are mounted at, each with their names. */
function mounts(pod: PodSpec): Readonly<Record<string, readonly string[]>> {
  const volumes = new Map((pod.volumes ?? []).map((volume) => [volume.name, volume]))
  return Object.fromEntries(
    (pod.containers[0].volumeMounts ?? []).map(({ name, mountPath }) => {
      const { projected } = volumes.get(name) as { projected: { sources: unknown[] } }
      const sources = projected.sources as { secret: { name: string } }[]
      return [mountPath, sources.map(({ secret }) => secret.name)]
    }),
  )
}

describe.runIf(noHelm === null)('with brokers, registry, database and endpoints alone', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('minimal')
  })

  it('an ingress, five consumers and a registrar are there', () => {
    const names = ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name)
    const domains = ['card', 'compliance', 'pass', 'program', 'settlement']
    expect(names.sort()).toEqual([
      ...domains.map((domain) => `${NAME}-consumer-${domain}`),
      `${NAME}-ingress`,
    ])
    expect(ofKind(objects, 'Job')).toHaveLength(1)
  })

  it('no Secret is made: each is named by the operator', () => {
    expect(ofKind(objects, 'Secret')).toEqual([])
    const consumer = podOfComponent(objects, 'Deployment', 'consumer-card')
    expect(secretVariables(consumer)).toEqual({ DATABASE_URL: 'event-router-database/url' })
  })

  it('endpoints are a folder of the ingress, and of nobody else that runs for long', () => {
    const ingress = podOfComponent(objects, 'Deployment', 'ingress')
    expect(mounts(ingress)).toEqual({ '/etc/event-router/endpoints': ['event-router-endpoints'] })
    expect(variables(ingress).ENDPOINTS_FILE).toBe('/etc/event-router/endpoints')
    expect(mounts(podOfComponent(objects, 'Deployment', 'consumer-card'))).toEqual({})
  })

  it('the registrar runs before the installation and before each upgrade, and leaves nothing', () => {
    const { annotations } = object(objects, 'Job', `${NAME}-registrar`).metadata
    expect(annotations).toMatchObject({
      'helm.sh/hook': 'pre-install,pre-upgrade',
      'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
    })
  })

  it('a registrar that failed ends before helm gives up, and stays for a day to be read', () => {
    const { spec } = object(objects, 'Job', `${NAME}-registrar`)
    expect(spec.activeDeadlineSeconds).toBeLessThan(300)
    expect(spec.ttlSecondsAfterFinished).toBe(86_400)
    expect(spec.template.spec.restartPolicy).toBe('Never')
  })

  it('what the registrar needs is made before it', () => {
    for (const kind of ['ServiceAccount', 'NetworkPolicy']) {
      const { annotations } = object(objects, kind, `${NAME}-registrar`).metadata
      expect(annotations).toMatchObject({
        'helm.sh/hook': 'pre-install,pre-upgrade',
        'helm.sh/hook-weight': '-10',
        'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded,hook-failed',
      })
    }
  })

  it('`helm test` sends a signed event through the Service', () => {
    const test = object(objects, 'Pod', `${NAME}-test`)
    expect(test.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' })
    const url = `http://${NAME}-ingress:8080`
    const args = ['doctor', '--send', '--url', url, '--domain', 'program', '--within', '60']
    expect(test.spec.containers[0].args).toEqual(args)
    const { spec } = object(objects, 'Service', `${NAME}-ingress`)
    expect(spec.ports.map(({ port }: { port: number }) => port)).toEqual([8080])
    expect(test.spec.activeDeadlineSeconds).toBe(120)
  })
})

describe.runIf(noHelm === null)('the command line', () => {
  it('waits in the cluster to be told what to do, with all that the test has', async () => {
    const objects = await renderedSet('secured')
    const { spec } = object(objects, 'CronJob', `${NAME}-cli`)
    expect(spec.suspend).toBe(true)
    const [container] = spec.jobTemplate.spec.template.spec.containers
    const [test] = object(objects, 'Pod', `${NAME}-test`).spec.containers
    expect(container).toEqual({ ...test, args: ['doctor'] })
  })
})

describe.runIf(noHelm === null)('with TLS, SASL and users of their own', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('secured')
  })

  it('the ingress has its own Kafka user and its own certificate', () => {
    const ingress = podOfComponent(objects, 'Deployment', 'ingress')
    expect(secretVariables(ingress)).toEqual({
      KAFKA_SASL_USERNAME: 'kafka-user-ingress/username',
      KAFKA_SASL_PASSWORD: 'kafka-user-ingress/password',
    })
    expect(mounts(ingress)['/etc/event-router/tls/kafka']).toEqual(['kafka-tls-ingress'])
    expect(variables(ingress)).toMatchObject({
      KAFKA_BROKERS: 'kafka-0.kafka:9093,kafka-1.kafka:9093',
      KAFKA_SSL: 'true',
      KAFKA_SSL_CA_FILE: '/etc/event-router/tls/kafka/ca.crt',
      KAFKA_SSL_CERT_FILE: '/etc/event-router/tls/kafka/tls.crt',
      KAFKA_SSL_KEY_FILE: '/etc/event-router/tls/kafka/tls.key',
      KAFKA_SASL_MECHANISM: 'scram-sha-256',
      TOPIC_PREFIX: 'qairopay-staging',
    })
  })

  it('decision services are called with the certificate that they ask for', () => {
    const ingress = podOfComponent(objects, 'Deployment', 'ingress')
    expect(mounts(ingress)['/etc/event-router/tls/decisions']).toEqual(['decisions-tls'])
    expect(variables(ingress)).toMatchObject({
      AUTHORIZATION_CA_FILE: '/etc/event-router/tls/decisions/ca.crt',
      AUTHORIZATION_CERT_FILE: '/etc/event-router/tls/decisions/tls.crt',
      AUTHORIZATION_KEY_FILE: '/etc/event-router/tls/decisions/tls.key',
    })
  })

  it('endpoints of several Secrets are one folder', () => {
    const ingress = podOfComponent(objects, 'Deployment', 'ingress')
    const parts = ['event-router-endpoints', 'event-router-endpoints-2', 'event-router-endpoints-3']
    expect(mounts(ingress)['/etc/event-router/endpoints']).toEqual(parts)
  })

  it('a consumer has what was said for it, and the others what was said for all', () => {
    const card = podOfComponent(objects, 'Deployment', 'consumer-card')
    const pass = podOfComponent(objects, 'Deployment', 'consumer-pass')
    expect(secretVariables(card)).toMatchObject({
      KAFKA_SASL_PASSWORD: 'kafka-user-card/password',
    })
    expect(secretVariables(pass)).toMatchObject({
      DATABASE_URL: 'event-router-database/uri',
      KAFKA_SASL_PASSWORD: 'kafka-user/password',
    })
    expect(mounts(pass)['/etc/event-router/tls/database']).toEqual(['database-tls'])
  })

  it('the registrar reaches the registry as its user, in its context, with its certificate', () => {
    const registrar = podOfComponent(objects, 'Job', 'registrar')
    expect(variables(registrar)).toMatchObject({
      SCHEMA_REGISTRY_URL: 'https://registry.example.com/apis/ccompat/v7',
      SCHEMA_REGISTRY_CONTEXT: '.staging',
      SCHEMA_REGISTRY_CA_FILE: '/etc/event-router/tls/registry/ca.crt',
      SCHEMA_REGISTRY_CERT_FILE: '/etc/event-router/tls/registry/tls.crt',
      SCHEMA_REGISTRY_KEY_FILE: '/etc/event-router/tls/registry/tls.key',
      KAFKA_REPLICATION_FACTOR: '3',
    })
    expect(secretVariables(registrar)).toMatchObject({
      SCHEMA_REGISTRY_USERNAME: 'registry-user/username',
      SCHEMA_REGISTRY_PASSWORD: 'registry-user/password',
    })
    expect(secretVariables(registrar)).not.toHaveProperty('DATABASE_URL')
  })

  it('the test has all of it', () => {
    const test = podOfComponent(objects, 'Pod', 'test')
    expect(Object.keys(mounts(test)).sort()).toEqual([
      '/etc/event-router/endpoints',
      '/etc/event-router/tls/database',
      '/etc/event-router/tls/kafka',
      '/etc/event-router/tls/registry',
    ])
  })
})

describe.runIf(noHelm === null)('with endpoints in Postgres', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('sealed-endpoints')
  })

  it('the ingress knows where they are and how to open them, by a Secret', () => {
    const ingress = podOfComponent(objects, 'Deployment', 'ingress')
    expect(variables(ingress).ENDPOINTS_STORE).toBe('postgres')
    expect(variables(ingress)).not.toHaveProperty('ENDPOINTS_FILE')
    expect(secretVariables(ingress)).toEqual({
      ENDPOINTS_DATABASE_URL: 'endpoints-database/url',
      ENDPOINTS_KEYS: 'endpoints-database/keys',
    })
    expect(mounts(ingress)).toEqual({ '/etc/event-router/tls/endpoints': ['database-tls'] })
  })

  it('Kafka is reached over TLS by the system’s authorities, with no file', () => {
    const ingress = variables(podOfComponent(objects, 'Deployment', 'ingress'))
    expect(ingress.KAFKA_SSL).toBe('true')
    expect(Object.keys(ingress).filter((name) => name.startsWith('KAFKA_SSL_'))).toEqual([])
  })

  it('the registry is asked by a token, and by no user', () => {
    const registrar = secretVariables(podOfComponent(objects, 'Job', 'registrar'))
    expect(registrar).toEqual({ SCHEMA_REGISTRY_TOKEN: 'registry-token/token' })
  })

  it('the test uses the endpoint that it was given, of a real tenant', () => {
    const { args = [] } = podOfComponent(objects, 'Pod', 'test').containers[0]
    expect(args.join(' ')).toContain(
      '--domain card --within 60 --endpoint whk_01HZX3J5K7M9P1R3T5V7X9Z1B3 --real-tenant',
    )
  })
})
