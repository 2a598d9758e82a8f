import type { Registry } from 'prom-client'
import { Counter, Gauge } from 'prom-client'

/** Nothing was ever sent, or there were too many. */
export const CUT_CAUSES = ['silent', 'too_many'] as const
export type CutCause = (typeof CUT_CAUSES)[number]

/** Figures of too much. */
export interface AdmissionMetrics {
  /** The limit is one of `pressure.ts`. */
  readonly limitRefusals: Counter<'limit'>
  readonly shedEvents: Counter<'domain'>
  readonly cutConnections: Counter<'cause'>
}

/** What is read when somebody asks for the figures. */
export interface AdmissionLevels {
  readonly pressure: () => number
  readonly waitingTenants: () => number
  readonly limitedTenants: () => number
  readonly requests: () => number
  readonly bodyBytes: () => number
  readonly lateMs: () => number
}

/** Declares the figures in a process's registry. */
export function admissionMetrics(registry: Registry, read: AdmissionLevels): AdmissionMetrics {
  const registers = [registry]
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  gauge(
    'ingress_pressure_ratio',
    'The fullest of queue, waits and event loop; tenants and domains are refused from 0.75, everything from 1.',
    read.pressure,
  )
  gauge('ingress_waiting_tenants', 'Tenants with records in the queue.', read.waitingTenants)
  gauge(
    'ingress_limited_tenants',
    'Tenants whose token bucket is kept, since it may not be full.',
    read.limitedTenants,
  )
  gauge(
    'ingress_requests_in_hand',
    'Requests being received or awaiting their answer.',
    read.requests,
  )
  gauge('ingress_body_bytes', 'Bytes reserved for bodies being received.', read.bodyBytes)
  gauge(
    'ingress_event_loop_late_seconds',
    'How late the event loop is all the time; single pauses do not count.',
    () => read.lateMs() / 1000,
  )
  return {
    limitRefusals: new Counter({
      name: 'ingress_limit_refusals_total',
      help: 'Webhooks refused because there was too much, by the limit that they met.',
      labelNames: ['limit'],
      registers,
    }),
    shedEvents: new Counter({
      name: 'ingress_shed_events_total',
      help: 'Events refused because their domain gives way to others, by domain.',
      labelNames: ['domain'],
      registers,
    }),
    cutConnections: new Counter({
      name: 'ingress_cut_connections_total',
      help: 'Connections closed unanswered: nothing was ever sent on them, or there were too many.',
      labelNames: ['cause'],
      registers,
    }),
  }
}
