import { resolve } from 'node:path'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { ApiVersion, TenantId } from '#core/ids.ts'
import type { Domain, Mode } from '#core/routing.ts'
import { controlTopic, DOMAINS, MODES } from '#core/routing.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { findingLine } from '#registrar/check-finding.ts'
import { Rehearsal } from '#registrar/rehearsal.ts'
import type { JudgedRehearsal } from '#registrar/rehearsal-report.ts'
import { isUnharmed, judged, rehearsalJson, rehearsalLines } from '#registrar/rehearsal-report.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'
import { checkedFolder, checkedFolders } from '#registrar/schema-files.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'
import { schemasFolder, versionsIn } from './check-command.ts'
import type { Since } from './choices.ts'
import { failure, usageFault } from './fault.ts'
import { progressNotes } from './progress.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'
import type { TrafficEnd } from './traffic-reading.ts'
import { readTraffic } from './traffic-reading.ts'

export interface RehearseOptions {
  readonly since: Since
  /** Both when missing. */
  readonly mode?: Mode
  /** Version of the bodies; each candidate's own when missing. */
  readonly version?: ApiVersion
  /** All when missing. */
  readonly domain?: Domain
  readonly tenant?: TenantId
  /** Folder of the versions that type the traffic today, where no catalogue says it. */
  readonly known?: string
  /** Places that may come to harm. */
  readonly accept?: readonly string[]
  /** Of one finding. */
  readonly samples: number
  /** Records a second. */
  readonly rate?: number
  readonly allowEmpty?: boolean
  readonly json?: true
}

const SETTINGS = { ...KAFKA_SETTINGS, jsonDepth: INGRESS_SETTINGS.jsonDepth } as const
const CATALOGUE_WITHIN_MS = 10_000
/** Of each of two thousand findings at most, in memory. */
const MOST_SAMPLES = 100
const PLACE = new RegExp(`^(?:${DOMAINS.join('|')}):\\S+$`)
const log = createLogger({ service: 'cli', level: 'silent' })

type Registered = (version: ApiVersion) => Readonly<Record<Domain, string>> | null

/** @throws CliFault when the linter refuses one: a folder is taken whole or not at all */
async function candidatesIn(
  terminal: Terminal,
  folder: string,
  json: boolean,
): Promise<readonly SchemaFolder[]> {
  const { folders, faults } = checkedFolders((await versionsIn(folder)).versions)
  if (faults.length === 0) return folders
  if (json) terminal.line(JSON.stringify({ ok: false, findings: faults, versions: [] }))
  else for (const fault of faults) terminal.line(findingLine(fault))
  throw failure(`${faults.length} findings in the schemas; nothing was rehearsed`)
}

/** Null where there is none, or it is not ours to read: the known folder stands in for it. */
async function catalogueAt(
  terminal: Terminal,
  connection: KafkaConnection,
  topicPrefix: string,
): Promise<ReadonlyMap<ApiVersion, CatalogueEntry> | null> {
  const topic = controlTopic(topicPrefix)
  const ranges = await viewCluster(connection, log, (view) => view.ranges([topic]))
  if ((ranges.get(topic) ?? []).every(({ low, high }) => low === high)) return null
  const catalogue = await readCatalogue(connection, topic, log, CATALOGUE_WITHIN_MS)
  if (catalogue === null) terminal.note(`${topic} cannot be read; --known says what is typed today`)
  return catalogue
}

/** What types the traffic today: the catalogue, or else a folder that is not the candidate's. */
async function registeredSchemas(
  terminal: Terminal,
  connection: KafkaConnection,
  topicPrefix: string,
  known: string,
  candidates: string,
): Promise<Registered> {
  const catalogue = await catalogueAt(terminal, connection, topicPrefix)
  const own = new Set((await versionsIn(candidates)).versions.map(({ path }) => path))
  const reading = await readVersionFolders(known)
  const folders = (reading?.versions ?? [])
    .filter(({ path }) => !own.has(resolve(path)))
    .flatMap((folder) => checkedFolder(folder).folders)
  return (version) => {
    const entry = catalogue?.get(version)
    if (entry === undefined) {
      return folders.find((folder) => folder.version === version)?.schemas ?? null
    }
    // Registered, and its events are set aside still: nothing of them is typed by now.
    if (entry.state === 'unknown') return null
    const pairs = DOMAINS.map((domain) => [domain, entry.domains[domain].schema] as const)
    return Object.fromEntries(pairs) as Record<Domain, string>
  }
}

