import { randomBytes } from 'node:crypto'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartHost } from './host.ts'
import { kafkaClassPath } from './jars.ts'
import { requireJava, smallJavaEnvironment, smallJavaFlags } from './java.ts'
import { acknowledgesRecords } from './kafka-readiness.ts'
import { type BrokerPlace, brokerProperties, type ClusterShape } from './kafka-settings.ts'
import { PartFault } from './part-fault.ts'
import { requireFreePort } from './ports.ts'
import { type Child, startChild } from './process.ts'
import { waitUntilReady } from './readiness.ts'
import { run } from './run.ts'

export interface KafkaOptions {
  readonly dataDir: string
  readonly logFile: string
  readonly port: number
  readonly controllerPort: number
  /** The setting that moves the port, for the message about a busy one. */
  readonly portVariable?: string
  /** Further lines of server.properties; they count over those before them. */
  readonly moreSettings?: readonly string[]
}

export interface RunningKafka extends Child {
  /** `127.0.0.1:port`, as KAFKA_BROKERS takes it. */
  readonly brokers: string
}

export interface BrokerOptions {
  readonly place: BrokerPlace
  readonly shape: ClusterShape
  /** 22 characters of base64url, the same for every broker of a cluster. */
  readonly clusterId: string
  readonly dataDir: string
  readonly logFile: string
  readonly heapMegabytes: number
  readonly moreSettings?: readonly string[]
}

/** How long a start may take; after a SIGKILL Kafka first checks its logs. */
export const kafkaReadyWithinMs = 90_000

/** An id for a new cluster. Kafka's tools take one that begins with `-` for an option. */
export function newClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? newClusterId() : id
}

/**
 * Starts one broker on 127.0.0.1 that is its own controller; resolves when it acknowledged a record.
 * Ports may differ from start to start, the data stays.
 * @throws PartFault with a sentence that says what to do
 */
export async function startKafka(options: KafkaOptions, host: PartHost): Promise<RunningKafka> {
  const { port, controllerPort, dataDir, logFile } = options
  await requireFreePort(port, 'Kafka', options.portVariable ?? 'KAFKA_PORT')
  await requireFreePort(controllerPort, "Kafka's controller", 'KAFKA_CONTROLLER_PORT')
  const place = { nodeId: 1, port, controllerPort }
  const shape = { places: [place], replicationFactor: 1, minInsyncReplicas: 1 }
  const clusterId = newClusterId()
  const { moreSettings = [] } = options
  const broker = { place, shape, clusterId, dataDir, logFile, heapMegabytes: 256, moreSettings }
  const child = await startBroker(broker, host)
  const brokers = `127.0.0.1:${port}`
  await waitUntilReady(child, () => acknowledgesRecords([brokers], 1), kafkaReadyWithinMs)
  return { ...child, brokers }
}

/** Starts one broker, formatting its data folder when that is new; does not wait for it. */
export async function startBroker(options: BrokerOptions, host: PartHost): Promise<Child> {
  const { place, shape, clusterId, dataDir, logFile, heapMegabytes, moreSettings = [] } = options
  const [java, classPath] = await Promise.all([requireJava(host), kafkaClassPath(host)])
  await mkdir(dataDir, { recursive: true })
  const logDir = join(dataDir, 'logs')
  const properties = join(dataDir, 'server.properties')
  const lines = moreSettings.map((line) => `${line}\n`).join('')
  await writeFile(properties, `${brokerProperties(place, shape, logDir)}${lines}`)
  const base = [...javaFlags(heapMegabytes), '-cp', classPath]
  if (!(await isFormatted(logDir))) await format(java, base, clusterId, properties, host)
  const name = shape.places.length === 1 ? 'kafka' : `kafka-${place.nodeId}`
  const args = [...base, 'kafka.Kafka', properties]
  const env = smallJavaEnvironment
  return startChild({ name, command: java, args, logFile, cwd: dataDir, env }, host)
}

function javaFlags(heapMegabytes: number): string[] {
  return [
    ...smallJavaFlags(heapMegabytes),
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
  ]
}

async function format(
  java: string,
  base: readonly string[],
  clusterId: string,
  properties: string,
  host: PartHost,
): Promise<void> {
  const tool = ['kafka.tools.StorageTool', 'format', '--ignore-formatted']
  const args = [...base, ...tool, '-t', clusterId, '-c', properties]
  const outcome = await run(java, args, { env: host.env, signal: host.ended })
  if (outcome.kind === 'ended' && outcome.code === 0) return
  const output = outcome.kind === 'ended' ? outcome.output.trimEnd().split('\n').slice(-10) : []
  throw new PartFault(`Kafka could not format its data folder:\n${output.join('\n')}`)
}

function isFormatted(logDir: string): Promise<boolean> {
  return stat(join(logDir, 'meta.properties')).then(
    () => true,
    () => false,
  )
}
