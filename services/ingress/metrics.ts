import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'
import { ERRORS, isFinal } from '#core/errors.ts'
import { QUARANTINE_REASONS } from '#core/outcome.ts'
import type { VersionState } from '#core/versions.ts'
import { VERSION_STATES } from '#core/versions.ts'
import type { AdmissionLevels, AdmissionMetrics } from './admission-metrics.ts'
import { admissionMetrics } from './admission-metrics.ts'
import type { ContentMetrics } from './content-metrics.ts'
import { contentMetrics } from './content-metrics.ts'
import { DESTINATIONS, INGRESS_LABELS } from './metric-labels.ts'

/** The figures of an ingress; labels are bounded and never hold a tenant, an id or a value. */
export interface IngressMetrics extends AdmissionMetrics {
  readonly webhooks: Counter<'outcome' | 'reason' | 'status'>
  readonly seconds: Histogram<'outcome'>
  readonly finalRefusals: Counter<'reason' | 'destination'>
  readonly alarms: Counter<'code'>
  readonly attempts: Counter<'result'>
  readonly uncovered: Counter
  readonly unknownFields: Counter<'domain'>
  readonly ignoredFields: Counter<'domain'>
  readonly retiredVersion: Counter
  readonly content: ContentMetrics
  readonly endpoints: Gauge
  readonly endpointsHash: Gauge
  readonly endpointReloads: Counter<'result'>
  readonly endpointsCurrent: Gauge
}

/** What is read when somebody asks for the figures. */
export interface IngressLevels extends AdmissionLevels {
  readonly queueRecords: () => number
  readonly queueBytes: () => number
  readonly brokenEntries: () => number
  /** Whether the catalogue is known to be fresh. */
  readonly leaseHeld: () => boolean
  /** The state of each version in the catalogue. */
  readonly versionStates: () => readonly VersionState[]
  readonly limits: { readonly queueRecords: number; readonly queueBytes: number }
}

function levels(registers: Registry[], read: IngressLevels): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  gauge('ingress_queue_records', 'Records that wait for Kafka or are in flight.', read.queueRecords)
  gauge('ingress_queue_bytes', 'Their bytes.', read.queueBytes)
  const { queueRecords, queueBytes } = read.limits
  gauge('ingress_queue_limit_records', 'QUEUE_MAX_RECORDS.', () => queueRecords)
  gauge('ingress_queue_limit_bytes', 'QUEUE_MAX_BYTES.', () => queueBytes)
  gauge(
    'ingress_catalogue_lease_held',
    '1 while the catalogue is known to be fresh; without it no version can be called unknown.',
    () => Number(read.leaseHeld()),
  )
  new Counter({
    name: 'ingress_catalogue_broken_entries_total',
    help: 'Records of the control topic that could not be understood.',
    registers,
    collect() {
      this.reset()
      this.inc(read.brokenEntries())
    },
  })
}

function versionLevels(registers: Registry[], { versionStates }: IngressLevels): void {
  new Gauge({
    name: 'ingress_versions',
    help: 'API versions in the catalogue, by their state.',
    labelNames: ['state'],
    registers,
    collect() {
      const states = versionStates()
      for (const state of VERSION_STATES) {
        this.set({ state }, states.filter((one) => one === state).length)
      }
    },
  })
}

type Counted = Pick<IngressMetrics, 'webhooks' | 'finalRefusals' | 'alarms'>

/**
 * Series begin at 0 with the process: one that appears with its first event looks to Prometheus as
 * if it had never grown, and an alert on it would miss that event.
 */
function beginAtZero({ webhooks, finalRefusals, alarms }: Counted): void {
  for (const [code, { status }] of Object.entries(ERRORS)) {
    webhooks.inc({ outcome: 'refused', reason: code, status }, 0)
    if (!isFinal(status)) continue
    for (const destination of DESTINATIONS) finalRefusals.inc({ reason: code, destination }, 0)
  }
  for (const reason of QUARANTINE_REASONS) {
    const isDenied = reason in ERRORS
    const outcome = isDenied ? 'denied' : 'set_aside'
    webhooks.inc({ outcome, reason, status: isDenied ? 403 : 202 }, 0)
  }
  for (const code of INGRESS_LABELS.code?.values ?? []) alarms.inc({ code }, 0)
}

type Declare = <const Label extends string>(
  name: string,
  help: string,
  labels: Label[],
) => Counter<Label>

function answerMetrics(registers: Registry[], counter: Declare) {
  return {
    webhooks: counter(
      'ingress_webhooks_total',
      'Answers by outcome, its reason (a code of the answers or of the quarantine) and status.',
      ['outcome', 'reason', 'status'],
    ),
    seconds: new Histogram({
      name: 'ingress_webhook_duration_seconds',
      help: 'Time from the whole body to the answer.',
      labelNames: ['outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      registers,
    }),
    finalRefusals: counter(
      'final_4xx_total',
      'Answers after which the sender does not send the event again, at an endpoint of ours and elsewhere.',
      ['reason', 'destination'],
    ),
    alarms: counter(
      'ingress_alarms_total',
      'Answers that say something is wrong with our configuration or code.',
      ['code'],
    ),
  }
}

function commitMetrics(counter: Declare) {
  return {
    attempts: counter('ingress_commit_attempts_total', 'Batches written to Kafka, by result.', [
      'result',
    ]),
    uncovered: counter(
      'ingress_commit_uncovered_records_total',
      'Records that an attempt left uncovered, so that they went out again.',
      [],
    ),
  }
}

function fieldMetrics(counter: Declare) {
  return {
    unknownFields: counter(
      'ingress_unknown_fields_total',
      'Fields of events that the schema lacks; they travel in raw only.',
      ['domain'],
    ),
    ignoredFields: counter(
      'ingress_ignored_fields_total',
      'Inferred fields whose value did not fit and was written null.',
      ['domain'],
    ),
    retiredVersion: counter(
      'ingress_retired_version_total',
      'Events of API versions that are retired.',
      [],
    ),
  }
}

function endpointMetrics(registers: Registry[], counter: Declare) {
  return {
    endpoints: new Gauge({
      name: 'ingress_endpoints',
      help: 'Endpoints that are loaded.',
      registers,
    }),
    endpointsHash: new Gauge({
      name: 'ingress_endpoints_hash',
      help: 'A number that is the same on every ingress that has loaded the same endpoints, states, and ids and ends of secrets.',
      registers,
    }),
    endpointReloads: counter(
      'ingress_endpoint_reloads_total',
      'Readings of changed endpoint files.',
      ['result'],
    ),
    endpointsCurrent: new Gauge({
      name: 'ingress_endpoints_last_reload_successful',
      help: '1 when the last reading of the endpoints was good; at 0 the last good ones are served.',
      registers,
    }),
  }
}

/** Declares the figures in a process's registry. */
export function ingressMetrics(registry: Registry, read: IngressLevels): IngressMetrics {
  const registers = [registry]
  levels(registers, read)
  versionLevels(registers, read)
  const counter: Declare = (name, help, labels) =>
    new Counter({ name, help, labelNames: labels, registers })
  const metrics = {
    ...admissionMetrics(registry, read),
    ...answerMetrics(registers, counter),
    ...commitMetrics(counter),
    ...fieldMetrics(counter),
    content: contentMetrics(registry),
    ...endpointMetrics(registers, counter),
  }
  beginAtZero(metrics)
  return metrics
}
