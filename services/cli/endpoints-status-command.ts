import { endpointUsageTopic } from '#core/routing.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import type { RecordSpan } from '#ingress/record-span.ts'
import { currentSpans, recordedSince, recordSpan } from '#ingress/record-span.ts'
import type { SecretUse } from '#ingress/secret-usage.ts'
import { secretUse } from '#ingress/secret-usage.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import { endpointBook } from './endpoint-access.ts'
import type { EndpointsOptions } from './endpoints-command.ts'
import { CliFault, failure } from './fault.ts'
import { demandAllUsable, foundEndpoint } from './found-endpoints.ts'
import type { SecretAdvice } from './rotation-advice.ts'
import { rotationAdvice } from './rotation-advice.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

const BYTES_AT_ONCE = 1024 * 1024

/** What ingresses have written down. */
interface Usage {
  /** By endpoint and secret, one for each process of an ingress. */
  readonly uses: ReadonlyMap<string, readonly SecretUse[]>
  /** From when to when each process did. */
  readonly spans: readonly RecordSpan[]
}

const NOTHING: Usage = { uses: new Map(), spans: [] }

function usageKey(endpointId: string, secretId: string): string {
  return JSON.stringify([endpointId, secretId])
}

/** The last record of each key counts: figures are of a whole process since its start. */
async function readUsage(
  connection: KafkaConnection,
  topic: string,
  signal: AbortSignal,
): Promise<Usage> {
  const log = createLogger({ service: 'cli', level: 'silent' })
  const ranges = await viewCluster(connection, log, (view) => view.ranges([topic])).catch(() => {
    throw failure(`Kafka at ${connection.brokers.join(',')} cannot be reached; is it running?`)
  })
  const partitions = ranges.get(topic)
  if (partitions === undefined) {
    throw failure(`the topic ${topic} does not exist; \`schemas register\` makes it`)
  }
  const values = new Map<string, Buffer | null>()
  const end = await readStretches({
    connection,
    log,
    stretches: partitions.map(({ partition, low, high }) => ({
      ...{ topic, partition },
      ...{ from: low, to: high },
    })),
    bytesAtOnce: BYTES_AT_ONCE,
    signal,
    onRecords: (_stretch, records) => {
      for (const { key, value } of records) values.set(key?.toString() ?? '', value)
    },
  })
  if (end.kind !== 'read') throw failure(`the topic ${topic} could not be read (${end.kind})`)
  return usageOf(values)
}

function usageOf(values: ReadonlyMap<string, Buffer | null>): Usage {
  const uses = new Map<string, SecretUse[]>()
  const spans: RecordSpan[] = []
  for (const [key, value] of values) {
    const text = value?.toString() ?? ''
    const span = recordSpan(key, text)
    if (span !== null) spans.push(span)
    const use = secretUse(key, text)
    if (use === null) continue
    const owner = usageKey(use.endpointId, use.secretId)
    uses.set(owner, [...(uses.get(owner) ?? []), use])
  }
  return { uses, spans }
}

interface Recorded {
  /** Milliseconds since the epoch; null when nobody writes down what matches at present. */
  readonly sinceMs: number | null
  /** Processes of ingresses that do. */
  readonly processes: number
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function recordedText({ sinceMs, processes }: Recorded): string {
  if (sinceMs === null) return 'what matches is not written down at present'
  return `written down since ${iso(sinceMs)}, now by ${processes}`
}

/** When a secret matched last; that it did not is known only of the time that was written down. */
function lastText(lastAtMs: number | null, { sinceMs }: Recorded): string {
  return iso(lastAtMs) ?? (sinceMs === null ? 'unknown' : 'never')
}

function say(
  terminal: Terminal,
  { id, state }: EndpointEntry,
  advice: readonly SecretAdvice[],
  recorded: Recorded,
): void {
  terminal.line(`${id}  ${state}  (${recordedText(recorded)})`)
  for (const { id: secret, usable, matched, lastAtMs, words } of advice) {
    const times = matched === 0 && recorded.sinceMs === null ? 'unknown' : String(matched)
    terminal.line(
      `  ${secret}  ${usable ? 'usable' : 'expired'}  matched ${times}  last ${lastText(lastAtMs, recorded)}\n      ${words}`,
    )
  }
}

function sayJson(
  terminal: Terminal,
  { id, state }: EndpointEntry,
  advice: readonly SecretAdvice[],
  { sinceMs, processes }: Recorded,
): void {
  const secrets = advice.map(({ lastAtMs, safeToRetire, matched, words, ...rest }) => ({
    ...rest,
    matched: matched === 0 && sinceMs === null ? null : matched,
    last_matched: iso(lastAtMs),
    safe_to_retire: safeToRetire,
    advice: words,
  }))
  const recorded = { recorded_since: iso(sinceMs), recording_processes: processes }
  terminal.line(JSON.stringify({ id, state, ...recorded, secrets }))
}

/** Why nothing is known, beside the nothing. */
async function usageNow(terminal: Terminal) {
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const settings = cliSettings(KAFKA_SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  const topic = endpointUsageTopic(settings.topicPrefix)
  try {
    return { usage: await readUsage(connection, topic, terminal.stopped), problem: null }
  } catch (error) {
    if (!(error instanceof CliFault)) throw error
    return { usage: NOTHING, problem: error }
  }
}

/** `endpoints status`: when each secret last matched and how often, and whether it may go. */
export async function endpointsStatus(
  terminal: Terminal,
  id: string | undefined,
  { json }: EndpointsOptions,
): Promise<void> {
  const found = await (await endpointBook(terminal)).read()
  const chosen = id === undefined ? [...found.usable.values()] : [foundEndpoint(found, id)]
  const { usage, problem } = await usageNow(terminal)
  const nowMs = Date.now()
  const sinceMs = recordedSince(usage.spans, nowMs)
  const recorded = { sinceMs, processes: currentSpans(usage.spans, nowMs).length }
  for (const entry of chosen) {
    if (id === undefined && entry.state === 'removed') continue
    const usesOf = (secretId: string) => usage.uses.get(usageKey(entry.id, secretId)) ?? []
    const advice = rotationAdvice(entry, usesOf, sinceMs, nowMs)
    const tell = json === true ? sayJson : say
    tell(terminal, entry, advice, recorded)
  }
  if (problem !== null) throw problem
  if (id === undefined) demandAllUsable(found, 'nothing can be said of them')
}
