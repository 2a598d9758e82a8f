import { setTimeout as delay } from 'node:timers/promises'
import type { Transaction } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import type { DomainEvent } from './contract.ts'
import type { Effects } from './effects.ts'
import { EventFailure, isWorthAnotherTry, verdictOf } from './event-failure.ts'
import type { Place } from './fence.ts'
import type { GapCount } from './gaps.ts'
import type { HandledEvent } from './handled-event.ts'
import { outcomeOf } from './handled-event.ts'
import { runHandler } from './handler.ts'
import type { Cause } from './handler-failure.ts'
import { causeOf } from './handler-failure.ts'
import type { InboxOutcome } from './inbox.ts'
import { changeOutcome, enterInbox } from './inbox.ts'
import type { QueuedEvent } from './parking.ts'
import { keepCause, parkTenant, queueEvents, tenantKey } from './parking.ts'
import type { PlannedEvent } from './plan.ts'
import { effectOf } from './plan.ts'
import type { RecentCauses } from './recent-causes.ts'
import type { SetAside } from './set-aside.ts'

/**
 * How events stand to the inbox. `enter`: those that are in it have had their effect. `known`: they
 * are in it as parked, and have not. `again`: handled although they have.
 */
export type InboxUse = 'enter' | 'known' | 'again'

export interface PassOptions {
  readonly transaction: Transaction
  readonly place: Place
  readonly effects: Effects
  readonly use: InboxUse
  /** Tenants that wait already, by `tenantKey`. */
  readonly parked: Set<string>
  readonly causes: RecentCauses
  /** Told before each try of something: a batch full of slow failures is slow, yet not dead. */
  readonly onStep: () => void
}

const NO_GAPS: GapCount = { found: 0, closed: 0 }

interface Together {
  readonly handled: readonly HandledEvent[]
  readonly gaps: GapCount
}

/** Waited before each further try of an event, in place: the rest of the batch waits with it. */
const TRY_AGAIN_AFTER_MS = [50, 200]

/** One way through a batch inside one transaction. */
export class BatchPass {
  readonly handled: HandledEvent[] = []
  readonly setAside: SetAside[] = []
  /** What the events did to the gaps of the group. */
  gaps: GapCount = NO_GAPS
  /** Events that joined their tenants' queues. */
  parkedEvents: readonly QueuedEvent[] = []
  /** Events of waiting tenants that the inbox had. */
  parkedCopies: readonly QueuedEvent[] = []
  /** Why the pass ended early; only a release does. */
  stopped: Cause | null = null
  readonly #options: PassOptions
  readonly #queued: QueuedEvent[] = []
  readonly #causes = new Map<string, Cause>()

  constructor(options: PassOptions) {
    this.#options = options
  }

  /** @throws what makes the whole batch worth another try. */
  async run(events: readonly PlannedEvent[]): Promise<void> {
    await this.#apply(events)
    await this.#queue()
    await this.#keepCauses()
  }

