import { beforeAll, describe, expect, it } from 'vitest'
import { CONSUMER_MEMORY, INGRESS_MEMORY } from '#local/memory.ts'
import type { Manifest } from '../../fixtures/chart.ts'
import {
  noHelm,
  object,
  ofKind,
  RELEASE,
  renderedSet,
  running,
  variables,
} from '../../fixtures/chart.ts'

const NAME = `${RELEASE}-event-router`
const INGRESS = `${NAME}-ingress`

describe.runIf(noHelm === null)('by default', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('minimal')
  })

  it('the ingress rolls by one more pod and never one less', () => {
    const { spec } = object(objects, 'Deployment', INGRESS)
    expect(spec.replicas).toBe(2)
    expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
  })

  it('a pod of the ingress goes on until balancers know, and is killed only after its drain', () => {
    const { spec } = object(objects, 'Deployment', INGRESS).spec.template
    expect(spec.containers[0].lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } })
    expect(spec.terminationGracePeriodSeconds).toBe(30)
  })

  it('consumers roll one at a time, each once the group has settled', () => {
    const { spec } = object(objects, 'Deployment', `${NAME}-consumer-card`)
    expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 0, maxUnavailable: 1 })
    expect(spec.minReadySeconds).toBe(15)
    expect(spec.template.spec.terminationGracePeriodSeconds).toBe(60)
    expect(spec.template.spec.containers[0].lifecycle).toBeUndefined()
  })

  it('probes ask the management port, and liveness nothing but the process itself', () => {
    for (const { spec } of ofKind(objects, 'Deployment')) {
      const [{ startupProbe, livenessProbe, readinessProbe }] = spec.template.spec.containers
      expect(startupProbe.httpGet).toEqual({ path: '/livez', port: 'management' })
      expect(livenessProbe.httpGet).toEqual({ path: '/livez', port: 'management' })
      expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'management' })
    }
  })

  it('pods are spread over zones and hosts, by the pods of their own template', () => {
    const { spec, metadata } = object(objects, 'Deployment', INGRESS).spec.template
    const [zone, host] = spec.topologySpreadConstraints
    expect([zone.topologyKey, host.topologyKey]).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ])
    expect(zone).toMatchObject({
      matchLabelKeys: ['pod-template-hash'],
      labelSelector: { matchLabels: metadata.labels },
    })
  })

  it('half of the ingress and all but one pod of a consumer outlast a drained node', () => {
    const budget = (name: string) => object(objects, 'PodDisruptionBudget', name).spec
    expect(budget(INGRESS)).toMatchObject({ minAvailable: '50%' })
    expect(budget(`${NAME}-consumer-card`)).toMatchObject({ maxUnavailable: 1 })
    for (const { spec } of ofKind(objects, 'PodDisruptionBudget')) {
      expect(spec.unhealthyPodEvictionPolicy).toBe('AlwaysAllow')
    }
  })

  it('heaps leave room within the memory of the container', () => {
    const heaps = running(objects).map(({ pod }) => {
      const { NODE_OPTIONS = '' } = variables(pod)
      const [, old = '', young = ''] =
        /^--max-old-space-size=(\d+) --max-semi-space-size=(\d+)$/.exec(NODE_OPTIONS) ?? []
      const { limits } = pod.containers[0].resources as { limits: { memory: string } }
      return { heap: Number(old), young: Number(young), limit: Number.parseInt(limits.memory, 10) }
    })
    const options = running(objects).map(({ pod }) => variables(pod).NODE_OPTIONS)
    expect(options).toContain(INGRESS_MEMORY.NODE_OPTIONS)
    expect(options).toContain(CONSUMER_MEMORY.NODE_OPTIONS)
    expect(heaps).toContainEqual({ heap: 256, young: 8, limit: 512 })
    expect(heaps).toContainEqual({ heap: 128, young: 2, limit: 320 })
    for (const { heap, limit } of heaps) expect(limit).toBeGreaterThanOrEqual(heap * 1.5)
  })

  it('the Service leads to webhooks alone', () => {
    expect(ofKind(objects, 'Service')).toHaveLength(1)
    const { spec } = object(objects, 'Service', INGRESS)
    expect(spec.type).toBe('ClusterIP')
    expect(spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort)).toEqual(['http'])
  })

  it('nothing scales by itself, and nobody watches, unless asked to', () => {
    const kinds = new Set(objects.map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual([
      'CronJob',
      'Deployment',
      'Job',
      'NetworkPolicy',
      'Pod',
      'PodDisruptionBudget',
      'Service',
      'ServiceAccount',
    ])
  })
})

