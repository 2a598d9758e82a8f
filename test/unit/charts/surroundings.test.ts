import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { alertRules } from '../../fixtures/alert-rules.ts'
import type { Manifest } from '../../fixtures/chart.ts'
import { CHART, noHelm, object, ofKind, RELEASE, renderedSet } from '../../fixtures/chart.ts'
import { parseExpression } from '../../fixtures/promql.ts'

const NAME = `${RELEASE}-event-router`
const INGRESS = `${NAME}-ingress`

interface RenderedAlert {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

function alertsOf(objects: readonly Manifest[]): readonly RenderedAlert[] {
  const { spec } = object(objects, 'PrometheusRule', NAME)
  return spec.groups.flatMap(({ rules }: { rules: RenderedAlert[] }) => rules)
}

describe.runIf(noHelm === null)('with Prometheus and Grafana', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('observed')
  })

  it('every alert of the chart is there, about this namespace alone, with a link to its runbook', () => {
    const rendered = new Map(alertsOf(objects).map((rule) => [rule.alert, rule]))
    const rules = alertRules()
    expect(rendered.size).toBe(rules.length)
    for (const { alert, expr, labels } of rules) {
      const rule = rendered.get(alert)
      expect(rule?.labels).toEqual({ ...labels, team: 'payments', namespace: 'payments' })
      const asked = parseExpression(rule?.expr ?? '').uses
      for (const { name, matchers } of asked) {
        const own = { label: 'namespace', operator: '=', value: 'payments' }
        expect([name, matchers]).toEqual([name, expect.arrayContaining([own])])
      }
      expect(rule?.expr.replaceAll(/\{namespace="payments"\}|namespace="payments",/g, '')).toBe(
        expr,
      )
      expect(rule?.annotations.runbook_url).toBe(`https://wiki.example.com/runbooks/${alert}.md`)
      expect(rule?.annotations).not.toHaveProperty('runbook')
      expect(rule?.annotations.summary).toMatch(/\.$/)
    }
  })

  it('one PodMonitor finds every service, and keeps our own label service', () => {
    const { spec, metadata } = object(objects, 'PodMonitor', NAME)
    expect(metadata.labels.release).toBe('kube-prometheus-stack')
    expect(spec.podMetricsEndpoints).toEqual([
      { port: 'management', path: '/metrics', interval: '15s', honorLabels: true },
    ])
    for (const { spec: deployment } of ofKind(objects, 'Deployment')) {
      expect(deployment.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
      const ports = deployment.template.spec.containers[0].ports as { name: string }[]
      expect(ports.map(({ name }) => name)).toContain('management')
    }
  })

  it.each(['ingress', 'consumers'])('the dashboard %s is the file, byte for byte', (name) => {
    const { data, metadata } = object(objects, 'ConfigMap', `${NAME}-dashboard-${name}`)
    expect(metadata.labels.grafana_dashboard).toBe('1')
    expect(metadata.annotations).toEqual({ grafana_folder: 'Payments' })
    const file = readFileSync(join(CHART, 'dashboards', `${name}.json`), 'utf8')
    expect(data[`event-router-${name}.json`].trim()).toBe(file.trim())
  })

  it('traces go to the collector', () => {
    for (const { spec } of ofKind(objects, 'Deployment')) {
      expect(spec.template.spec.containers[0].env).toEqual(
        expect.arrayContaining([
          { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://otel-collector:4318' },
          { name: 'TRACE_SAMPLE_RATIO', value: '0.05' },
        ]),
      )
    }
  })
})

describe.runIf(noHelm === null)('with a ServiceMonitor', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('scraped')
  })

  it('each component has a Service of its own for figures, also while it is not ready', () => {
    const { spec } = object(objects, 'ServiceMonitor', NAME)
    const services = ofKind(objects, 'Service').filter(({ metadata }) =>
      metadata.name.endsWith('-metrics'),
    )
    expect(services).toHaveLength(6)
    for (const service of services) {
      expect(service.metadata.labels).toMatchObject(spec.selector.matchLabels)
      expect(service.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true })
    }
    expect(object(objects, 'Service', INGRESS).metadata.labels).not.toMatchObject(
      spec.selector.matchLabels,
    )
    expect(spec.endpoints[0].honorLabels).toBe(true)
  })

  it('pods say where their figures are', () => {
    for (const { spec } of ofKind(objects, 'Deployment')) {
      expect(spec.template.metadata.annotations).toEqual({
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '9080',
        'prometheus.io/path': '/metrics',
      })
    }
  })

  it('alerts name the file of their runbook', () => {
    for (const { alert, annotations } of alertsOf(objects)) {
      expect(annotations.runbook).toBe(`docs/runbooks/${alert}.md`)
      expect(annotations).not.toHaveProperty('runbook_url')
    }
  })
})

