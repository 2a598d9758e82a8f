import type { FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Database, Row, Transaction } from '#platform/postgres/database.ts'
import type { BatchWriter } from './batch.ts'
import type { DomainConsumer, DomainEvent } from './contract.ts'
import type { AsideEntry, ParkedTenant } from './dead-letters.ts'
import type { Place } from './fence.ts'
import type { Cause } from './handler-failure.ts'
import { causeFrom } from './handler-failure.ts'
import { changeOutcome } from './inbox.ts'
import { keepCause, parkTenant } from './parking.ts'
import type { BatchPlan, PlannedEvent } from './plan.ts'
import { planBatch } from './plan.ts'
import type { ReadingContext } from './reading.ts'

export interface ReleaseOptions {
  readonly database: Database
  readonly domain: DomainConsumer
  readonly writer: BatchWriter
  readonly context: ReadingContext
}

/** What a step came to. `failed` is null when all that it took went through. */
export interface ReleaseStep {
  readonly handled: number
  /** Events of the tenant that still wait. */
  readonly left: number
  readonly failed: Cause | null
}

type TenantKey = Pick<ParkedTenant, 'groupId' | 'tenantId' | 'liveMode'>

/** The consumer holds these rows shared while it adds to the queues. */
const LOCK = `
SELECT 1 AS one FROM runtime.parked_tenants
WHERE group_id = $1 AND tenant_id = $2 AND live_mode = $3 FOR UPDATE`

const HEAD = `
SELECT topic, partition, record_offset, record_key, value, headers FROM runtime.parked_events
WHERE group_id = $1 AND tenant_id = $2 AND live_mode = $3 ORDER BY record_offset LIMIT $4`

const TAKE_OUT = `
DELETE FROM runtime.parked_events
WHERE group_id = $1 AND tenant_id = $2 AND live_mode = $3 AND record_offset = ANY($4::bigint[])`

const LEFT = `
SELECT count(*) AS n FROM runtime.parked_events
WHERE group_id = $1 AND tenant_id = $2 AND live_mode = $3`

const WAKE = `
DELETE FROM runtime.parked_tenants WHERE group_id = $1 AND tenant_id = $2 AND live_mode = $3`

const ASIDE = `
SELECT topic, partition, record_offset, record_key, value, headers FROM runtime.set_aside
WHERE group_id = $1 AND topic = $2 AND partition = $3 AND record_offset = $4
  AND released_at IS NULL FOR UPDATE`

const ASIDE_DONE = `
UPDATE runtime.set_aside SET released_at = now()
WHERE group_id = $1 AND topic = $2 AND partition = $3 AND record_offset = $4`

const ASIDE_FAILED = `
UPDATE runtime.set_aside SET fingerprint = $5
WHERE group_id = $1 AND topic = $2 AND partition = $3 AND record_offset = $4`

function keyOf({ groupId, tenantId, liveMode }: TenantKey) {
  return [groupId, tenantId, liveMode] as const
}

function recordOf(row: Row): FetchedRecord {
  return {
    offset: row.record_offset as bigint,
    key: row.record_key as Buffer | null,
    value: row.value as Buffer | null,
    headers: row.headers as Record<string, string>,
  }
}

/** What cannot even be read any more has a cause too. */
function unreadable({ setAside: [first] }: BatchPlan): Cause | null {
  if (first === undefined) return null
  const { reason } = first
  return causeFrom({ errorClass: reason, place: 'reading', eventType: '', apiVersion: '' })
}

async function countLeft(transaction: Transaction, tenant: TenantKey): Promise<number> {
  const [row] = await transaction.query({ text: LEFT, values: keyOf(tenant) })
  return Number(row?.n ?? 0)
}

async function takeOut(
  transaction: Transaction,
  tenant: TenantKey,
  offsets: readonly bigint[],
): Promise<number> {
  await transaction.query({ text: TAKE_OUT, values: [...keyOf(tenant), offsets] })
  const left = await countLeft(transaction, tenant)
  if (left === 0) await transaction.query({ text: WAKE, values: keyOf(tenant) })
  return left
}

