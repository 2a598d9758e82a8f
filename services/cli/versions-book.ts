import type { CatalogueEntry } from '#core/catalogue.ts'
import { parseCatalogueEntry } from '#core/catalogue.ts'
import type { Mode } from '#core/routing.ts'
import { MODES } from '#core/routing.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { entryAfter } from '#platform/kafka/catalogue-records.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { StretchRecord } from '#platform/kafka/log-stretch.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import { failure } from './fault.ts'
import { accessOf, extentsFor, inventoryOf, readEvents } from './quarantine-access.ts'
import { cliSettings } from './stack-address.ts'
import type { VersionsAccess } from './versions-access.ts'

/** An entry, and when its state was written (milliseconds since the epoch, as the topic has it). */
export interface WrittenEntry {
  readonly entry: CatalogueEntry
  readonly writtenMs: number
}

/** How many events of a version wait because it was unknown, by mode. */
export type WaitingEvents = Readonly<Record<Mode, number>>

const BYTES_AT_ONCE = 1_048_576
const silent = createLogger({ service: 'cli', level: 'silent' })

function noted(entries: Map<string, WrittenEntry>, record: StretchRecord): void {
  const key = record.key?.toString('utf8') ?? ''
  if (record.value === null) {
    entries.delete(key)
    return
  }
  const read = parseCatalogueEntry(key, record.value.toString('utf8'))
  if (!read.ok) return
  const known = entries.get(key)
  const entry = entryAfter(known?.entry, read.entry)
  const isKept = known !== undefined && entry.isTakenBack === true
  entries.set(key, { entry, writtenMs: isKept ? known.writtenMs : record.timestampMs })
}

/** Every version of the catalogue, oldest first. @throws CliFault when it cannot be read */
export async function writtenEntries(
  access: Pick<VersionsAccess, 'connection' | 'topic' | 'terminal'>,
): Promise<readonly WrittenEntry[]> {
  const { connection, topic, terminal } = access
  const away = failure(`Kafka at ${connection.brokers.join(', ')} or ${topic} cannot be reached`)
  const view = viewCluster(connection, silent, (cluster) => cluster.ranges([topic]))
  const ranges = await view.catch(() => {
    throw away
  })
  const stretches = (ranges.get(topic) ?? [])
    .filter(({ low, high }) => low < high)
    .map(({ partition, low, high }) => ({ topic, partition, from: low, to: high }))
  const entries = new Map<string, WrittenEntry>()
  if (stretches.length === 0) return []
  const end = await readStretches({
    connection,
    log: silent,
    stretches,
    bytesAtOnce: BYTES_AT_ONCE,
    signal: terminal.stopped,
    onRecords: (_, records) => {
      for (const record of records) noted(entries, record)
    },
  })
  if (end.kind === 'stopped') throw failure('stopped before the end')
  if (end.kind !== 'read') throw away
  return [...entries.values()].sort((a, b) => (a.entry.version < b.entry.version ? -1 : 1))
}

/**
 * What waits because its version was unknown, by version; also of versions without an entry.
 *
 * @param version only this one
 * @throws CliFault when it cannot be read
 */
export async function waitingEvents(
  { terminal, environment }: VersionsAccess,
  version?: string,
): Promise<ReadonlyMap<string, WaitingEvents>> {
  const waiting = new Map<string, WaitingEvents>()
  const filter = { reason: 'unknown_version', version }
  for (const mode of MODES) {
    const access = accessOf(terminal, cliSettings(KAFKA_SETTINGS, environment), mode)
    const inventory = await inventoryOf(access, filter, await extentsFor(access, filter))
    await readEvents(access, { inventory, state: 'waiting' }, (events) => {
      for (const { apiVersion } of events) {
        const own = waiting.get(apiVersion ?? '') ?? { live: 0, sandbox: 0 }
        waiting.set(apiVersion ?? '', { ...own, [mode]: own[mode] + 1 })
      }
    })
  }
  return waiting
}
