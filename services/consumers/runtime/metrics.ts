import type { Registry } from 'prom-client'
import { Counter, Gauge, Histogram } from 'prom-client'
import { FAMILIES, MODES } from '#core/routing.ts'
import { JUMP_KINDS, RETRIED_FAULTS } from './metric-labels.ts'
import { SET_ASIDE_REASONS } from './reading.ts'

/** The figures of a consumer; labels are bounded and never hold a tenant, an id or a value. */
export interface ConsumerMetrics {
  readonly records: Counter<'mode' | 'family' | 'outcome'>
  readonly setAside: Counter<'mode' | 'reason'>
  readonly batchSeconds: Histogram<'mode'>
  readonly fenced: Counter<'mode'>
  readonly rebuilds: Counter<'mode' | 'cause'>
  readonly retries: Counter<'mode' | 'fault'>
  readonly offsetJumps: Counter<'mode' | 'kind'>
  readonly lag: Gauge<'mode' | 'partition'>
  readonly gapsOpen: Gauge<'mode' | 'domain' | 'kind'>
  readonly gapsFound: Counter<'mode'>
  readonly gapsClosed: Counter<'mode'>
  readonly unknownTypes: Counter<'mode'>
  readonly impossibleTransitions: Counter<'mode' | 'resource'>
}

/**
 * Series that alerts count begin at 0 with the process: one that appears with its first event looks
 * to Prometheus as if it had never grown.
 */
function beginAtZero({ records, setAside, offsetJumps, retries }: ConsumerMetrics): void {
  for (const mode of MODES) {
    for (const family of [...FAMILIES, 'unknown'])
      records.inc({ mode, family, outcome: 'parked' }, 0)
    for (const reason of SET_ASIDE_REASONS) setAside.inc({ mode, reason }, 0)
    for (const kind of JUMP_KINDS) offsetJumps.inc({ mode, kind }, 0)
    for (const fault of RETRIED_FAULTS) retries.inc({ mode, fault }, 0)
  }
}

function batchMetrics(registers: Registry[]) {
  return {
    records: new Counter({
      name: 'consumer_records_total',
      help: 'Records handled, by first part of the event type and by outcome.',
      labelNames: ['mode', 'family', 'outcome'],
      registers,
    }),
    setAside: new Counter({
      name: 'consumer_set_aside_total',
      help: 'Records set aside, by reason.',
      labelNames: ['mode', 'reason'],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'consumer_batch_duration_seconds',
      help: 'Time of one transaction with everything in it.',
      labelNames: ['mode'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    fenced: new Counter({
      name: 'consumer_fenced_total',
      help: 'Batches given up because another member has claimed the partition.',
      labelNames: ['mode'],
      registers,
    }),
  }
}

function disturbanceMetrics(registers: Registry[]) {
  return {
    rebuilds: new Counter({
      name: 'consumer_rebuilds_total',
      help: 'Kafka consumers thrown away and made anew, by cause.',
      labelNames: ['mode', 'cause'],
      registers,
    }),
    retries: new Counter({
      name: 'consumer_database_retries_total',
      help: 'Batches tried again because of the database.',
      labelNames: ['mode', 'fault'],
      registers,
    }),
    offsetJumps: new Counter({
      name: 'consumer_offset_jumps_total',
      help: 'Times Kafka and the database disagreed about the next offset.',
      labelNames: ['mode', 'kind'],
      registers,
    }),
  }
}

function gapMetrics(registers: Registry[]) {
  return {
    gapsOpen: new Gauge({
      name: 'consumer_gaps_open',
      help: 'Webhooks that never came, open for longer than GAP_GRACE_SECONDS: alert on it. The same from each process of a group.',
      labelNames: ['mode', 'domain', 'kind'],
      registers,
    }),
    gapsFound: new Counter({
      name: 'consumer_gaps_found_total',
      help: 'Updates that disagree with the event before them, at the time or later.',
      labelNames: ['mode'],
      registers,
    }),
    gapsClosed: new Counter({
      name: 'consumer_gaps_closed_total',
      help: 'Gaps closed by what was missing.',
      labelNames: ['mode'],
      registers,
    }),
  }
}

function contentMetrics(registers: Registry[]) {
  return {
    unknownTypes: new Counter({
      name: 'consumer_unknown_types_total',
      help: 'Events of a type that nobody knew, kept and projected by what they carry.',
      labelNames: ['mode'],
      registers,
    }),
    impossibleTransitions: new Counter({
      name: 'consumer_impossible_transitions_total',
      help: 'Events that put a resource into a state to which there was no way, by resource.',
      labelNames: ['mode', 'resource'],
      registers,
    }),
  }
}

/** Declares the figures in a process's registry. */
export function consumerMetrics(registry: Registry): ConsumerMetrics {
  const registers = [registry]
  const metrics = {
    ...batchMetrics(registers),
    ...disturbanceMetrics(registers),
    lag: new Gauge({
      name: 'consumer_lag_records',
      help: 'Records behind the end of the partition after the last batch.',
      labelNames: ['mode', 'partition'],
      registers,
    }),
    ...gapMetrics(registers),
    ...contentMetrics(registers),
  }
  beginAtZero(metrics)
  return metrics
}