interface Head {
  readonly place: Place
  readonly plan: BatchPlan
}

async function headOf(
  transaction: Transaction,
  { domain, context }: ReleaseOptions,
  tenant: TenantKey,
  limit: number,
): Promise<Head | null> {
  const locked = await transaction.query({ text: LOCK, values: keyOf(tenant) })
  if (locked.length === 0) return null
  const rows = await transaction.query({ text: HEAD, values: [...keyOf(tenant), limit] })
  const [first] = rows
  const topic = String(first?.topic ?? '')
  const place = { groupId: tenant.groupId, topic, partition: Number(first?.partition ?? 0) }
  return { place, plan: planBatch(domain, rows.map(recordOf), context) }
}

/**
 * Handles the next events of a parked tenant, in order, in one transaction. What fails stays at the
 * head with its new cause; a tenant whose queue is empty is parked no more.
 *
 * @param limit how many events at most
 * @throws what makes the step worth another try.
 */
export async function releaseTenant(
  options: ReleaseOptions,
  tenant: TenantKey,
  limit: number,
): Promise<ReleaseStep> {
  return await options.database.transaction(async (transaction) => {
    const head = await headOf(transaction, options, tenant, limit)
    if (head === null) return { handled: 0, left: 0, failed: null }
    const { place, plan } = head
    const pass = await options.writer.release(transaction, place, beforeUnreadable(plan))
    const failed = pass.stopped ?? unreadable(plan)
    const offsets = pass.handled.map(({ planned }) => planned.reading.offset)
    const left = await takeOut(transaction, tenant, offsets)
    if (failed !== null) {
      await parkTenant(transaction, tenant.groupId, tenant, failed)
      await keepCause(transaction, tenant.groupId, failed)
    }
    return { handled: offsets.length, left, failed }
  })
}

/** Events in front of the first record that cannot be read: order is kept. */
function beforeUnreadable({ events, setAside: [first] }: BatchPlan): readonly PlannedEvent[] {
  if (first === undefined) return events
  return events.filter(({ reading }) => reading.offset < first.record.offset)
}

/**
 * Takes the first event out of a parked tenant's queue, unhandled, for good.
 *
 * @returns its id, or null when the tenant is not parked
 */
export async function skipHead(
  options: ReleaseOptions,
  tenant: TenantKey,
): Promise<{ readonly eventId: string; readonly left: number } | null> {
  return await options.database.transaction(async (transaction) => {
    const head = await headOf(transaction, options, tenant, 1)
    const event: DomainEvent | undefined = head?.plan.events[0]?.reading.event
    const offset = head?.plan.events[0]?.reading.offset
    if (head === null || event === undefined || offset === undefined) return null
    await changeOutcome(transaction, head.place, [{ event, effect: '' }], 'skipped')
    return { eventId: event.id, left: await takeOut(transaction, tenant, [offset]) }
  })
}

/**
 * Handles an event that was set aside, once more and by itself.
 *
 * @returns the cause when it fails again
 * @throws what makes it worth another try.
 */
export async function releaseAside(
  options: ReleaseOptions,
  { groupId, topic, partition, offset }: AsideEntry,
): Promise<Cause | null> {
  const values = [groupId, topic, partition, offset]
  return await options.database.transaction(async (transaction) => {
    const [row] = await transaction.query({ text: ASIDE, values })
    if (row === undefined) return null
    const plan = planBatch(options.domain, [recordOf(row)], options.context)
    const place = { groupId, topic, partition }
    const pass = await options.writer.release(transaction, place, plan.events)
    const failed = pass.stopped ?? unreadable(plan)
    if (failed === null) {
      await transaction.query({ text: ASIDE_DONE, values })
      return null
    }
    await keepCause(transaction, groupId, failed)
    await transaction.query({ text: ASIDE_FAILED, values: [...values, failed.fingerprint] })
    return failed
  })
}
