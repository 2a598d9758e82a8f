import type { Database, Transaction } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import type { DomainConsumer, DomainEvent } from './contract.ts'
import type { Claim, Place } from './fence.ts'
import { advancePlace, holdsPlace } from './fence.ts'
import type { InboxOutcome } from './inbox.ts'
import { enterInbox, markStale } from './inbox.ts'
import type { BatchPlan, PlannedEvent } from './plan.ts'
import { effectOf } from './plan.ts'
import { reconcile } from './projection.ts'
import type { SetAside } from './set-aside.ts'
import { keepAside } from './set-aside.ts'
import type { HistoryAppend, ProjectionTable } from './tables.ts'
import { historyTable, projectionTable } from './tables.ts'

type EventOutcome = InboxOutcome | 'duplicate'

/** What one event came to. */
export interface HandledEvent {
  readonly planned: PlannedEvent
  readonly outcome: EventOutcome
}

export type BatchResult =
  | { readonly kind: 'fenced' }
  | {
      readonly kind: 'committed'
      readonly handled: readonly HandledEvent[]
      /** Unreadable records, and events whose values the database refused. */
      readonly setAside: readonly SetAside[]
    }

/** A batch that is to be done as one transaction. */
export interface BatchWork {
  readonly place: Place
  readonly claim: Claim
  readonly plan: BatchPlan
  /** Where the group stands afterwards. */
  readonly nextOffset: bigint
}

type Attempt = { readonly handled: HandledEvent[]; readonly setAside: SetAside[] }

/** Writes the batches of one domain. */
export class BatchWriter {
  readonly #database: Database
  readonly #tables: readonly ProjectionTable[]
  readonly #append: HistoryAppend

  constructor(database: Database, domain: DomainConsumer) {
    this.#database = database
    this.#tables = domain.resources.map((resource) => projectionTable(domain.domain, resource))
    this.#append = historyTable(domain)
  }

  /**
   * Fence, inbox, effects, set-aside rows and offset in one transaction.
   *
   * @throws what Postgres throws, except for errors in the data, which cost only their event.
   */
  async write({ place, claim, plan, nextOffset }: BatchWork): Promise<BatchResult> {
    return await this.#database.transaction(async (transaction) => {
      if (!(await holdsPlace(transaction, place, claim))) return { kind: 'fenced' }
      const { handled, setAside } = await this.#apply(transaction, place, plan.events)
      const allAside = [...plan.setAside, ...setAside]
      await keepAside(transaction, place, allAside)
      await advancePlace(transaction, place, nextOffset)
      const repeated = plan.repeated.map(
        (planned): HandledEvent => ({ planned, outcome: 'duplicate' }),
      )
      return { kind: 'committed', handled: [...handled, ...repeated], setAside: allAside }
    })
  }

  /**
   * All events at once; when the data of one of them is refused, the halves are tried alone, until
   * the one at fault stands alone and is set aside. The others go through in the same pass, in
   * order.
   */
  async #apply(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
  ): Promise<Attempt> {
    if (events.length === 0) return { handled: [], setAside: [] }
    await transaction.query({ text: 'SAVEPOINT attempt', values: [] })
    try {
      const handled = await this.#applyTogether(transaction, place, events)
      await transaction.query({ text: 'RELEASE SAVEPOINT attempt', values: [] })
      return { handled, setAside: [] }
    } catch (error) {
      if (databaseFailure(error) !== 'data') throw error
      await transaction.query({ text: 'ROLLBACK TO SAVEPOINT attempt', values: [] })
      await transaction.query({ text: 'RELEASE SAVEPOINT attempt', values: [] })
      return await this.#applyApart(transaction, place, events, sqlState(error))
    }
  }

  async #applyApart(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
    state: string | null,
  ): Promise<Attempt> {
    const [only] = events
    if (events.length === 1 && only !== undefined) {
      return await this.#refuse(transaction, place, only, state)
    }
    const middle = Math.ceil(events.length / 2)
    const first = await this.#apply(transaction, place, events.slice(0, middle))
    const second = await this.#apply(transaction, place, events.slice(middle))
    return {
      handled: [...first.handled, ...second.handled],
      setAside: [...first.setAside, ...second.setAside],
    }
  }

  async #refuse(
    transaction: Transaction,
    place: Place,
    planned: PlannedEvent,
    state: string | null,
  ): Promise<Attempt> {
    const { record, reading } = planned
    const { event, offset } = reading
    const entry = { event, offset, outcome: 'set_aside', effect: '' } as const
    const fresh = await enterInbox(transaction, place, [entry])
    if (!fresh.has(offset)) return { handled: [{ planned, outcome: 'duplicate' }], setAside: [] }
    const aside: SetAside = { record, reason: 'data_error', eventId: event.id, sqlState: state }
    return { handled: [], setAside: [aside] }
  }

  async #applyTogether(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
  ): Promise<HandledEvent[]> {
    const entries = events.map((planned) => ({
      event: planned.reading.event,
      offset: planned.reading.offset,
      outcome: planned.states.length === 0 ? ('history_only' as const) : ('applied' as const),
      effect: effectOf(planned),
    }))
    const fresh = await enterInbox(transaction, place, entries)
    const news = events.filter(({ reading }) => fresh.has(reading.offset))
    const stale =
      news.length === 0 ? new Set<DomainEvent>() : await this.#project(transaction, news)
    if (news.length > 0) await this.#append(transaction, place, news.map(historyEntry))
    if (stale.size > 0) await markStale(transaction, place, [...stale])
    return events.map((planned) => ({ planned, outcome: outcomeOf(planned, fresh, stale) }))
  }

  async #project(
    transaction: Transaction,
    events: readonly PlannedEvent[],
  ): Promise<ReadonlySet<DomainEvent>> {
    const stale = new Set<DomainEvent>()
    const states = events.flatMap((planned) => planned.states)
    for (const table of this.#tables) {
      const own = states.filter(({ projection }) => projection === table.projection)
      if (own.length === 0) continue
      const result = reconcile(own, await table.current(transaction, own))
      if (result.winners.length > 0) await table.write(transaction, result.winners)
      for (const event of result.stale) stale.add(event)
    }
    return stale
  }
}

function historyEntry({ reading, states }: PlannedEvent) {
  const { event, offset, body } = reading
  const { data, previousAttributes } = body
  return { event, offset, state: states[0] ?? null, data, previousAttributes }
}

function outcomeOf(
  { reading, states }: PlannedEvent,
  fresh: ReadonlySet<bigint>,
  stale: ReadonlySet<DomainEvent>,
): EventOutcome {
  if (!fresh.has(reading.offset)) return 'duplicate'
  if (stale.has(reading.event)) return 'stale'
  return states.length === 0 ? 'history_only' : 'applied'
}