describe.runIf(noHelm === null)('reached from the internet', () => {
  let objects: readonly Manifest[]
  beforeAll(async () => {
    objects = await renderedSet('exposed')
  })

  it('only the path of webhooks is, by an Ingress with TLS', () => {
    const { spec } = object(objects, 'Ingress', INGRESS)
    expect(spec.ingressClassName).toBe('nginx')
    expect(spec.tls).toEqual([{ secretName: 'hooks-example-com', hosts: ['hooks.example.com'] }])
    expect(spec.rules).toEqual([
      {
        host: 'hooks.example.com',
        http: {
          paths: [
            {
              path: '/v1/hooks',
              pathType: 'Prefix',
              backend: { service: { name: INGRESS, port: { name: 'http' } } },
            },
          ],
        },
      },
    ])
  })

  it('only the path of webhooks is, by a route of a Gateway', () => {
    const { spec } = object(objects, 'HTTPRoute', INGRESS)
    expect(spec.parentRefs).toEqual([{ name: 'public', namespace: 'gateways' }])
    expect(spec.rules).toEqual([
      {
        matches: [{ path: { type: 'PathPrefix', value: '/v1/hooks' } }],
        backendRefs: [{ name: INGRESS, port: 80 }],
      },
    ])
  })

  it('only the port of webhooks is, by a load balancer', () => {
    const { spec, metadata } = object(objects, 'Service', INGRESS)
    expect(metadata.annotations).toEqual({ 'example.com/balancer': 'network' })
    expect(spec).toMatchObject({
      type: 'LoadBalancer',
      loadBalancerSourceRanges: ['203.0.113.0/24'],
      externalTrafficPolicy: 'Local',
    })
    expect(spec.ports).toMatchObject([{ name: 'http', port: 80, targetPort: 'http' }])
  })

  it('the test goes through the Service’s own port', () => {
    const { args } = object(objects, 'Pod', `${NAME}-test`).spec.containers[0]
    expect(args).toContain(`http://${INGRESS}:80`)
  })
})

/** Ports of rules, e.g. `9092`, and `*` for a rule without ports. */
function ports(rules: readonly { ports?: { port: number }[] }[]): readonly (number | string)[] {
  return rules.flatMap<number | string>((rule) => rule.ports?.map(({ port }) => port) ?? ['*'])
}

describe.runIf(noHelm === null)('network policies', () => {
  it('let in webhooks from everywhere, figures from the cluster, and nothing else', async () => {
    const objects = await renderedSet('minimal')
    const rules = (name: string) => object(objects, 'NetworkPolicy', `${NAME}-${name}`).spec
    expect(rules('ingress').ingress).toEqual([
      { ports: [{ port: 8080, protocol: 'TCP' }] },
      { ports: [{ port: 9080, protocol: 'TCP' }], from: [{ namespaceSelector: {} }] },
    ])
    expect(ports(rules('consumer-card').ingress)).toEqual([9080])
    for (const name of ['registrar', 'cli']) expect(rules(name)).not.toHaveProperty('ingress')
    for (const { spec } of ofKind(objects, 'NetworkPolicy')) {
      expect(spec.policyTypes).toEqual(['Ingress'])
    }
  })

  describe('that are closed', () => {
    let objects: readonly Manifest[]
    beforeAll(async () => {
      objects = await renderedSet('enclosed')
    })

    function policy(name: string) {
      return object(objects, 'NetworkPolicy', `${NAME}-${name}`).spec
    }

    it('let webhooks in from where it was said, and from the test', () => {
      const [http, management] = policy('ingress').ingress
      expect(http.from).toEqual([
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } },
        {
          podSelector: {
            matchLabels: expect.objectContaining({ 'app.kubernetes.io/component': 'cli' }),
          },
        },
      ])
      expect(management.from).toHaveLength(1)
    })

    const dns = [53, 53, 5353, 5353]

    it.each<[string, readonly number[]]>([
      ['ingress', [...dns, 9092, 9094, 443, 4318, 443]],
      ['consumer-card', [...dns, 9092, 9094, 5432, 25432, 443, 4318]],
      ['registrar', [...dns, 9092, 9094, 8080, 4318]],
      ['cli', [...dns, 9092, 9094, 8080, 5432, 25432, 8080, 4318]],
    ])('let the %s out to what it talks to alone', (name, expected) => {
      const { egress, policyTypes } = policy(name)
      expect(policyTypes).toEqual(['Ingress', 'Egress'])
      expect(ports(egress)).toEqual(expected)
    })
  })
})
