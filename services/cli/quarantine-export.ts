import { once } from 'node:events'
import type { WriteStream } from 'node:fs'
import { constants, createWriteStream } from 'node:fs'
import { access as fileAccess, rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { DATABASE_SETTINGS } from '#platform/config/service-settings.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import { withDatabase } from './database-access.ts'
import { failure, usageFault } from './fault.ts'
import type { QuarantineAccess, QuarantineOptions, StateOptions } from './quarantine-access.ts'
import {
  accessOf,
  extentsFor,
  inventoryOf,
  QUARANTINE_SETTINGS,
  readEvents,
} from './quarantine-access.ts'
import type { ActorOption } from './quarantine-audit.ts'
import { auditedFilter, writeAudit } from './quarantine-audit.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface ExportOptions extends QuarantineOptions, StateOptions, ActorOption {
  readonly to: string
  readonly rawPersonalData?: true
}

function exportLine(topic: string, event: SetAsideEvent): string {
  const { partition, offset, tenant, receivedAtMs, headers, body } = event
  const place = { topic, partition, offset: offset.toString() }
  const value = body.toString('base64')
  return `${JSON.stringify({ ...place, received_at_ms: receivedAtMs, key: tenant, headers, value })}\n`
}

async function exists(file: string): Promise<boolean> {
  return await fileAccess(file, constants.F_OK).then(
    () => true,
    () => false,
  )
}

function fileFault(file: string, error: unknown): Error {
  const { code = 'unknown' } = error as { code?: string }
  return failure(`${file} cannot be written (${code})`)
}

/** A file of mode 0600 that is there whole or not at all. */
async function wholeFile(
  file: string,
  fill: (stream: WriteStream) => Promise<void>,
): Promise<void> {
  const part = `${file}.part`
  const stream = createWriteStream(part, { flags: 'wx', mode: 0o600 })
  await once(stream, 'open').catch((error: unknown) => {
    throw fileFault(part, error)
  })
  // Whoever writes looks at what went wrong; an event without a listener would end the process.
  stream.on('error', () => {})
  try {
    await fill(stream)
    stream.end()
    await finished(stream)
    await rename(part, file)
  } catch (error) {
    stream.destroy()
    await rm(part, { force: true })
    throw stream.errored === null ? error : fileFault(part, stream.errored)
  }
}

async function writeEvents(
  access: QuarantineAccess,
  options: ExportOptions,
  stream: WriteStream,
): Promise<number> {
  const inventory = await inventoryOf(access, options, await extentsFor(access, options))
  let written = 0
  await readEvents(access, { inventory, state: options.state }, async (events) => {
    for (const event of events) {
      if (stream.errored !== null) throw stream.errored
      const mayGoOn = stream.write(exportLine(access.log.topic, event))
      // A full disk ends the stream, and with it the drain that would be waited for.
      if (!mayGoOn) await Promise.race([once(stream, 'drain'), once(stream, 'close')])
      written += 1
    }
  })
  return written
}

/** `quarantine export`: the bodies exactly as signed, as JSON lines for the owner's eyes only. */
export async function exportQuarantine(terminal: Terminal, options: ExportOptions): Promise<void> {
  const { to, mode, state, json } = options
  if (options.rawPersonalData !== true) {
    throw usageFault('the file will hold personal data as it is; say --raw-personal-data')
  }
  if (await exists(to)) throw usageFault(`${to} is there already; it is not overwritten`)
  const environment = await stackEnvironment(terminal.environment, [
    'KAFKA_BROKERS',
    'DATABASE_URL',
  ])
  const settings = cliSettings({ ...QUARANTINE_SETTINGS, ...DATABASE_SETTINGS }, environment)
  const access = accessOf(terminal, settings, mode)
  const given = { ...auditedFilter(access.log.topic, options), state, to }
  await withDatabase(settings.databaseUrl, async (database) => {
    const audit = (outcome: string, events: number) =>
      writeAudit(database, options, 'quarantine.export', given, { state: outcome, events })
    await audit('begun', 0)
    let events = 0
    await wholeFile(to, async (stream) => {
      events = await writeEvents(access, options, stream)
    })
    await audit('done', events)
    const { topic } = access.log
    terminal.line(
      json === true
        ? JSON.stringify({ topic, events, to })
        : `${events} events of ${topic} are in ${to}; it holds personal data`,
    )
  })
}
