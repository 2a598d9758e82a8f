import { DOMAINS } from '#core/routing.ts'
import { failure } from './fault.ts'
import { isoTime } from './quarantine-summary.ts'
import { cutTable } from './quarantine-text.ts'
import type { Terminal } from './terminal.ts'
import { versionsAccess } from './versions-access.ts'
import type { WaitingEvents, WrittenEntry } from './versions-book.ts'
import { waitingEvents, writtenEntries } from './versions-book.ts'

export interface ListVersionsOptions {
  readonly json?: true
}

/** A version in the catalogue, or one of which events wait. */
interface VersionRow {
  readonly version: string
  readonly state: string
  /** Null for a version without an entry. */
  readonly written_at: string | null
  readonly waiting: WaitingEvents
}

const NOTHING: WaitingEvents = { live: 0, sandbox: 0 }

function rowsOf(
  entries: readonly WrittenEntry[],
  waiting: ReadonlyMap<string, WaitingEvents>,
): readonly VersionRow[] {
  const known = entries.map(({ entry, writtenMs }) => ({
    version: entry.version as string,
    state: entry.state as string,
    written_at: isoTime(writtenMs),
    waiting: waiting.get(entry.version) ?? NOTHING,
  }))
  const names = new Set(known.map(({ version }) => version))
  const strange = [...waiting]
    .filter(([version]) => !names.has(version))
    .map(([version, own]) => ({ version, state: 'no entry', written_at: null, waiting: own }))
  return [...known, ...strange].sort((a, b) => (a.version < b.version ? -1 : 1))
}

/** `versions list`: every version of the catalogue, and those of which only events are known. */
export async function listVersions(
  terminal: Terminal,
  { json }: ListVersionsOptions,
): Promise<void> {
  const access = await versionsAccess(terminal)
  const rows = rowsOf(await writtenEntries(access), await waitingEvents(access))
  if (json === true) {
    for (const row of rows) terminal.line(JSON.stringify(row))
    return
  }
  const head = ['version', 'state', 'written', 'waiting live', 'waiting sandbox']
  const cells = rows.map(({ version, state, written_at: written, waiting }) => {
    return [version, state, written ?? '-', waiting.live, waiting.sandbox]
  })
  if (cells.length === 0) terminal.note(`${access.topic} holds no version, and no event waits`)
  else for (const line of cutTable(head, cells)) terminal.line(line)
}

/** `versions show`: one version with its subjects and schema ids. */
export async function showVersion(
  terminal: Terminal,
  version: string,
  { json }: ListVersionsOptions,
): Promise<void> {
  const access = await versionsAccess(terminal)
  const entries = await writtenEntries(access)
  const [row] = rowsOf(
    entries.filter(({ entry }) => entry.version === version),
    await waitingEvents(access, version),
  )
  if (row === undefined) {
    throw failure(`nothing is known of ${version}: no entry on ${access.topic}, no event waits`)
  }
  const found = entries.find(({ entry }) => entry.version === version)
  const subjects = DOMAINS.flatMap((domain) => {
    const own = found?.entry.domains[domain]
    return own === undefined ? [] : [{ domain, subject: own.subject, schema_id: own.schemaId }]
  })
  if (json === true) {
    terminal.line(JSON.stringify({ ...row, subjects }))
    return
  }
  terminal.line(`${version}: ${row.state}, written ${row.written_at ?? 'never'}`)
  const { live, sandbox } = row.waiting
  terminal.line(`waiting in the quarantine: ${live} live, ${sandbox} sandbox`)
  const cells = subjects.map(({ domain, subject, schema_id: id }) => [domain, id, subject])
  if (cells.length === 0) return
  for (const line of cutTable(['domain', 'schema id', 'subject'], cells)) terminal.line(line)
}
