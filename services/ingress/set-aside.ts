import type { OutgoingRecord } from '#core/commit.ts'
import type { EventId } from '#core/ids.ts'
import type { Outcome, QuarantineReason } from '#core/outcome.ts'
import type { Commitment } from './commitment.ts'
import type { VerifiedWebhook } from './identification.ts'
import type { Unsettled } from './reception.ts'
import { NOTHING_KNOWN, namesOf } from './reception.ts'
import type { QuarantineFacts } from './records.ts'
import { quarantineRecord } from './records.ts'
import type { RouteTable } from './routes.ts'

/** What is known of an event that is to be set aside. */
export type AsideFacts = Pick<QuarantineFacts, 'id' | 'envelope'>

/** Where events are set aside. */
interface Quarantine {
  readonly committer: { submit(record: OutgoingRecord): Promise<Commitment> }
  /** The frozen table of now. */
  readonly table: () => RouteTable
  readonly now: () => number
}

async function kept(
  commitment: Promise<Commitment>,
  reason: QuarantineReason,
  id: EventId | null,
): Promise<Outcome> {
  const result = await commitment
  if (result.kind !== 'durable') return { kind: 'refused', code: 'quarantine_unavailable' }
  const { at } = result
  if ((reason === 'tenant_mismatch' || reason === 'mode_mismatch') && id !== null) {
    return { kind: 'denied', reason, id, at }
  }
  const setAside = reason as Extract<Outcome, { kind: 'set_aside' }>['reason']
  return { kind: 'set_aside', reason: setAside, id, at }
}

/** The body goes to the quarantine of the endpoint's tenant; only then may it be answered. */
export function putAside(
  { committer, table, now }: Quarantine,
  { endpoint, signedAt, secretId, body }: VerifiedWebhook,
  reason: QuarantineReason,
  detail: string,
  { id, envelope }: AsideFacts,
): Unsettled {
  const topic = table().topics[endpoint.mode].quarantine
  const facts = { reason, detail, id, envelope, signedAt, secretId, receivedAtMs: now() }
  const record = quarantineRecord(endpoint, topic, body, facts)
  const names = envelope === null ? null : namesOf(envelope)
  const outcome = kept(committer.submit(record), reason, id)
  return { ...NOTHING_KNOWN, envelope: names, detail, outcome }
}