describe.runIf(noHelm === null)('with autoscaling', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('autoscaled')
  })

  it('Deployments leave the number of pods to the autoscaler', () => {
    for (const { spec } of ofKind(objects, 'Deployment'))
      expect(spec).not.toHaveProperty('replicas')
  })

  it('the ingress scales by CPU', () => {
    const { spec } = object(objects, 'HorizontalPodAutoscaler', INGRESS)
    expect(spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: INGRESS },
      minReplicas: 3,
      maxReplicas: 10,
    })
    expect(spec.metrics[0].resource.target.averageUtilization).toBe(70)
  })

  it('each Deployment has one autoscaler, never two', () => {
    const targets = [
      ...ofKind(objects, 'HorizontalPodAutoscaler'),
      ...ofKind(objects, 'ScaledObject'),
    ].map(({ spec }) => spec.scaleTargetRef.name)
    const deployments = ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name)
    expect(targets.sort()).toEqual(deployments.sort())
    expect(object(objects, 'HorizontalPodAutoscaler', `${NAME}-consumer-program`)).toBeDefined()
  })

  it('a consumer scales by the lag of its own group, with a large number in digits', () => {
    const { spec } = object(objects, 'ScaledObject', `${NAME}-consumer-card`)
    expect(spec).toMatchObject({ minReplicaCount: 2, maxReplicaCount: 12 })
    expect(spec.triggers).toHaveLength(1)
    expect(spec.triggers[0].metadata).toEqual({
      bootstrapServers: 'kafka:9093',
      consumerGroup: 'qairopay.live.card.projector',
      topic: 'qairopay.live.card',
      lagThreshold: '1000000',
      offsetResetPolicy: 'earliest',
      sasl: 'scram_sha512',
      tls: 'enable',
    })
  })

  it('KEDA reaches Kafka by the same Secrets', () => {
    const { spec } = object(objects, 'TriggerAuthentication', `${NAME}-consumer-card`)
    expect(spec.secretTargetRef).toEqual([
      { parameter: 'username', name: 'kafka-user', key: 'username' },
      { parameter: 'password', name: 'kafka-user', key: 'password' },
      { parameter: 'ca', name: 'kafka-tls', key: 'ca.crt' },
    ])
  })
})

describe.runIf(noHelm === null)('with parts left out', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('reduced')
  })

  it('only what is enabled is there', () => {
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      `Deployment ${NAME}-consumer-card`,
      `Deployment ${NAME}-consumer-settlement`,
      `Deployment ${INGRESS}`,
      `PrometheusRule ${NAME}`,
      `Service ${INGRESS}`,
    ])
  })

  it('alerts miss no consumer that is not installed, and ask for all namespaces where told to', () => {
    const { spec } = object(objects, 'PrometheusRule', NAME)
    const rules = spec.groups.flatMap(
      ({ rules }: { rules: { alert: string; expr: string }[] }) => rules,
    )
    const absent = rules.find(
      ({ alert }: { alert: string }) => alert === 'EventRouterConsumerAbsent',
    )
    expect(absent.expr).toBe(
      'absent(service_readiness_problem{service="consumer-card"}) or absent(service_readiness_problem{service="consumer-settlement"})',
    )
  })

  it('a single pod has no budget, which would keep its node from being drained', () => {
    expect(ofKind(objects, 'PodDisruptionBudget')).toEqual([])
  })

  it('service accounts are those of the namespace', () => {
    const account = (name: string) =>
      object(objects, 'Deployment', name).spec.template.spec.serviceAccountName
    expect(account(INGRESS)).toBe('default')
    expect(account(`${NAME}-consumer-card`)).toBe('projections')
  })

  it('no preStop is there where none is wanted', () => {
    const { spec } = object(objects, 'Deployment', INGRESS).spec.template
    expect(spec.containers[0].lifecycle).toBeUndefined()
  })
})
