import type { ErrorCode, Fault } from '#core/errors.ts'
import { ERRORS, errorEntry, isFinal } from '#core/errors.ts'
import { markdownTable, prose, type Row } from './markdown-table.ts'

const HEAD = ['Status', 'Code', 'Whose fault', 'Sent again', 'Message']

const WHOSE: Readonly<Record<Fault, string>> = {
  caller: 'the caller’s',
  event: 'the event’s',
  environment: 'ours',
}

function row(code: ErrorCode): Row {
  const { status, fault, message } = errorEntry(code)
  const again = isFinal(status) ? 'no' : 'yes'
  return [String(status), `\`${code}\``, WHOSE[fault], again, prose(message)]
}

/** Every answer that is no success, by status; whether the sender tries again by itself. */
export function answersDocument(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  const byStatus = codes.sort((a, b) => errorEntry(a).status - errorEntry(b).status)
  return markdownTable(HEAD, byStatus.map(row))
}
