import { setTimeout as delay } from 'node:timers/promises'
import type { TenantId } from '#core/ids.ts'
import type { FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Database, Transaction } from '#platform/postgres/database.ts'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'
import type { BatchDone, BatchWriter } from './batch.ts'
import type { DomainConsumer, DomainEvent } from './contract.ts'
import type { Place } from './fence.ts'
import { backOffMs } from './partition-worker.ts'
import type { BatchPlan, PlannedEvent } from './plan.ts'
import { planBatch } from './plan.ts'
import type { ReadingContext } from './reading.ts'

/** What is asked for: one tenant's records of one partition, by the time they were written. */
export interface ReplayScope {
  readonly tenantId: TenantId
  /** Milliseconds since the epoch, inclusive. */
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

/** A record with the time at which the ingress wrote it. */
interface DatedRecord extends FetchedRecord {
  readonly timestampMs: number
}

export interface ReplayOptions {
  readonly domain: DomainConsumer
  /** The group's own place: its inbox decides. */
  readonly place: Place
  readonly scope: ReplayScope
  readonly context: ReadingContext
  readonly database: Database
  /** Null for a dry run, which only asks the inbox. */
  readonly writer: Pick<BatchWriter, 'replay'> | null
  /** Handles each event once more, although the inbox has it. */
  readonly again: boolean
}

interface TypeTally {
  readonly found: number
  /** The inbox has them: they had their effect (or were set aside, or wait) before. */
  readonly known: number
}

/** What a replay has come to so far. */
export interface ReplayTally {
  readonly types: ReadonlyMap<string, TypeTally>
  /** Later copies of an event of the same replay. */
  readonly copies: number
  /** Records of the tenant that cannot be read; they stay as they were set aside. */
  readonly unreadable: number
  /** Events by outcome; empty in a dry run. */
  readonly outcomes: ReadonlyMap<string, number>
}

/** Ids that are remembered, so that no copy on the topic is handled as well: 20 MB at most. */
const REMEMBERED = 100_000
const TRIES = 6

const KNOWN = `
SELECT i.event_id FROM runtime.inbox i
JOIN unnest($4::text[], $5::date[]) AS e (event_id, created_on)
  ON i.event_id = e.event_id AND i.created_on = e.created_on
WHERE i.group_id = $1 AND i.tenant_id = $2 AND i.live_mode = $3`

async function knownIds(
  transaction: Transaction,
  groupId: string,
  tenantId: TenantId,
  events: readonly DomainEvent[],
): Promise<ReadonlySet<string>> {
  const values = [
    groupId,
    tenantId,
    events[0]?.liveMode ?? false,
    events.map(({ id }) => id),
    events.map(({ createdMs }) => new Date(createdMs).toISOString().slice(0, 10)),
  ]
  const rows = await transaction.query({ text: KNOWN, values })
  return new Set(rows.map(({ event_id }) => String(event_id)))
}

/** Records of the tenant within the time asked for. */
export function inScope<Dated extends DatedRecord>(
  records: readonly Dated[],
  { tenantId, fromMs, toMs }: ReplayScope,
): readonly Dated[] {
  return records.filter(
    ({ key, timestampMs }) =>
      key?.toString('utf8') === tenantId && timestampMs >= fromMs && timestampMs < toMs,
  )
}

/** Whether the transaction is known not to have been committed, or may be done a second time. */
function isWorthAnotherTry(error: unknown, again: boolean): boolean {
  if (databaseFailure(error) !== 'environment') return false
  return !again || sqlState(error)?.startsWith('40') === true
}

/**
 * Hands records of a topic to a group a second time, beside its running consumer: offsets and
 * claims stay as they are. Each call is one transaction with the inbox in it, so that a replay may
 * be interrupted anywhere and begun anew.
 */
export class Replay {
  readonly #options: ReplayOptions
  readonly #types = new Map<string, TypeTally>()
  readonly #outcomes = new Map<string, number>()
  readonly #seen = new Set<string>()
  #copies = 0
  #unreadable = 0

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  get tally(): ReplayTally {
    const { copies, unreadable } = { copies: this.#copies, unreadable: this.#unreadable }
    return { types: this.#types, copies, unreadable, outcomes: this.#outcomes }
  }

  /** @throws what Postgres throws; nothing of these records was done then. */
  async take(records: readonly DatedRecord[]): Promise<void> {
    const { domain, scope, context, writer } = this.#options
    const own = inScope(records, scope)
    if (own.length === 0) return
    const read = planBatch(domain, own, context)
    const events = read.events.filter(({ reading }) => this.#isNew(reading.event))
    this.#unreadable += read.setAside.length
    this.#copies += read.repeated.length + read.events.length - events.length
    if (events.length === 0) return
    const plan: BatchPlan = { events, repeated: [], setAside: [] }
    if (writer === null) await this.#look(events)
    else this.#count(events, await this.#write(writer, plan))
  }

  #isNew({ id, createdMs }: DomainEvent): boolean {
    const key = `${id}\n${createdMs}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    if (this.#seen.size > REMEMBERED) {
      const [oldest = key] = this.#seen
      this.#seen.delete(oldest)
    }
    return true
  }

  async #look(planned: readonly PlannedEvent[]): Promise<void> {
    const { database, place, scope } = this.#options
    const events = planned.map(({ reading }) => reading.event)
    const known = await database.session((connection) =>
      knownIds(connection, place.groupId, scope.tenantId, events),
    )
    for (const { id, type } of events) this.#add(type, known.has(id))
  }

  async #write(writer: Pick<BatchWriter, 'replay'>, plan: BatchPlan): Promise<BatchDone> {
    const { place, again } = this.#options
    for (let tries = 1; ; tries += 1) {
      try {
        return await writer.replay(place, plan, again)
      } catch (error) {
        if (tries === TRIES || !isWorthAnotherTry(error, again)) throw error
        await delay(backOffMs(tries, Math.random()))
      }
    }
  }

  #count(planned: readonly PlannedEvent[], { handled, parked, setAside }: BatchDone): void {
    const duplicates = new Set<DomainEvent>()
    for (const { planned: one, outcome } of handled) {
      if (outcome === 'duplicate') duplicates.add(one.reading.event)
      this.#note(outcome, 1)
    }
    this.#note('parked', parked.length)
    this.#note('set_aside', setAside.length)
    for (const { reading } of planned) this.#add(reading.event.type, duplicates.has(reading.event))
  }

  #note(outcome: string, count: number): void {
    if (count > 0) this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + count)
  }

  #add(type: string, isKnown: boolean): void {
    const { found, known } = this.#types.get(type) ?? { found: 0, known: 0 }
    this.#types.set(type, { found: found + 1, known: known + (isKnown ? 1 : 0) })
  }
}
