import type { FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Transaction } from '#platform/postgres/database.ts'
import type { Place } from './fence.ts'
import type { Cause } from './handler-failure.ts'
import { storable, storableText } from './json-text.ts'
import type { SetAsideReason } from './reading.ts'

/** A record that is set aside, with all that is known of it. */
export interface SetAside {
  readonly record: FetchedRecord
  readonly reason: SetAsideReason
  readonly eventId: string | null
  /** When the database refused its values. */
  readonly sqlState: string | null
  /** Null for a record that could not be read: its reason says it all. */
  readonly cause: Cause | null
}

const INSERT = `
INSERT INTO runtime.set_aside
  (group_id, topic, partition, record_offset, tenant_key, event_id, reason, sql_state, record_key, value, headers,
   fingerprint)
SELECT $1, $2, $3, s.record_offset, s.tenant_key, s.event_id, s.reason, s.sql_state, s.record_key, s.value, s.headers::jsonb,
  s.fingerprint
FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::bytea[], $11::text[],
    $12::text[])
  AS s (record_offset, tenant_key, event_id, reason, sql_state, record_key, value, headers, fingerprint)
ON CONFLICT DO NOTHING`

function keyText(key: Buffer | null): string | null {
  return key === null ? null : storableText(key.toString('utf8'))
}

/** Keeps records as they are, once for each place on the topic. */
export async function keepAside(
  transaction: Transaction,
  { groupId, topic, partition }: Place,
  rows: readonly SetAside[],
): Promise<void> {
  if (rows.length === 0) return
  await transaction.query({
    name: 'set_aside_insert',
    text: INSERT,
    values: [
      groupId,
      topic,
      partition,
      rows.map(({ record }) => record.offset),
      rows.map(({ record }) => keyText(record.key)),
      rows.map(({ eventId }) => eventId),
      rows.map(({ reason }) => reason),
      rows.map(({ sqlState }) => sqlState),
      rows.map(({ record }) => record.key),
      rows.map(({ record }) => record.value),
      rows.map(({ record }) => storable(JSON.stringify(record.headers))),
      rows.map(({ cause }) => cause?.fingerprint ?? null),
    ],
  })
}
