import type { Transaction } from '#platform/postgres/database.ts'
import { storable, storableText } from './json-text.ts'

type AuditValue = string | number | bigint | boolean | null | readonly AuditValue[] | AuditFields

/** Plain values; a bigint is kept with every digit. Never a body, a secret or personal data. */
export interface AuditFields {
  readonly [name: string]: AuditValue | undefined
}

/** One action of an operator, with what it was told and what came of it. */
export interface AuditEntry {
  /** Who did it, as the operating system or `--actor` says. */
  readonly actor: string
  /** `<noun>.<verb>`, e.g. `parked.release`, `consumers.replay`. */
  readonly action: string
  readonly arguments: AuditFields
  readonly outcome: AuditFields
}

const INSERT = `
INSERT INTO runtime.audit (actor, action, arguments, outcome)
VALUES ($1, $2, $3::jsonb, $4::jsonb)
RETURNING id`

type WithRawJson = typeof JSON & { rawJSON(text: string): unknown }

function jsonText(fields: AuditFields): string {
  const text = JSON.stringify(fields, (_name, value: unknown) =>
    typeof value === 'bigint' ? (JSON as WithRawJson).rawJSON(value.toString()) : value,
  )
  return storable(text)
}

/**
 * Writes an action into the audit, as part of the transaction that holds its effects.
 *
 * @returns the line's number.
 */
export async function recordAudit(transaction: Transaction, entry: AuditEntry): Promise<bigint> {
  const [row] = await transaction.query({
    name: 'audit_insert',
    text: INSERT,
    values: [
      storableText(entry.actor),
      entry.action,
      jsonText(entry.arguments),
      jsonText(entry.outcome),
    ],
  })
  return row?.id as bigint
}
