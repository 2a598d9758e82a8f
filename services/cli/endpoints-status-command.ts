import { endpointUsageTopic } from '#core/routing.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import type { SecretUse } from '#ingress/secret-usage.ts'
import { secretUse } from '#ingress/secret-usage.ts'
import { KAFKA_SETTINGS } from '#platform/config/service-settings.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import { endpointBook } from './endpoint-access.ts'
import { foundEndpoint } from './endpoint-changes.ts'
import type { EndpointsOptions } from './endpoints-command.ts'
import { failure } from './fault.ts'
import type { SecretAdvice } from './rotation-advice.ts'
import { rotationAdvice } from './rotation-advice.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

const BYTES_AT_ONCE = 1024 * 1024

/** Uses by endpoint and secret, one for each process of an ingress. */
type Usage = ReadonlyMap<string, readonly SecretUse[]>

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
  const usage = new Map<string, SecretUse[]>()
  for (const [key, value] of values) {
    const use = value === null ? null : secretUse(key, value.toString())
    if (use === null) continue
    const owner = usageKey(use.endpointId, use.secretId)
    usage.set(owner, [...(usage.get(owner) ?? []), use])
  }
  return usage
}

function say(
  terminal: Terminal,
  { id, state }: EndpointEntry,
  advice: readonly SecretAdvice[],
  json: boolean,
): void {
  if (json) {
    const secrets = advice.map(({ lastAtMs, safeToRetire, words, ...rest }) => ({
      ...rest,
      last_matched: lastAtMs === null ? null : new Date(lastAtMs).toISOString(),
      safe_to_retire: safeToRetire,
      advice: words,
    }))
    terminal.line(JSON.stringify({ id, state, secrets }))
    return
  }
  terminal.line(`${id}  ${state}`)
  for (const { id: secret, usable, matched, lastAtMs, words } of advice) {
    const when = lastAtMs === null ? 'never' : new Date(lastAtMs).toISOString()
    terminal.line(
      `  ${secret}  ${usable ? 'usable' : 'expired'}  matched ${matched}  last ${when}\n      ${words}`,
    )
  }
}

/** `endpoints status`: when each secret last matched and how often, and whether it may go. */
export async function endpointsStatus(
  terminal: Terminal,
  id: string | undefined,
  { json }: EndpointsOptions,
): Promise<void> {
  const found = await (await endpointBook(terminal)).read()
  const chosen = id === undefined ? [...found.values()] : [foundEndpoint(found, id)]
  const environment = await stackEnvironment(terminal.environment, ['KAFKA_BROKERS'])
  const settings = cliSettings(KAFKA_SETTINGS, environment)
  const connection = connectionOf(settings, 'event-router-cli')
  const topic = endpointUsageTopic(settings.topicPrefix)
  const usage = await readUsage(connection, topic, terminal.stopped)
  const nowMs = Date.now()
  for (const entry of chosen) {
    if (id === undefined && entry.state === 'removed') continue
    const usesOf = (secretId: string) => usage.get(usageKey(entry.id, secretId)) ?? []
    say(terminal, entry, rotationAdvice(entry, usesOf, nowMs), json === true)
  }
}
