import type { QuarantineAccess, QuarantineOptions, StateOptions } from './quarantine-access.ts'
import {
  accessOf,
  extentsFor,
  inventoryOf,
  QUARANTINE_SETTINGS,
  readEvents,
} from './quarantine-access.ts'
import type { EventSummary } from './quarantine-summary.ts'
import { EventStats, newestFirst, summaryOf } from './quarantine-summary.ts'
import { statsJson, statsLines, summaryLine } from './quarantine-text.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ListOptions extends QuarantineOptions, StateOptions {
  /** Only so many, the newest. */
  readonly limit: number
}

async function kafkaOnly(
  terminal: Terminal,
  { mode }: QuarantineOptions,
): Promise<QuarantineAccess> {
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  return accessOf(terminal, cliSettings(QUARANTINE_SETTINGS, environment), mode)
}

/** The newest of each partition are kept while they are read, and of them the newest. */
async function newestOf(access: QuarantineAccess, options: ListOptions) {
  const { state, limit } = options
  const inventory = await inventoryOf(access, options, await extentsFor(access, options))
  const released = new Map(
    inventory.partitions.map(({ extent, offsets }) => [extent.partition, offsets.released]),
  )
  const found = new Map<string, EventSummary>()
  const onMarker = (partition: number, of: bigint, to: string) => {
    const key = `${partition}/${of}`
    const summary = found.get(key)
    if (summary !== undefined) found.set(key, { ...summary, released_to: to })
  }
  const choice = { inventory, state, newest: limit, ...(state === 'waiting' ? {} : { onMarker }) }
  await readEvents(access, choice, (events) => {
    for (const event of events) {
      const { partition, offset } = event
      const isReleased = released.get(partition)?.has(offset) === true
      found.set(`${partition}/${offset}`, summaryOf(event, isReleased))
    }
  })
  const rows = [...found.values()].sort(newestFirst).slice(0, limit)
  return { rows, total: inventory.counts[state] }
}

/** `quarantine list`: the newest events that are meant, without their bodies. */
export async function listQuarantine(terminal: Terminal, options: ListOptions): Promise<void> {
  const access = await kafkaOnly(terminal, options)
  const { rows, total } = await newestOf(access, options)
  for (const row of rows) {
    terminal.line(options.json === true ? JSON.stringify(row) : summaryLine(row))
  }
  const { topic } = access.log
  if (total === 0) terminal.note(`no such event on ${topic}`)
  if (rows.length < total) {
    terminal.note(`the newest ${rows.length} of ${total}; --limit shows more`)
  }
}

/** `quarantine stats`: what is there, by reason, version and tenant. */
export async function quarantineStats(
  terminal: Terminal,
  options: QuarantineOptions & StateOptions,
): Promise<void> {
  const access = await kafkaOnly(terminal, options)
  const { state, json } = options
  const inventory = await inventoryOf(access, options, await extentsFor(access, options))
  const stats = new EventStats()
  await readEvents(access, { inventory, state }, (events) => {
    for (const event of events) stats.add(event)
  })
  const { waiting, released } = inventory.counts
  const shown = { topic: access.log.topic, stats, state, waiting, released }
  if (json === true) terminal.line(statsJson(shown))
  else for (const line of statsLines(shown)) terminal.line(line)
}
