import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ApiVersion } from '#core/ids.ts'
import type { Mode } from '#core/routing.ts'
import { MODES, quarantineTopic } from '#core/routing.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { LogStretch, StretchEnd } from '#platform/kafka/log-stretch.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import type { InferredVersion } from '#registrar/inference.ts'
import { baseOf, VersionInference } from '#registrar/inference.ts'
import { inferenceReport } from '#registrar/inference-report.ts'
import { schemaFileText } from '#registrar/schema-file-text.ts'
import type { KnownVersion } from '#registrar/version-check.ts'
import { knownVersion } from '#registrar/version-check.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'
import { schemasFolder } from './check-command.ts'
import type { Since } from './choices.ts'
import { failure, usageFault } from './fault.ts'
import { progressNotes } from './progress.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface InferOptions {
  readonly version: ApiVersion
  /** Both when missing. */
  readonly mode?: Mode
  /** Everything that is still there when missing. */
  readonly since?: Since
  /** Only the report when missing. */
  readonly out?: string
}

/** Bounds the memory of one fetch. */
const BYTES_AT_ONCE = 262_144
const READING_ATTEMPTS = 5
const READING_PAUSE_MS = 1000
const log = createLogger({ service: 'cli', level: 'silent' })

async function refuseExisting(out: string): Promise<void> {
  const found = await stat(out).catch(() => null)
  if (found !== null) throw usageFault(`${out} is there already; nothing is overwritten`)
}

async function stretchesOf(
  connection: KafkaConnection,
  topics: readonly string[],
  fromMs: number | null,
): Promise<readonly LogStretch[]> {
  try {
    return await viewCluster(connection, log, async (view) => {
      const stretches: LogStretch[] = []
      for (const [topic, ranges] of await view.ranges(topics)) {
        const firsts = fromMs === null ? null : await view.offsetsAt(topic, fromMs)
        for (const { partition, low, high } of ranges) {
          stretches.push({ topic, partition, from: firsts?.get(partition) ?? low, to: high })
        }
      }
      return stretches
    })
  } catch {
    throw failure(`Kafka at ${connection.brokers.join(', ')} cannot be reached`)
  }
}

async function knownVersions(folder: string): Promise<readonly KnownVersion[]> {
  const versions = (await readVersionFolders(folder))?.versions ?? []
  return versions.map(knownVersion).filter((version) => version !== null)
}

/** Reads the quarantine once, and says how far it is. */
async function gather(
  terminal: Terminal,
  connection: KafkaConnection,
  stretches: readonly LogStretch[],
  inference: VersionInference,
): Promise<StretchEnd> {
  const total = stretches.reduce((sum, { from, to }) => sum + (to - from), 0n)
  const note = progressNotes(terminal)
  let read = 0
  return await readStretches({
    connection,
    log,
    stretches,
    bytesAtOnce: BYTES_AT_ONCE,
    signal: terminal.stopped,
    onRecords: (_stretch, records) => {
      for (const record of records) inference.take(record)
      read += records.length
      note(() => `${read} of ${total} records read, ${inference.events} events of the version`)
    },
  })
}

/**
 * Reads the quarantine to its end, from the beginning when a broker goes away: the coordinator of a
 * young cluster may take seconds to be there.
 */
async function gathered(
  terminal: Terminal,
  connection: KafkaConnection,
  stretches: readonly LogStretch[],
  version: ApiVersion,
): Promise<VersionInference> {
  for (let attempt = 1; ; attempt += 1) {
    const inference = new VersionInference(version)
    const end = await gather(terminal, connection, stretches, inference)
    if (end.kind === 'read') return inference
    if (end.kind === 'handler_failed') throw end.error
    if (end.kind === 'stopped') throw failure('stopped before the end; nothing was written')
    if (attempt === READING_ATTEMPTS) {
      throw failure(`Kafka at ${connection.brokers.join(', ')} went away (${end.kind})`)
    }
    await delay(READING_PAUSE_MS)
  }
}

/** The folder appears when all of it is there. */
async function write(out: string, { domains, samples }: InferredVersion): Promise<void> {
  const part = join(dirname(resolve(out)), `.infer-${process.pid}`)
  await mkdir(join(part, 'samples'), { recursive: true })
  for (const { domain, schema } of domains) {
    await writeFile(join(part, `${domain}.avsc`), schemaFileText(schema))
  }
  for (const [type, sample] of samples) {
    const text = `${JSON.stringify(sample, null, 2)}\n`
    await writeFile(join(part, 'samples', `${type}.json`), text)
  }
  await rename(part, resolve(out))
}

/** Proposes a folder for a version that nobody knows, from the events that were set aside. */
export async function inferSchemas(terminal: Terminal, options: InferOptions): Promise<void> {
  const { version, mode, since, out } = options
  if (out !== undefined) await refuseExisting(out)
  const known = schemasFolder(terminal)
  const base = baseOf(version, await knownVersions(known))
  if (base === undefined) throw usageFault(`no version to start from is in the folder ${known}`)
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const settings = cliSettings(KAFKA_SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  const modes = mode === undefined ? MODES : [mode]
  const topics = modes.map((one) => quarantineTopic(settings.topicPrefix, one))
  const fromMs = since === undefined ? null : since.atMs(Date.now())
  const stretches = await stretchesOf(connection, topics, fromMs)
  const inference = await gathered(terminal, connection, stretches, version)
  if (inference.events === 0) {
    throw failure(`no event of version ${version} was set aside as unknown in ${topics.join(', ')}`)
  }
  const proposal = inference.proposal(base)
  terminal.line(`${inference.events} events of ${version}, held against ${base.folder.version}`)
  if (inference.unreadable > 0) terminal.line(`${inference.unreadable} records are no events of it`)
  for (const line of inferenceReport(proposal)) terminal.line(line)
  if (out === undefined) return
  await write(out, proposal)
  terminal.line(`wrote ${out}: a proposal; read it, then \`schemas check ${out}\``)
}
