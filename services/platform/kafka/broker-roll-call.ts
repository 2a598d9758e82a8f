import type { Admin } from 'kafkajs'
import type { Logger } from '../log.ts'
import { errorFields } from '../log.ts'
import { ClientSockets } from './client-sockets.ts'
import type { KafkaConnection } from './connection.ts'
import { kafkaClient } from './connection.ts'

/** A broker as the cluster names it. */
interface Member {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** A broker that is well greets within a few milliseconds; one of a busy machine within this. */
const GREETED_WITHIN_MS = 1000
/**
 * kafkajs asks any broker of the cluster who the others are, also one that is away, and then gives
 * up: so many ask at once that one of them is lucky.
 */
const FEWEST_ASKED = 4

/**
 * Asks one broker by a client of its own, over within a second.
 *
 * @throws when it does not answer
 */
async function asked<Value>(
  connection: KafkaConnection,
  broker: string,
  log: Logger,
  question: (admin: Admin) => Promise<Value>,
): Promise<Value> {
  const sockets = new ClientSockets()
  const only = { ...connection, brokers: [broker] }
  const admin = kafkaClient(only, log, 0, sockets.factory).admin()
  const timer = setTimeout(() => sockets.cut(), GREETED_WITHIN_MS)
  try {
    await admin.connect()
    return await question(admin)
  } finally {
    clearTimeout(timer)
    sockets.cut()
    void admin.disconnect().catch(() => undefined)
  }
}

/** @throws when nobody says so */
async function membersOf(connection: KafkaConnection, log: Logger): Promise<readonly Member[]> {
  const { brokers } = connection
  const times = Math.ceil(FEWEST_ASKED / brokers.length)
  const seeds = Array.from({ length: times }, () => brokers).flat()
  const describe = async (admin: Admin) => (await admin.describeCluster()).brokers
  return await Promise.any(seeds.map((seed) => asked(connection, seed, log, describe)))
}

/**
 * Which of these brokers answer nobody: connections are refused, or nothing comes back on them, as
 * from a process that is stopped. Takes a second at most, and never rejects.
 *
 * @returns their node ids; none when nobody at all answers, since then the fault may be ours
 */
export async function absentOf(
  members: readonly Member[],
  connection: KafkaConnection,
  log: Logger,
): Promise<ReadonlySet<number>> {
  const calls = await Promise.all(
    members.map(async ({ nodeId, host, port }) => {
      const isPresent = await asked(connection, `${host}:${port}`, log, async () => true).catch(
        () => false,
      )
      return isPresent ? null : nodeId
    }),
  )
  const absent = new Set(calls.filter((nodeId) => nodeId !== null))
  return absent.size === members.length ? new Set() : absent
}

/**
 * What is suspected while one attempt lasts: when it takes long, all brokers of the cluster are
 * called, since a producer that waits for acknowledgements cannot tell whose is missing.
 */
export class RollCall {
  readonly #timer: NodeJS.Timeout
  #absent: ReadonlySet<number> = new Set()

  /** @param afterMs an attempt that is over before calls nobody */
  constructor(connection: KafkaConnection, log: Logger, afterMs: number) {
    this.#timer = setTimeout(() => {
      membersOf(connection, log)
        .then((members) => absentOf(members, connection, log))
        .then((absent) => {
          this.#absent = absent
        })
        .catch((error) => log.debug({ event: 'kafka.roll_call_failed', ...errorFields(error) }))
    }, afterMs)
  }

  /** Ends the wait; returns the node ids of those that are known not to answer. */
  end(): ReadonlySet<number> {
    clearTimeout(this.#timer)
    return this.#absent
  }
}
