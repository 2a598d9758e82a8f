import { isUtf8 } from 'node:buffer'
import type { CatalogueEntry } from '#core/catalogue.ts'
import { DATABASE_SETTINGS } from '#platform/config/service-settings.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import type { Extent } from '#quarantine/extent.ts'
import type { MaskedBody } from '#quarantine/masked-body.ts'
import { maskedBody } from '#quarantine/masked-body.ts'
import { nearestSchema } from '#quarantine/nearest-schema.ts'
import { withDatabase } from './database-access.ts'
import { failure, usageFault } from './fault.ts'
import { printable } from './printable.ts'
import type { QuarantineAccess, QuarantineOptions } from './quarantine-access.ts'
import {
  accessOf,
  catalogueOf,
  extentsFor,
  inventoryOf,
  QUARANTINE_SETTINGS,
  readEvents,
} from './quarantine-access.ts'
import type { ActorOption } from './quarantine-audit.ts'
import { auditedFilter, writeAudit } from './quarantine-audit.ts'
import { placeOf, summaryOf } from './quarantine-summary.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ShowOptions extends QuarantineOptions, ActorOption {
  readonly rawPersonalData?: true
}

/** An id may have been set aside more than once; a body may have 1 MiB. */
const MOST_SHOWN = 20
const PLACE = /^(?:(.+)\/)?(\d{1,4})\/(\d{1,19})$/

/** The one record of a place, as an extent. */
function extentAt(place: string, extents: readonly Extent[], topic: string): Extent {
  const [, named = topic, partition, offset] = PLACE.exec(place) ?? []
  if (partition === undefined || offset === undefined || named !== topic) {
    throw usageFault(`${place} is no place of ${topic}; it must be <partition>/<offset>`)
  }
  const extent = extents.find((one) => one.partition === Number(partition))
  const from = BigInt(offset)
  if (extent === undefined || from < extent.from || from >= extent.to) {
    throw failure(`there is no record at ${partition}/${offset} of ${topic} (any more)`)
  }
  return { ...extent, from, to: from + 1n }
}

interface Found {
  readonly event: SetAsideEvent
  readonly releasedTo: string | null
}

async function find(
  access: QuarantineAccess,
  place: string | undefined,
  options: ShowOptions,
): Promise<readonly Found[]> {
  const all = await extentsFor(access, options)
  const extents = place === undefined ? all : [extentAt(place, all, access.log.topic)]
  const inventory = await inventoryOf(access, options, extents)
  const events: SetAsideEvent[] = []
  const markers = new Map<string, string>()
  const keyOf = (partition: number, offset: bigint) => `${partition}/${offset}`
  const onMarker = (partition: number, of: bigint, to: string) => {
    if (events.some((event) => event.partition === partition && event.offset === of)) {
      markers.set(keyOf(partition, of), to)
    }
  }
  const choice = { inventory, state: 'all', newest: MOST_SHOWN, onMarker } as const
  await readEvents(access, choice, (more) => {
    events.push(...more)
    events.sort((a, b) => b.receivedAtMs - a.receivedAtMs).splice(MOST_SHOWN)
  })
  if (events.length === 0) throw failure(`no such event on ${access.log.topic}`)
  return events.map((event) => ({
    event,
    releasedTo: markers.get(keyOf(event.partition, event.offset)) ?? null,
  }))
}

/** A body for people and for programs. */
interface ShownBody {
  readonly lines: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
}

function rawBody(body: Buffer): ShownBody {
  const text = body.toString('utf8')
  const lines = isUtf8(body) ? text.split('\n') : [`base64 ${body.toString('base64')}`]
  return { lines: ['body, raw:', ...lines], fields: { body_base64: body.toString('base64') } }
}

function masked(event: SetAsideEvent, entries: readonly CatalogueEntry[]): ShownBody {
  const schema = nearestSchema(entries, event)
  const body: MaskedBody = maskedBody(event.body, schema?.text ?? null)
  if (body.kind === 'hidden') {
    return { lines: [`body: hidden, ${body.why}`], fields: { body: null, hidden: body.why } }
  }
  const by = schema === null ? 'no schema' : `the schema of ${schema.version}`
  const text = JSON.stringify(body.value, null, 2)
  return {
    lines: [`body, masked by ${by}:`, ...text.split('\n')],
    fields: { body: body.value, masked_by: schema?.version ?? null },
  }
}

function linesOf(topic: string, { event, releasedTo }: Found, body: ShownBody): readonly string[] {
  const fate = releasedTo === null ? 'waiting' : `released to ${releasedTo}`
  const headers = Object.entries(event.headers).map(([name, value]) => `  ${name}: ${value}`)
  const summary = summaryOf(event, releasedTo !== null)
  return [
    `${topic}/${placeOf(summary)}  ${summary.received_at}  ${event.tenant}  ${event.body.length} bytes  ${fate}`,
    ...headers,
    ...body.lines,
  ].map(printable)
}

function print(
  access: QuarantineAccess,
  { json }: ShowOptions,
  found: readonly Found[],
  bodyOf: (event: SetAsideEvent) => ShownBody,
): void {
  const { terminal, log } = access
  for (const one of found) {
    const { event, releasedTo } = one
    const body = bodyOf(event)
    if (json === true) {
      const summary = { ...summaryOf(event, releasedTo !== null), released_to: releasedTo }
      const { topic } = log
      terminal.line(JSON.stringify({ topic, ...summary, headers: event.headers, ...body.fields }))
    } else for (const line of linesOf(log.topic, one, body)) terminal.line(line)
  }
}

/** The audit is written first: without it nothing is shown. */
async function showRaw(
  terminal: Terminal,
  place: string | undefined,
  options: ShowOptions,
): Promise<void> {
  const environment = await stackEnvironment(terminal.environment, [
    'KAFKA_BROKERS',
    'DATABASE_URL',
  ])
  const settings = cliSettings({ ...QUARANTINE_SETTINGS, ...DATABASE_SETTINGS }, environment)
  const access = accessOf(terminal, settings, options.mode)
  const found = await find(access, place, options)
  await withDatabase(settings.databaseUrl, async (database) => {
    const given = { ...auditedFilter(access.log.topic, options), place }
    const shown = found.map(({ event }) => placeOf(summaryOf(event, false)))
    await writeAudit(database, options, 'quarantine.show_raw', given, { shown })
  })
  print(access, options, found, ({ body }) => rawBody(body))
}

/**
 * `quarantine show`: headers and body of a record, or of those with an id; personal data masked
 * unless the raw bytes are asked for.
 */
export async function showQuarantine(
  terminal: Terminal,
  place: string | undefined,
  options: ShowOptions,
): Promise<void> {
  if ((place === undefined) === (options.id === undefined)) {
    throw usageFault('say which: <partition>/<offset>, or --id <event id>')
  }
  if (options.rawPersonalData === true) return await showRaw(terminal, place, options)
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const access = accessOf(terminal, cliSettings(QUARANTINE_SETTINGS, environment), options.mode)
  const found = await find(access, place, options)
  const entries = await catalogueOf(access)
  print(access, options, found, (event) => masked(event, entries))
}
