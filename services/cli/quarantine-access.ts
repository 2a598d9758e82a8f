import type { Mode } from '#core/routing.ts'
import { controlTopic, quarantineTopic } from '#core/routing.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import type { Settings } from '#platform/config/settings.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { StretchEnd } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import type { Extent } from '#quarantine/extent.ts'
import type { QuarantineFilter } from '#quarantine/filter.ts'
import type { EntryState, Inventory, ReadProgress } from '#quarantine/inventory.ts'
import { readChosen, takeInventory } from '#quarantine/inventory.ts'
import type { QuarantineLog } from '#quarantine/quarantine-log.ts'
import { quarantineExtents, quarantineLog } from '#quarantine/quarantine-log.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { failure, usageFault } from './fault.ts'
import { progressNotes } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** What the verbs below `quarantine` have in common. */
export interface QuarantineOptions extends QuarantineFilter {
  readonly mode: Mode
  readonly json?: true
}

export interface StateOptions {
  readonly state: EntryState
}

/** A quarantine topic and how to reach it. */
export interface QuarantineAccess {
  readonly terminal: Terminal
  readonly connection: KafkaConnection
  readonly topicPrefix: string
  readonly log: QuarantineLog
}

const CATALOGUE_WITHIN_MS = 10_000
const silent = createLogger({ service: 'cli', level: 'silent' })

export function accessOf(
  terminal: Terminal,
  settings: Settings<typeof KAFKA_SETTINGS>,
  mode: Mode,
): QuarantineAccess {
  const connection = connectionOf(settings, 'event-router-cli')
  const { topicPrefix } = settings
  const topic = quarantineTopic(topicPrefix, mode)
  const log = quarantineLog({ connection, log: silent, topic })
  return { terminal, connection, topicPrefix, log }
}

function unreachable({ connection, log }: QuarantineAccess) {
  const brokers = connection.brokers.join(', ')
  return failure(`Kafka at ${brokers} or its topic ${log.topic} cannot be reached`)
}

/** @throws CliFault unless all was read */
function demandWhole(access: QuarantineAccess, end: StretchEnd): void {
  if (end.kind === 'read') return
  if (end.kind === 'handler_failed') throw end.error
  if (end.kind === 'stopped') throw failure('stopped before the end')
  throw failure(`Kafka at ${access.connection.brokers.join(', ')} went away (${end.kind})`)
}

function readNotes({ terminal }: QuarantineAccess): ReadProgress {
  const note = progressNotes(terminal)
  return (read, total) => note(() => `${read} of ${total} records read`)
}

/** @throws CliFault when Kafka or the topic is away */
export async function extentsFor(
  access: QuarantineAccess,
  filter: QuarantineFilter,
): Promise<readonly Extent[]> {
  const { since, until } = filter
  if (since !== undefined && until !== undefined && since >= until) {
    throw usageFault('--since must be before --until')
  }
  const { connection, log } = access
  try {
    return await quarantineExtents({ connection, log: silent, topic: log.topic }, filter)
  } catch {
    throw unreachable(access)
  }
}

/** Which events are meant and which of them wait. @throws CliFault unless it is whole */
export async function inventoryOf(
  access: QuarantineAccess,
  filter: QuarantineFilter,
  extents: readonly Extent[],
): Promise<Inventory> {
  const { log, terminal } = access
  const onProgress = readNotes(access)
  const reading = { log, extents, filter, stopped: terminal.stopped, onProgress }
  const { end, inventory } = await takeInventory(reading)
  demandWhole(access, end)
  return inventory
}

interface Choice {
  readonly inventory: Inventory
  readonly state: EntryState
  readonly newest?: number
  readonly onMarker?: (partition: number, of: bigint, to: string) => void
}

/** Reads the events of an inventory. @throws CliFault unless all were read */
export async function readEvents(
  access: QuarantineAccess,
  choice: Choice,
  onEvents: (events: readonly SetAsideEvent[]) => void | Promise<void>,
): Promise<void> {
  const { log, terminal } = access
  const onProgress = readNotes(access)
  const chosen = { ...choice, log, stopped: terminal.stopped, onProgress }
  demandWhole(access, await readChosen(chosen, onEvents))
}

/** The catalogue of versions as it is now. @throws CliFault when it cannot be read */
export async function catalogueOf({ connection, topicPrefix }: QuarantineAccess) {
  const topic = controlTopic(topicPrefix)
  const entries = await readCatalogue(connection, topic, silent, CATALOGUE_WITHIN_MS)
  if (entries === null) throw failure(`the catalogue of versions on ${topic} cannot be read`)
  return [...entries.values()]
}

export const QUARANTINE_SETTINGS = KAFKA_SETTINGS
