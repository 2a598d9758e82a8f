import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../fixtures/chart.ts'
import {
  noHelm,
  object,
  ofKind,
  RELEASE,
  render,
  renderedSet,
  running,
  valueSet,
  variables,
} from '../../fixtures/chart.ts'

const NAME = `${RELEASE}-event-router`
const INGRESS = `${NAME}-ingress`

describe.runIf(noHelm === null)('with names and images of a company', () => {
  const name = 'payments-webhooks-of-the-whole-comp'
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('mirrored')
  })

  function image(deployment: string): string {
    return object(objects, 'Deployment', deployment).spec.template.spec.containers[0].image
  }

  it('all images come from its mirror, by digest where there is one', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
    const ours = 'mirror.example.com/payments/event-router'
    expect(image(`${name}-ingress`)).toBe(`${ours}/ingress@${digest}`)
    expect(image(`${name}-consumer-card`)).toBe(`${ours}/consumer-card@${digest}`)
    expect(image(`${name}-dev-kafka`)).toBe('mirror.example.com/apache/kafka:4.3.1')
  })

  it('every pod logs in to the mirror, once', () => {
    for (const { pod } of running(objects)) {
      expect(pod.imagePullSecrets).toEqual([{ name: 'mirror-login' }, { name: 'other-login' }])
    }
  })

  it('every object and pod carries its labels, and no selector does', () => {
    for (const { metadata } of objects) expect(metadata.labels.team).toBe('payments')
    for (const { spec } of ofKind(objects, 'Deployment')) {
      expect(spec.selector.matchLabels).not.toHaveProperty('team')
    }
  })
})

describe.runIf(noHelm === null)('with everything turned that can be', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('tuned')
  })

  it('pods of the ingress are where, how and with what they were asked to be', () => {
    const { metadata, spec } = object(objects, 'Deployment', INGRESS).spec.template
    expect(metadata.labels['cost-centre']).toBe('4711')
    expect(metadata.annotations).toEqual({ 'sidecar.istio.io/inject': 'false' })
    expect(spec).toMatchObject({
      terminationGracePeriodSeconds: 90,
      nodeSelector: { pool: 'edge' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      securityContext: { fsGroup: 2000, runAsNonRoot: true },
      topologySpreadConstraints: [{ maxSkew: 2, labelSelector: { matchLabels: { app: 'mine' } } }],
    })
    expect(spec.containers[0]).toMatchObject({
      securityContext: { runAsUser: 2000, readOnlyRootFilesystem: true },
      lifecycle: { preStop: { sleep: { seconds: 15 } } },
      resources: { limits: { memory: '1Gi' } },
    })
    const [volumeMount] = spec.containers[0].volumeMounts.slice(-1)
    expect(volumeMount).toEqual({
      name: 'authorities',
      mountPath: '/etc/authorities',
      readOnly: true,
    })
  })

  it('settings reach the service as it reads them', () => {
    const ingress = running(objects).find(({ manifest }) => manifest.metadata.name === INGRESS)
    if (ingress === undefined) throw new Error('there is no ingress')
    expect(variables(ingress.pod)).toMatchObject({
      NODE_OPTIONS: '--max-old-space-size=512 --max-semi-space-size=8',
      LOG_LEVEL: 'warn',
      INGRESS_HOST: '::',
      MANAGEMENT_HOST: '::',
      STALE_SIGNATURE: 'reject',
      OLD_SIGNATURE_HEADER: 'false',
      QUEUE_MAX_BYTES: '134217728',
      SHED_ORDER: 'other,program,pass,compliance,card,settlement',
      TZ: 'UTC',
    })
  })

  it('a consumer’s own settings are laid over those of all', () => {
    const settings = (name: string) => {
      const found = running(objects).find(
        ({ manifest }) => manifest.metadata.name === `${NAME}-consumer-${name}`,
      )
      return found === undefined ? {} : variables(found.pod)
    }
    expect(settings('settlement')).toMatchObject({
      GAP_GRACE_SECONDS: '2592000',
      SHUTDOWN_DEADLINE_MS: '50000',
      MODES: 'live',
    })
    expect(settings('card')).toMatchObject({ GAP_GRACE_SECONDS: '2592000' })
    expect(settings('card')).not.toHaveProperty('MODES')
  })

  it('no, nothing and 0 of one consumer count as well as any other value', async () => {
    const rendering = await render(
      JSON.stringify({
        ...valueSet('minimal'),
        consumers: {
          card: {
            minReadySeconds: 0,
            pdb: { enabled: false },
            topologySpreadConstraints: [],
            settings: { GAP_GRACE_SECONDS: 0 },
          },
        },
      }),
    )
    const found = rendering.kind === 'rendered' ? rendering.objects : []
    const { spec } = object(found, 'Deployment', `${NAME}-consumer-card`)
    expect(spec.minReadySeconds).toBe(0)
    expect(spec.template.spec).not.toHaveProperty('topologySpreadConstraints')
    expect(variables(spec.template.spec).GAP_GRACE_SECONDS).toBe('0')
    const budgets = ofKind(found, 'PodDisruptionBudget').map(({ metadata }) => metadata.name)
    expect(budgets).not.toContain(`${NAME}-consumer-card`)
    expect(budgets).toContain(`${NAME}-consumer-pass`)
  })

  it('the test and the command line know the groups of exactly the consumers that there are', () => {
    const groups = running(objects)
      .map(({ pod }) => variables(pod).CONSUMER_GROUPS)
      .filter((each) => each !== undefined)
    const domains = ['card', 'compliance', 'pass', 'program']
    const others = domains.flatMap((domain) => [
      `live.${domain}.projector-2`,
      `sandbox.${domain}.projector-2`,
    ])
    expect(groups).toEqual([[...others, 'live.settlement.projector-2'].join(','), groups[0]])
  })
})