  /**
   * All events at once; what one of them alone is to blame for costs only itself. When the database
   * refuses data, the halves are tried alone, until the one at fault stands alone.
   */
  async #apply(candidates: readonly PlannedEvent[]): Promise<void> {
    const events = this.#awake(candidates)
    if (events.length === 0) return
    this.#options.onStep()
    try {
      this.#keep(await this.#inSavepoint(() => this.#together(events)))
    } catch (error) {
      if (error instanceof EventFailure) await this.#around(events, error)
      else if (databaseFailure(error) === 'data') await this.#halves(events, error)
      else throw error
    }
  }

  /** Events of tenants that wait join their queues; after a stop nothing more is done. */
  #awake(events: readonly PlannedEvent[]): readonly PlannedEvent[] {
    if (this.stopped !== null) return []
    const { parked, use } = this.#options
    if (parked.size === 0 || use === 'known') return events
    return events.filter(({ reading, record }) => {
      const { event, digest } = reading
      const waits = parked.has(tenantKey(event.tenantId, event.liveMode))
      if (waits) this.#queued.push({ event, digest, record })
      return !waits
    })
  }

  async #around(events: readonly PlannedEvent[], { index, reason }: EventFailure): Promise<void> {
    const failed = events[index]
    await this.#apply(events.slice(0, index))
    if (failed !== undefined) await this.#alone(failed, reason)
    await this.#apply(events.slice(index + 1))
  }

  async #halves(events: readonly PlannedEvent[], error: unknown): Promise<void> {
    const [only] = events
    if (events.length === 1 && only !== undefined) {
      await this.#alone(only, error)
      return
    }
    const middle = Math.ceil(events.length / 2)
    await this.#apply(events.slice(0, middle))
    await this.#apply(events.slice(middle))
  }

  async #alone(planned: PlannedEvent, first: unknown): Promise<void> {
    if (this.stopped !== null) return
    const { event } = planned.reading
    let error = first
    for (const ms of this.#triesAfter(event, first)) {
      if (!isWorthAnotherTry(error)) break
      await delay(ms)
      this.#options.onStep()
      try {
        this.#keep(await this.#inSavepoint(() => this.#together([planned])))
        return
      } catch (again) {
        error = again instanceof EventFailure ? again.reason : again
      }
    }
    const verdict = verdictOf(error)
    if (verdict === 'batch') throw error
    const cause = causeOf(error, event.type, event.apiVersion)
    this.#options.causes.remember(cause.fingerprint, Date.now())
    if (this.#options.use === 'known') this.stopped = cause
    else if (verdict === 'set_aside') await this.#refuse(planned, error, cause)
    // It is in the inbox, so it would not join the queue of the tenant that it parks.
    else if (this.#options.use === 'again') throw error
    else await this.#park(planned, cause)
  }

  #triesAfter(event: DomainEvent, error: unknown): readonly number[] {
    const { fingerprint } = causeOf(error, event.type, event.apiVersion)
    return this.#options.causes.isFresh(fingerprint, Date.now()) ? [] : TRY_AGAIN_AFTER_MS
  }

  async #refuse(planned: PlannedEvent, error: unknown, cause: Cause): Promise<void> {
    const { transaction, place, use } = this.#options
    const { event, digest, offset } = planned.reading
    const entry = { event, digest, offset, outcome: 'set_aside', effect: '' } as const
    const fresh = await enterInbox(transaction, place, [entry])
    if (use === 'enter' && !fresh.has(offset)) {
      this.handled.push({ planned, outcome: 'duplicate' })
      return
    }
    this.#causes.set(cause.fingerprint, cause)
    const { record } = planned
    const reason = sqlState(error) === null ? 'handler_refused' : 'data_error'
    this.setAside.push({ record, reason, eventId: event.id, sqlState: sqlState(error), cause })
  }

  async #park({ reading, record }: PlannedEvent, cause: Cause): Promise<void> {
    const { transaction, place, parked } = this.#options
    const { event, digest } = reading
    await parkTenant(transaction, place.groupId, event, cause)
    this.#causes.set(cause.fingerprint, cause)
    parked.add(tenantKey(event.tenantId, event.liveMode))
    this.#queued.push({ event, digest, record })
  }

  /** Last and sorted: batches of other partitions touch the same few rows, and would wait, or deadlock. */
  async #keepCauses(): Promise<void> {
    const { transaction, place } = this.#options
    const causes = [...this.#causes.values()]
    causes.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
    for (const cause of causes) await keepCause(transaction, place.groupId, cause)
  }

  /** What was in the inbox before is a duplicate and is not queued a second time. */
  async #queue(): Promise<void> {
    if (this.#queued.length === 0) return
    const { transaction, place } = this.#options
    const entries = this.#queued.map(({ event, digest, record }) => ({
      event,
      digest,
      offset: record.offset,
      outcome: 'parked' as const,
      effect: '',
    }))
    const fresh = await enterInbox(transaction, place, entries)
    const news = this.#queued.filter(({ record }) => fresh.has(record.offset))
    await queueEvents(transaction, place, news)
    this.parkedEvents = news
    this.parkedCopies = this.#queued.filter(({ record }) => !fresh.has(record.offset))
  }

  async #inSavepoint<Result>(work: () => Promise<Result>): Promise<Result> {
    const { transaction } = this.#options
    await transaction.query({ text: 'SAVEPOINT attempt', values: [] })
    try {
      const result = await work()
      await transaction.query({ text: 'RELEASE SAVEPOINT attempt', values: [] })
      return result
    } catch (error) {
      await transaction.query({ text: 'ROLLBACK TO SAVEPOINT attempt', values: [] })
      await transaction.query({ text: 'RELEASE SAVEPOINT attempt', values: [] })
      throw error
    }
  }

  #keep({ handled, gaps }: Together): void {
    this.handled.push(...handled)
    this.gaps = { found: this.gaps.found + gaps.found, closed: this.gaps.closed + gaps.closed }
  }

  async #together(events: readonly PlannedEvent[]): Promise<Together> {
    const broken = events.findIndex(({ failure }) => failure !== null)
    if (broken !== -1) throw new EventFailure(broken, events[broken]?.failure)
    const { transaction, place, effects } = this.#options
    const fresh = await this.#fresh(events)
    const news = events.filter(({ reading }) => fresh.has(reading.offset))
    if (news.length === 0) {
      const handled = events.map((planned) => ({ planned, outcome: 'duplicate' as const }))
      return { handled, gaps: NO_GAPS }
    }
    const { stale, impossible, unknown } = await effects.project(transaction, place, news)
    const gaps = await effects.remember(transaction, place, news, stale)
    await this.#callHandler(events, fresh)
    const handled = events.map(
      (planned): HandledEvent => ({
        planned,
        outcome: outcomeOf(planned, fresh, stale),
        impossible: impossible.get(planned.reading.event),
        unknownType: unknown.has(planned.reading.event),
      }),
    )
    await this.#writeOutcomes(handled)
    return { handled, gaps }
  }

  async #fresh(events: readonly PlannedEvent[]): Promise<ReadonlySet<bigint>> {
    const { transaction, place, use } = this.#options
    const all = new Set(events.map(({ reading }) => reading.offset))
    if (use === 'known') return all
    const entries = events.map((planned) => ({
      event: planned.reading.event,
      digest: planned.reading.digest,
      offset: planned.reading.offset,
      outcome: planned.states.length === 0 ? ('history_only' as const) : ('applied' as const),
      effect: effectOf(planned),
    }))
    // Also what is handled again: a later copy of it must not be handled a third time.
    const entered = await enterInbox(transaction, place, entries)
    return use === 'again' ? all : entered
  }

  async #callHandler(events: readonly PlannedEvent[], fresh: ReadonlySet<bigint>): Promise<void> {
    const { transaction, effects } = this.#options
    const { handler, handlerDeadlineMs } = effects
    if (handler === null) return
    for (const [index, { reading }] of events.entries()) {
      if (!fresh.has(reading.offset)) continue
      try {
        await runHandler(handler, reading.event, transaction, handlerDeadlineMs)
      } catch (error) {
        if (verdictOf(error) === 'batch') throw error
        throw new EventFailure(index, error)
      }
    }
  }

  /** The inbox was entered with the usual outcome; the others are corrected. */
  async #writeOutcomes(handled: readonly HandledEvent[]): Promise<void> {
    const { transaction, place, use } = this.#options
    if (use === 'again') return
    const outcomes: readonly InboxOutcome[] =
      use === 'known' ? ['applied', 'stale', 'history_only'] : ['stale']
    for (const outcome of outcomes) {
      const entries = handled
        .filter((one) => one.outcome === outcome)
        .map(({ planned }) => ({ event: planned.reading.event, effect: effectOf(planned) }))
      if (entries.length > 0) await changeOutcome(transaction, place, entries, outcome)
    }
  }
}
