import type { ErrorCode } from '#core/errors.ts'
import type { Domain } from '#core/routing.ts'

/**
 * Who is refused when more comes than can be handled: pure functions of what is in use.
 *
 * Pressure is the fullest of all that can fill up, as a share: records and bytes of the queue, the
 * wait for a turn, how late the event loop is. With the usual order of domains:
 *
 * | Pressure    | Refused from here on                                        | Answer             |
 * | ----------- | ----------------------------------------------------------- | ------------------ |
 * | any         | tenants with a quarter of the queue, while others wait      | 429 `tenant_limit` |
 * | any         | tenants whose own line is older than the oldest may be      | 429 `tenant_limit` |
 * | 0.75        | tenants with more than a 64th of it, be they alone or not   | 429 `tenant_limit` |
 * | 0.79        | `other`                                                     | 503 `overloaded`   |
 * | 0.82        | `pass`                                                      | 503 `overloaded`   |
 * | 0.86        | `program`                                                   | 503 `overloaded`   |
 * | 0.89        | `card`                                                      | 503 `overloaded`   |
 * | 0.93        | `compliance`                                                | 503 `overloaded`   |
 * | 0.96        | `settlement`                                                | 503 `overloaded`   |
 * | 1           | everything, before its body is read                         | 503 `queue_full`, `overloaded` |
 *
 * So a tenant that is alone can have three quarters of the queue, and those who come after it
 * find the last quarter free. When many fill it together, those with much give way first, and
 * only when that does not help are domains told apart.
 */
const SHEDDING_FROM = 0.75
const QUARTER = 1 / 4
const LITTLE = 1 / 64

/** Which limit a webhook met; a label of metrics. */
export const LIMITS = [
  'tenant_rate',
  'tenant_share',
  'tenant_wait',
  'domain',
  'queue_records',
  'queue_bytes',
  'queue_wait',
  'event_loop',
  'requests',
  'body_bytes',
  'slow_body',
] as const
export type Limit = (typeof LIMITS)[number]

/** A refusal because there is too much, not because of what was sent. */
export interface LimitRefusal {
  readonly code: Extract<ErrorCode, 'tenant_limit' | 'overloaded' | 'queue_full' | 'draining'>
  /** Null for what is refused although there is room. */
  readonly limit: Limit | null
  /** How long it will last, where that is known; without the spread that callers add. */
  readonly retryAfterMs: number | null
}

export interface QueueLimits {
  /** Records waiting or in flight. */
  readonly queueRecords: number
  /** Their bytes. */
  readonly queueBytes: number
  /** Nothing new is taken while somebody has waited longer than this for a turn or an answer. */
  readonly queueAgeMs: number
}

/** What is used of a queue. */
export interface QueueUse {
  readonly records: number
  readonly bytes: number
  /** How long the longest wait for a turn or for the broker's answer has lasted. */
  readonly waitMs: number
}

/** What one tenant has of a queue; `waitMs` is the age of its own oldest record that waits. */
export interface TenantUse extends QueueUse {
  readonly alone: boolean
}

/** Which limit of the queue is reached, or null. */
export function queueLimit(use: QueueUse, limits: QueueLimits): Limit | null {
  if (use.records >= limits.queueRecords) return 'queue_records'
  if (use.bytes >= limits.queueBytes) return 'queue_bytes'
  return use.waitMs > limits.queueAgeMs ? 'queue_wait' : null
}

/** How full the fullest of them is; 1 and more is full. */
export function pressureOf(
  use: QueueUse,
  limits: QueueLimits,
  loop: { readonly lateMs: number; readonly maxLateMs: number },
): number {
  return Math.max(
    use.records / limits.queueRecords,
    use.bytes / limits.queueBytes,
    use.waitMs / limits.queueAgeMs,
    loop.lateMs / loop.maxLateMs,
  )
}

/**
 * Whether a tenant has all that it may have; the first record is nobody's too many.
 *
 * @param pressure with what comes now in the queue
 * @param incoming bytes of what comes now: of a small queue one large record may be a third
 */
export function tenantLimit(
  tenant: TenantUse,
  limits: QueueLimits,
  pressure: number,
  incoming: number,
): Extract<Limit, 'tenant_share' | 'tenant_wait'> | null {
  if (tenant.records === 0) return null
  const share = pressure >= SHEDDING_FROM ? LITTLE : tenant.alone ? 1 : QUARTER
  const records = Math.max(1, limits.queueRecords * share)
  const bytes = limits.queueBytes * share
  if (tenant.records >= records || tenant.bytes + incoming > bytes) return 'tenant_share'
  return tenant.waitMs > limits.queueAgeMs ? 'tenant_wait' : null
}

/**
 * Whether events of a domain are refused at this pressure.
 *
 * @param order every domain once; the first goes first
 */
export function isShed(domain: Domain, pressure: number, order: readonly Domain[]): boolean {
  const step = (1 - SHEDDING_FROM) / (order.length + 1)
  return pressure >= SHEDDING_FROM + step * (order.indexOf(domain) + 1)
}