interface Rehearsed {
  readonly end: TrafficEnd
  readonly rehearsals: readonly Rehearsal[]
}

async function rehearsed(
  terminal: Terminal,
  folder: string,
  options: RehearseOptions,
): Promise<Rehearsed> {
  const candidates = await candidatesIn(terminal, folder, options.json === true)
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const settings = cliSettings(SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  const { topicPrefix } = settings
  const { version, known = schemasFolder(terminal), samples, mode, domain } = options
  const note = progressNotes(terminal)
  try {
    const registered = await registeredSchemas(terminal, connection, topicPrefix, known, folder)
    const rehearsals = candidates.map((candidate) => {
      const traffic = version ?? candidate.version
      return new Rehearsal({ candidate, traffic, registered: registered(traffic), samples })
    })
    const events = () => rehearsals.reduce((sum, one) => sum + one.events, 0)
    const end = await readTraffic({
      connection,
      topicPrefix,
      modes: mode === undefined ? MODES : [mode],
      domains: domain === undefined ? DOMAINS : [domain],
      fromMs: options.since.atMs(Date.now()),
      tenant: options.tenant ?? null,
      isWanted: (found) => rehearsals.some(({ traffic }) => traffic === found),
      maxDepth: settings.jsonDepth,
      rate: options.rate ?? null,
      stopped: terminal.stopped,
      onEvent: (event) => {
        for (const one of rehearsals) if (one.traffic === event.envelope.apiVersion) one.take(event)
      },
      onRead: (read) => note(() => `${read} records read, ${events()} events rehearsed`),
    })
    return { end, rehearsals }
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('KafkaJS')) {
      throw failure(`Kafka at ${connection.brokers.join(', ')} cannot be reached`)
    }
    throw error
  }
}

function demandUse({ accept: places = [], samples }: RehearseOptions): void {
  if (samples > MOST_SAMPLES) throw usageFault(`--samples is ${MOST_SAMPLES} at most`)
  const wrong = places.find((place) => !PLACE.test(place))
  if (wrong !== undefined) {
    throw usageFault('--accept takes places as the report writes them: card:transaction.currency')
  }
}

function endLines({ kind, read, foreign, missing }: TrafficEnd): readonly string[] {
  const broken = kind === 'read' ? [] : [`the reading broke off (${kind}); this is what it had`]
  const gone = missing.length === 0 ? [] : [`not there, or not ours to see: ${missing.join(', ')}`]
  return [`${read} records read, ${foreign} of them no events of ours`, ...gone, ...broken]
}

/** The worst of it, as an exit code and a sentence. */
function demandProof(
  { kind }: TrafficEnd,
  judgements: readonly JudgedRehearsal[],
  { allowEmpty = false, version }: Pick<RehearseOptions, 'allowEmpty' | 'version'>,
): void {
  const harmful = judgements.filter((one) => !isUnharmed(one))
  if (harmful.length > 0) {
    const names = harmful.map(({ result }) => result.version).join(', ')
    throw failure(`${names}: the traffic does not fit; nothing of this should be registered`)
  }
  if (kind !== 'read') throw failure('not all of the traffic was read, so nothing is proven')
  const empty = judgements.filter(({ result }) => result.events === 0)
  if (empty.length === 0 || allowEmpty) return
  const names = empty.map(({ result }) => result.traffic).join(', ')
  const hint = version === undefined ? 'name other traffic with --version' : 'widen --since'
  throw failure(
    `nothing was there to rehearse: no event of ${names}; ${hint}, or accept it with --allow-empty`,
  )
}

/**
 * Encodes what lies on the topics anew, with candidates, and says what would come to harm.
 *
 * @throws CliFault with exit code 1 when something would, or nothing was proven
 */
export async function rehearseSchemas(
  terminal: Terminal,
  folder: string,
  options: RehearseOptions,
): Promise<void> {
  const { accept = [], json } = options
  demandUse(options)
  const { end, rehearsals } = await rehearsed(terminal, folder, options)
  const judgements = rehearsals.map((one) => judged(one.result(), new Set(accept)))
  if (json === true) {
    const ok = end.kind === 'read' && judgements.every(isUnharmed)
    const { kind, ...counts } = end
    const versions = judgements.map(rehearsalJson)
    terminal.line(JSON.stringify({ ok, whole: kind === 'read', ...counts, versions }))
  } else {
    for (const line of judgements.flatMap(rehearsalLines)) terminal.line(line)
    for (const line of endLines(end)) terminal.line(line)
  }
  demandProof(end, judgements, options)
}
