import { partitionOf } from '#core/murmur2.ts'
import type { ClusterView } from '#platform/kafka/cluster-view.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { LogStretch, StretchEnd } from '#platform/kafka/log-stretch.ts'
import type { Logger } from '#platform/log.ts'
import type { QuarantineEntry } from './entry.ts'
import { quarantineEntry } from './entry.ts'
import type { Extent } from './extent.ts'
import { CLOCK_SKEW_MS, extentOf } from './extent.ts'
import type { QuarantineFilter } from './filter.ts'
import { readStretchesResumed } from './resumed-reading.ts'

interface PlacedEntry {
  readonly offset: bigint
  readonly entry: QuarantineEntry
}

/** A quarantine topic as those who work with it need it. */
export interface QuarantineLog {
  readonly topic: string
  /** In order of a partition, one call at a time; ends between two calls when stopped. */
  read(
    stretches: readonly Omit<LogStretch, 'topic'>[],
    stopped: AbortSignal,
    onEntries: (partition: number, entries: readonly PlacedEntry[]) => void | Promise<void>,
  ): Promise<StretchEnd>
}

export interface QuarantineAccess {
  readonly connection: KafkaConnection
  readonly log: Logger
  /** `<prefix>.<mode>.quarantine` */
  readonly topic: string
}

/** Of one partition; with 12 of them no more than 3 MiB are in memory at a time. */
const BYTES_AT_ONCE = 262_144
/** Kafka sends and we decode what comes at once without a pause: some milliseconds of a core. */
export const GENTLE_BYTES_AT_ONCE = 65_536

/** @param bytesAtOnce most bytes that one partition may bring */
export function quarantineLog(
  { connection, log, topic }: QuarantineAccess,
  bytesAtOnce = BYTES_AT_ONCE,
): QuarantineLog {
  return {
    topic,
    read: (stretches, stopped, onEntries) =>
      readStretchesResumed({
        connection,
        log,
        stretches: stretches.map((stretch) => ({ ...stretch, topic })),
        bytesAtOnce,
        signal: stopped,
        onRecords: ({ partition }, records) =>
          onEntries(
            partition,
            records.map((record) => ({
              offset: record.offset,
              entry: quarantineEntry(partition, record),
            })),
          ),
      }),
  }
}

async function extentsIn(
  view: ClusterView,
  topic: string,
  { tenant, since, until }: QuarantineFilter,
): Promise<readonly Extent[]> {
  const ranges = (await view.ranges([topic])).get(topic)
  if (ranges === undefined) throw new Error('the topic is missing')
  const firsts = since === undefined ? null : await view.offsetsAt(topic, since - CLOCK_SKEW_MS)
  const afters = until === undefined ? null : await view.offsetsAt(topic, until + CLOCK_SKEW_MS)
  // The key is the tenant, so one partition holds all that was set aside for it.
  const only = tenant === undefined ? null : partitionOf(Buffer.from(tenant), ranges.length)
  return ranges
    .filter(({ partition }) => only === null || partition === only)
    .map(({ partition, low, high }) =>
      extentOf(partition, {
        low,
        high,
        first: firsts?.get(partition) ?? (firsts === null ? low : high),
        after: afters?.get(partition) ?? high,
      }),
    )
}

/**
 * Which parts of the topic can hold what the filter means, as it is now.
 *
 * @throws when Kafka cannot be reached or the topic is missing
 */
export async function quarantineExtents(
  { connection, log, topic }: QuarantineAccess,
  filter: QuarantineFilter,
): Promise<readonly Extent[]> {
  return await viewCluster(connection, log, (view) => extentsIn(view, topic, filter))
}
