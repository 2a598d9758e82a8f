import type { Domain } from '#core/routing.ts'
import type { Limit, LimitRefusal, QueueLimits, QueueUse, TenantUse } from './pressure.ts'
import { isShed, pressureOf, queueLimit, tenantLimit } from './pressure.ts'
import type { TenantRates } from './tenant-rates.ts'

/** What the admission asks of the queue; `GroupCommit` is the one. */
interface Queue {
  use(): QueueUse
  useOf(tenant: string): TenantUse
}

export interface AdmissionLimits extends QueueLimits {
  /** Of this and more, everything is refused. */
  readonly loopMaxLateMs: number
  /** Requests whose body is being received or whose answer is awaited. */
  readonly requests: number
  /** Every domain once; the first is refused first. */
  readonly shedOrder: readonly Domain[]
}

export interface AdmissionOptions {
  readonly limits: AdmissionLimits
  readonly queue: Queue
  readonly rates: TenantRates
  /** How late the event loop is throughout, in milliseconds. */
  readonly lateMs: () => number
  /** Requests in hand. */
  readonly requests: () => number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/** A record holds the body and its typed copy. */
const COPIES = 2

function refusal(
  code: LimitRefusal['code'],
  limit: Limit,
  retryAfterMs: number | null = null,
): LimitRefusal {
  return { code, limit, retryAfterMs }
}

/** Decides what is taken while there is much; the table of who gives way is in `pressure.ts`. */
export class Admission {
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** 1 and more means that nothing is taken. */
  get pressure(): number {
    return this.#pressureWith(0)
  }

  /** Before a body is read, about whoever it is: only where nothing can be taken at all. */
  ofRequest(): LimitRefusal | null {
    const { limits, lateMs, requests } = this.#options
    if (lateMs() >= limits.loopMaxLateMs) return refusal('overloaded', 'event_loop')
    return requests() >= limits.requests ? refusal('overloaded', 'requests') : null
  }

  /** The same for what can only be an event. */
  ofEvent(): LimitRefusal | null {
    const { limits, queue } = this.#options
    const limit = queueLimit(queue.use(), limits)
    return limit === null ? null : refusal('queue_full', limit)
  }

  /**
   * Of a verified webhook that would go to the queue. What is refused costs no token.
   *
   * @param bodyBytes of its body
   */
  ofWebhook(tenantId: string, domain: Domain, bodyBytes: number): LimitRefusal | null {
    const { limits, queue, rates, now } = this.#options
    const incoming = COPIES * bodyBytes
    const pressure = this.#pressureWith(incoming)
    const limit = tenantLimit(queue.useOf(tenantId), limits, pressure, incoming)
    if (limit !== null) return refusal('tenant_limit', limit)
    if (isShed(domain, this.pressure, limits.shedOrder)) return refusal('overloaded', 'domain')
    const waitMs = rates.refuses(tenantId, now())
    return waitMs === null ? null : refusal('tenant_limit', 'tenant_rate', waitMs)
  }

  #pressureWith(incoming: number): number {
    const { limits, queue, lateMs } = this.#options
    const { bytes, ...use } = queue.use()
    const loop = { lateMs: lateMs(), maxLateMs: limits.loopMaxLateMs }
    return pressureOf({ ...use, bytes: bytes + incoming }, limits, loop)
  }
}
