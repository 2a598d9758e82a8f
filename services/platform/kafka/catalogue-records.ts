import type { CatalogueEntry } from '#core/catalogue.ts'
import { isCatalogueKey, parseCatalogueEntry } from '#core/catalogue.ts'
import type { LogRecord } from './log-tail.ts'

/** The control topic's entries by their key. */
export type CatalogueEntries = ReadonlyMap<string, CatalogueEntry>

export interface CatalogueReading {
  readonly entries: CatalogueEntries
  /** Records that could not be understood, in words that repeat no value. */
  readonly broken: readonly { readonly offset: string; readonly problem: string }[]
}

/**
 * The entries after more records of the control topic. A tombstone removes an entry; a broken
 * record leaves the last good one, which may come from `fallback` (what was known before the topic
 * was read anew, since compaction may have removed the good record meanwhile).
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
      next.set(key, result.entry)
      continue
    }
    broken.push({ offset, problem: result.problem })
    const known = next.get(key) ?? fallback.get(key)
    if (known !== undefined) next.set(key, known)
  }
  return { entries: next, broken }
}
