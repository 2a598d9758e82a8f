import { mkdir, rename, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { availableParallelism, freemem } from 'node:os'
import { join } from 'node:path'
import type { PartHost } from '#local/parts/host.ts'
import { kafkaReadyWithinMs, newClusterId, startBroker } from '#local/parts/kafka.ts'
import { acknowledgesRecords } from '#local/parts/kafka-readiness.ts'
import { startPostgres } from '#local/parts/postgres.ts'
import { waitUntilReady } from '#local/parts/readiness.ts'
import { startRegistry } from '#local/parts/registry.ts'
import { testHost } from '../fixtures/part-host.ts'
import type { ExternalAddresses } from './addresses.ts'
import { NODE_ADDRESS, PARTS_FILE, POSTGRES_PORT } from './addresses.ts'

// What a company has already, beside the cluster: the brokers, the registry and the Postgres of
// `npm start`, reached from pods at the node's address. Runs inside the cluster's namespaces.

const FIRST_BROKER_PORT = 9092
const REGISTRY_PORT = 8081
/** Ports on the loopback address, which no pod can reach, lie so much higher. */
const INNER = 20_000
const ENOUGH_MEMORY = 6 * 2 ** 30
const THREE = 3

/** Three brokers where there is room for them, else one. */
function brokerCount(): number {
  return availableParallelism() > 1 && freemem() > ENOUGH_MEMORY ? THREE : 1
}

/** Lets pods reach what listens on the loopback address alone. */
async function openDoor(port: number): Promise<void> {
  const server = createServer((outer) => {
    const inner = connect(port + INNER, '127.0.0.1')
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      one.setNoDelay(true)
      one.once('error', () => other.destroy())
      one.once('close', () => other.destroy())
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(port, NODE_ADDRESS, resolve))
}

/** Brokers listen everywhere and tell clients the address that pods can reach. */
async function startBrokers(folder: string, host: PartHost): Promise<readonly string[]> {
  const places = Array.from({ length: brokerCount() }, (_, index) => ({
    nodeId: index + 1,
    port: FIRST_BROKER_PORT + index,
    controllerPort: FIRST_BROKER_PORT + INNER + index,
  }))
  const replicationFactor = places.length
  const minInsyncReplicas = Math.max(1, replicationFactor - 1)
  const shape = { places, replicationFactor, minInsyncReplicas }
  const clusterId = newClusterId()
  const children = await Promise.all(
    places.map((place) => {
      const { nodeId, port, controllerPort } = place
      const own = { dataDir: join(folder, `broker-${nodeId}`), heapMegabytes: 200 }
      const logFile = join(folder, 'logs', `broker-${nodeId}.log`)
      const moreSettings = [
        `listeners=PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
        `advertised.listeners=PLAINTEXT://${NODE_ADDRESS}:${port}`,
      ]
      return startBroker({ place, shape, clusterId, logFile, ...own, moreSettings }, host)
    }),
  )
  const brokers = places.map(({ port }) => `${NODE_ADDRESS}:${port}`)
  const [first] = children
  if (first === undefined) throw new RangeError('no broker')
  const isReady = () => acknowledgesRecords(brokers, replicationFactor)
  await waitUntilReady(first, isReady, kafkaReadyWithinMs)
  return brokers
}

/** The same address behind the door. */
function opened(url: string, port: number): string {
  const outer = new URL(url)
  outer.hostname = NODE_ADDRESS
  outer.port = String(port)
  return outer.href
}

async function startAll(folder: string): Promise<ExternalAddresses> {
  const host: PartHost = {
    ...testHost(),
    report: (line) => void process.stdout.write(`${line}\n`),
  }
  const place = (part: string, port: number) => ({
    dataDir: join(folder, part),
    logFile: join(folder, 'logs', `${part}.log`),
    port: port + INNER,
  })
  const [brokers, registry, postgres] = await Promise.all([
    startBrokers(folder, host),
    startRegistry(place('registry', REGISTRY_PORT), host),
    startPostgres(place('postgres', POSTGRES_PORT), host),
    openDoor(REGISTRY_PORT),
    openDoor(POSTGRES_PORT),
  ])
  return {
    brokers,
    registryUrl: opened(registry.url, REGISTRY_PORT),
    databaseUrl: opened(postgres.url, POSTGRES_PORT),
  }
}

const [, , folder = ''] = process.argv
await mkdir(folder, { recursive: true })
const addresses = await startAll(folder)
await writeFile(`${PARTS_FILE}.new`, JSON.stringify(addresses), { mode: 0o600 })
await rename(`${PARTS_FILE}.new`, PARTS_FILE)
process.stdout.write(`${addresses.brokers.length} brokers, the registry and Postgres are ready\n`)
