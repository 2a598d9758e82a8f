import type { Database, Transaction } from '#platform/postgres/database.ts'
import { recordAnomalies } from './anomalies.ts'
import type { InboxUse } from './batch-pass.ts'
import { BatchPass } from './batch-pass.ts'
import type { DomainConsumer, DomainEvent } from './contract.ts'
import { handlingOf } from './contract.ts'
import type { Claim, Place } from './fence.ts'
import { advancePlace, holdsPlace } from './fence.ts'
import type { GapCount } from './gaps.ts'
import { recordGaps } from './gaps.ts'
import type { HandledEvent } from './handled-event.ts'
import { conflicting, copyOf } from './id-conflicts.ts'
import { parkedAmong } from './parking.ts'
import type { BatchPlan, PlannedEvent } from './plan.ts'
import type { ImpossibleTransition, Projected } from './projection.ts'
import { reconcile } from './projection.ts'
import { RecentCauses } from './recent-causes.ts'
import type { SetAside } from './set-aside.ts'
import { keepAside } from './set-aside.ts'
import type { HistoryAppend, ProjectionTable } from './tables.ts'
import { historyTable, projectionTable } from './tables.ts'

export type { HandledEvent }

/** What was done with the events of a batch. */
export interface BatchDone {
  readonly kind: 'committed'
  readonly handled: readonly HandledEvent[]
  /** Events that wait behind something of their tenant that could not be handled. */
  readonly parked: readonly DomainEvent[]
  /** Unreadable records, and events whose values the database refused. */
  readonly setAside: readonly SetAside[]
  /** Webhooks that never came, as far as these events tell. */
  readonly gaps: GapCount
}

export type BatchResult = { readonly kind: 'fenced' } | BatchDone

/** A batch that is to be done as one transaction. */
export interface BatchWork {
  readonly place: Place
  readonly claim: Claim
  readonly plan: BatchPlan
  /** Where the group stands afterwards. */
  readonly nextOffset: bigint
  /** Told of every step within the batch. */
  readonly onStep?: () => void
}

export interface BatchWriterOptions {
  readonly database: Database
  readonly domain: DomainConsumer
  /** No handler may take longer for one event. */
  readonly handlerDeadlineMs: number
}

/** Writes the batches of one domain. */
export class BatchWriter {
  readonly #options: BatchWriterOptions
  readonly #tables: readonly ProjectionTable[]
  readonly #append: HistoryAppend
  readonly #causes = new RecentCauses()

  constructor(options: BatchWriterOptions) {
    const { domain } = options
    this.#options = options
    this.#tables = domain.resources.map((resource) => projectionTable(domain.domain, resource))
    this.#append = historyTable(domain)
  }

  /**
   * Fence, inbox, effects, queues, set-aside rows and offset in one transaction.
   *
   * @throws what makes the batch worth another try; what one event is to blame for costs only it.
   */
  async write({ place, claim, plan, nextOffset, onStep }: BatchWork): Promise<BatchResult> {
    return await this.#options.database.transaction(async (transaction) => {
      if (!(await holdsPlace(transaction, place, claim))) return { kind: 'fenced' }
      const done = await this.#pass(transaction, place, plan, 'enter', onStep)
      await advancePlace(transaction, place, nextOffset)
      return done
    })
  }

  /**
   * Handles events beside the running consumer, whose offsets and claims stay as they are.
   *
   * @param again also those that the inbox has; otherwise they are duplicates
   */
  async replay(place: Place, plan: BatchPlan, again: boolean): Promise<BatchDone> {
    const use = again ? 'again' : 'enter'
    return await this.#options.database.transaction((transaction) =>
      this.#pass(transaction, place, plan, use),
    )
  }

  /** A way through events that wait, in a transaction of the caller's. */
  async release(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
  ): Promise<BatchPass> {
    const pass = this.#newPass(transaction, place, 'known', new Set())
    await pass.run(events)
    return pass
  }

  async #pass(
    transaction: Transaction,
    place: Place,
    plan: BatchPlan,
    use: InboxUse,
    onStep?: () => void,
  ): Promise<BatchDone> {
    const events = plan.events.map(({ reading }) => reading.event)
    const parked = await parkedAmong(transaction, place.groupId, events)
    const pass = this.#newPass(transaction, place, use, parked, onStep)
    await pass.run(plan.events)
    const repeated = plan.repeated.map(
      (planned): HandledEvent => ({ planned, outcome: 'duplicate' }),
    )
    const all = [...pass.handled, ...repeated]
    const copies = all.filter(({ outcome }) => outcome === 'duplicate')
    const known = [...copies.map(({ planned }) => copyOf(planned)), ...pass.parkedCopies]
    const conflicts = await conflicting(transaction, place, known)
    const handled = all.filter(
      ({ planned }) => !conflicts.some(({ record }) => record === planned.record),
    )
    const setAside = [...plan.setAside, ...pass.setAside, ...conflicts]
    await keepAside(transaction, place, setAside)
    const waiting = pass.parkedEvents.map(({ event }) => event)
    return { kind: 'committed', handled, parked: waiting, setAside, gaps: pass.gaps }
  }

  #newPass(
    transaction: Transaction,
    place: Place,
    use: InboxUse,
    parked: Set<string>,
    onStep: () => void = () => undefined,
  ): BatchPass {
    const { domain, handlerDeadlineMs } = this.#options
    return new BatchPass({
      transaction,
      place,
      use,
      parked,
      causes: this.#causes,
      onStep,
      effects: {
        project: (own, at, events) => this.#project(own, at, events),
        remember: async (own, at, events, stale) => {
          await this.#append(own, at, events.map(historyEntry))
          return await recordGaps(own, at, domain.domain, { events, stale })
        },
        handler: domain.handle ?? null,
        handlerDeadlineMs,
      },
    })
  }

  async #project(
    transaction: Transaction,
    place: Place,
    events: readonly PlannedEvent[],
  ): Promise<Projected> {
    const { domain } = this.#options
    const stale = new Set<DomainEvent>()
    const impossible: ImpossibleTransition[] = []
    const states = events.flatMap((planned) => planned.states)
    for (const table of this.#tables) {
      const own = states.filter(({ projection }) => projection === table.projection)
      if (own.length === 0) continue
      const result = reconcile(own, await table.current(transaction, own))
      if (result.changes.length > 0) await table.write(transaction, result.changes)
      for (const event of result.stale) stale.add(event)
      impossible.push(...result.impossible)
    }
    await recordAnomalies(transaction, place, domain, impossible)
    const unknown = events
      .map(({ reading }) => reading.event)
      .filter(({ type }) => handlingOf(domain, type) === null)
    return {
      stale,
      impossible: new Map(impossible.map(({ to }) => [to.event, to.projection.resource])),
      unknown: new Set(unknown),
    }
  }
}

function historyEntry({ reading, states }: PlannedEvent) {
  const { event, offset, body } = reading
  const { data, previousAttributes } = body
  return { event, offset, state: states[0] ?? null, data, previousAttributes }
}
