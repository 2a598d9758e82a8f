import { Registry } from 'prom-client'
import { CONSUMER_LABELS } from '#consumers/runtime/metric-labels.ts'
import { consumerMetrics } from '#consumers/runtime/metrics.ts'
import { INGRESS_LABELS } from '#ingress/metric-labels.ts'
import { ingressMetrics } from '#ingress/metrics.ts'
import type { LabelMeanings } from '#platform/metrics.ts'
import { createMetrics, readinessGauge } from '#platform/metrics.ts'
import { markdownTable, prose } from './markdown-table.ts'

/** A figure as it is declared. */
export interface DeclaredMetric {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labels: readonly string[]
}

export interface MetricGroup {
  readonly heading: string
  readonly metrics: readonly DeclaredMetric[]
  readonly labels: LabelMeanings
}

const SHARED_LABELS: LabelMeanings = {
  check: {
    about: 'name of the condition, as in `/readyz`',
    values: [
      'draining',
      'endpoints',
      'catalogue',
      'kafka',
      'database',
      'kafka_live',
      'kafka_sandbox',
    ],
  },
}

/** What prom-client keeps of a declaration; its types leave the labels and the type out. */
interface Declaration {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly labelNames: readonly string[]
}

function declarationsOf(registry: Registry): readonly DeclaredMetric[] {
  const metrics = registry.getMetricsAsArray() as unknown as readonly Declaration[]
  return metrics.map(({ name, type, help, labelNames: labels }) => ({ name, type, help, labels }))
}

function declared(declare: (registry: Registry) => unknown): readonly DeclaredMetric[] {
  const registry = new Registry()
  declare(registry)
  return declarationsOf(registry)
}

export const NOTHING_TO_READ = {
  queueRecords: () => 0,
  queueBytes: () => 0,
  brokenEntries: () => 0,
  leaseHeld: () => false,
  versionStates: () => [],
  limits: { queueRecords: 0, queueBytes: 0 },
  pressure: () => 0,
  waitingTenants: () => 0,
  limitedTenants: () => 0,
  requests: () => 0,
  bodyBytes: () => 0,
  lateMs: () => 0,
}

/** Every figure of our own, by who shows it. */
export function ownMetrics(): readonly MetricGroup[] {
  return [
    {
      heading: 'Every service',
      metrics: declared((registry) => readinessGauge(registry, [])),
      labels: SHARED_LABELS,
    },
    {
      heading: 'Ingress',
      metrics: declared((registry) => ingressMetrics(registry, NOTHING_TO_READ)),
      labels: INGRESS_LABELS,
    },
    { heading: 'Consumers', metrics: declared(consumerMetrics), labels: CONSUMER_LABELS },
  ]
}

/** What prom-client brings. */
export function runtimeMetrics(): readonly DeclaredMetric[] {
  return declarationsOf(createMetrics('any'))
}

function code(text: string): string {
  return `\`${text}\``
}

function metricTable(metrics: readonly DeclaredMetric[]): string {
  const rows = metrics.map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    prose(help),
  ])
  return markdownTable(['Metric', 'Type', 'Labels', 'Meaning'], rows)
}

function labelTable({ metrics, labels }: MetricGroup): string {
  const used = new Set(metrics.flatMap((metric) => metric.labels))
  const rows = Object.entries(labels)
    .filter(([name]) => used.has(name))
    .map(([name, { about, values }]) => {
      const known = [...new Set(values ?? [])].map((value) => code(value === '' ? ' ' : value))
      return [code(name), prose(about), known.join(' ')]
    })
  return markdownTable(['Label', 'Meaning', 'Values'], rows)
}

/** `docs/metrics.md`, from the declarations that the services themselves use. */
export function metricsDocument(): string {
  const own = ownMetrics().map(
    (group) => `## ${group.heading}\n\n${metricTable(group.metrics)}\n\n${labelTable(group)}`,
  )
  const runtime = `## From the runtime\n\nWhat prom-client shows of every Node process; names and units are its own.\n\n${metricTable(runtimeMetrics())}`
  const head = `# Metrics

Written by \`npm run docs\` from the code; changes here are lost. Every process shows them on its management
port, \`GET /metrics\`. All carry the label \`service\` (\`ingress\`, \`consumer-card\`, …). Times are seconds, sizes
bytes. No label holds a tenant, an endpoint, an id or anything that a caller can choose; who is concerned
stands in the log.`
  return `${[head, ...own, runtime].join('\n\n')}\n`
}
