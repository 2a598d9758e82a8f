import type { CatalogueEntry } from '#core/catalogue.ts'
import { parseCatalogueEntry } from '#core/catalogue.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import type { Merging } from './catalogue-merge.ts'
import type { CatalogueWriting } from './catalogue-writer.ts'
import { writeCatalogue } from './catalogue-writer.ts'

type CatalogueTopic = Pick<CatalogueWriting, 'connection' | 'topic' | 'log'>

export type CatalogueChange =
  /** Nothing was written before `end` that is not in the merge. */
  | { readonly kind: 'changed'; readonly entries: readonly CatalogueEntry[]; readonly end: bigint }
  | { readonly kind: 'failed'; readonly why: string }

const PARTITION = 0
const BYTES_AT_ONCE = 1_048_576
/** Each means that somebody else wrote in the same moment. */
const MOST_TRIES = 5
const OVERWRITTEN = 'that was overwritten'

/** One after the last record of the control topic. @throws when Kafka cannot be reached */
export async function catalogueEnd({ connection, topic, log }: CatalogueTopic): Promise<bigint> {
  const ranges = await viewCluster(connection, log, (view) => view.ranges([topic]))
  return ranges.get(topic)?.find(({ partition }) => partition === PARTITION)?.high ?? 0n
}

/** Every entry that was written there, in order; null when it cannot be read. */
async function entriesBetween(
  { connection, topic, log }: CatalogueTopic,
  from: bigint,
  to: bigint,
): Promise<readonly CatalogueEntry[] | null> {
  const entries: CatalogueEntry[] = []
  const end = await readStretches({
    connection,
    log,
    stretches: [{ topic, partition: PARTITION, from, to }],
    bytesAtOnce: BYTES_AT_ONCE,
    signal: new AbortController().signal,
    onRecords: (_, records) => {
      for (const { key, value } of records) {
        const text = value?.toString('utf8') ?? ''
        const read = parseCatalogueEntry(key?.toString('utf8') ?? '', text)
        if (read.ok) entries.push(read.entry)
      }
    },
  })
  return end.kind === 'read' ? entries : null
}

/**
 * Writes entries without losing what others write at the same time. Kafka knows no conditional
 * write, so each writer looks after its write at all that has come since it decided: of two, the
 * later one sees the other, merges, and writes once more.
 *
 * @param end where the topic ended before what was decided from was read
 */
export async function changeCatalogue(
  writing: CatalogueWriting,
  { entries, end }: { readonly entries: readonly CatalogueEntry[]; readonly end: bigint },
  merging: Merging,
): Promise<CatalogueChange> {
  const unreadable = { kind: 'failed', why: `the topic ${writing.topic} cannot be read` } as const
  let wanted = entries
  let known = end
  let written = 0
  for (let n = 0; n <= MOST_TRIES; n += 1) {
    const now = await catalogueEnd(writing).catch(() => null)
    if (now === null) return unreadable
    if (written > 0 && now === known + BigInt(written)) {
      return { kind: 'changed', entries: wanted, end: now }
    }
    const since = await entriesBetween(writing, known, now)
    if (since === null) return unreadable
    const merge = merging(wanted, since)
    if (merge.kind === 'conflict') {
      return { kind: 'failed', why: written === 0 ? merge.why : `${merge.why}; ${OVERWRITTEN}` }
    }
    wanted = merge.wanted
    known = now
    if (merge.missing.length === 0) return { kind: 'changed', entries: wanted, end: now }
    const problem = await writeCatalogue(writing, merge.missing)
    if (problem !== null) return { kind: 'failed', why: problem }
    written = merge.missing.length
  }
  return { kind: 'failed', why: `others keep writing to ${writing.topic}; run it again` }
}
