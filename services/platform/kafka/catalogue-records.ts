import type { CatalogueEntry, KnownEntry } from '#core/catalogue.ts'
import { isCatalogueKey, parseCatalogueEntry } from '#core/catalogue.ts'
import { keptState } from '#core/versions.ts'
import type { LogRecord } from './log-tail.ts'

/** The control topic's entries by their key. */
export type CatalogueEntries = ReadonlyMap<string, KnownEntry>

export interface CatalogueReading {
  readonly entries: CatalogueEntries
  /** Records that could not be understood, in words that repeat no value. */
  readonly broken: readonly { readonly offset: string; readonly problem: string }[]
}

/** Schemas are those of the later record; a state that nothing may go back to is not taken. Pure. */
export function entryAfter(known: KnownEntry | undefined, written: CatalogueEntry): KnownEntry {
  const state = known === undefined ? written.state : keptState(known.state, written.state)
  return state === written.state ? written : { ...written, state, isTakenBack: true }
}

/**
 * The entries after more records of the control topic. No state goes back: a registrar that has read
 * `unknown` may write it when the version is draining, and until it has looked and mended that, an
 * ingress that believed it would set events aside which nobody releases any more. A tombstone
 * removes an entry; a broken record leaves the last good one, which may come from `fallback` (what
 * was known before the topic was read anew, since compaction may have removed the good record).
 */
export function entriesAfter(
  entries: CatalogueEntries,
  records: readonly Pick<LogRecord, 'key' | 'value' | 'offset'>[],
  fallback: CatalogueEntries,
): CatalogueReading {
  const next = new Map(entries)
  const broken: { offset: string; problem: string }[] = []
  for (const { key: keyBytes, value, offset } of records) {
    const key = keyBytes?.toString('utf8') ?? ''
    if (!isCatalogueKey(key)) continue
    if (value === null) {
      next.delete(key)
      continue
    }
    const result = parseCatalogueEntry(key, value.toString('utf8'))
    if (result.ok) {
      next.set(key, entryAfter(next.get(key), result.entry))
      continue
    }
    broken.push({ offset, problem: result.problem })
    const known = next.get(key) ?? fallback.get(key)
    if (known !== undefined) next.set(key, known)
  }
  return { entries: next, broken }
}
