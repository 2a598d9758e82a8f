import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { Endpoint } from '#ingress/endpoints.ts'
import { sampleBody, stamped } from '#local/samples.ts'
import { createSender } from '#local/sender.ts'
import type { Occurrence } from '../fixtures/effect-checker.ts'

const TYPE = 'card.transaction.authorized'
const VERSION = '2026-05-19'
/** QairoPay waits 30 s; here sooner, which makes more duplicates. */
const AGAIN_AFTER_MS = 200
/** A load that nobody stops ends by itself. */
const LONGEST_MS = 15 * 60_000

export interface LoadPlan {
  /** Base URL of the ingress. */
  readonly url: string
  /** Who sends, by tenant: looked up for every event, so that it may change. */
  readonly senders: ReadonlyMap<string, Endpoint>
  /** Pause of a tenant between an answer and its next event. */
  readonly everyMs: number
}

export interface LoadResult {
  /** Those of a tenant in the order in which they were acknowledged. */
  readonly acknowledged: readonly Occurrence[]
  /** Requests that were not answered 2xx: a status, or the error's code. */
  readonly failures: readonly string[]
  readonly requests: number
  /** Milliseconds. */
  readonly p99: number
}

export interface RunningLoad {
  /** Acknowledged so far. */
  count(): number
  failures(): readonly string[]
  /** Ends it once what is on its way is acknowledged. */
  stop(): Promise<LoadResult>
}

interface SentEvent {
  readonly eventId: string
  readonly body: Buffer
}

/** Makes events about a transaction of their own each. */
async function transactionEvents(): Promise<(endpoint: Endpoint) => SentEvent> {
  const template = await sampleBody(TYPE, VERSION)
  const { transaction } = template.data as { readonly transaction: object }
  return ({ tenantId, liveMode }) => {
    const event = stamped(template, { tenantId, liveMode, now: Date.now() })
    const data = { transaction: { ...transaction, id: `txn_${event.id}` } }
    return { eventId: String(event.id), body: Buffer.from(JSON.stringify({ ...event, data })) }
  }
}

/** Sends one event over a connection of its own; returns how it was answered, 0 for not at all. */
export async function sendOne(
  url: string,
  endpoint: Endpoint,
): Promise<{ readonly status: number; readonly event: Occurrence }> {
  const eventOf = await transactionEvents()
  const { eventId, body } = eventOf(endpoint)
  const sender = createSender({ ingressUrl: url, endpoints: [], connections: 1 })
  const answer = await sender.sendBytes(endpoint, body)
  sender.close()
  const status = answer.kind === 'answered' ? answer.status : 0
  return { status, event: { tenantId: endpoint.tenantId, eventId } }
}

/**
 * Sends as QairoPay does, each tenant one event after another, over kept connections and without
 * any retry of the HTTP client: what is not answered 2xx counts as a failure, and goes out again.
 */
export async function startLoad({ url, senders, everyMs }: LoadPlan): Promise<RunningLoad> {
  const eventOf = await transactionEvents()
  const acknowledged: Occurrence[] = []
  const failures: string[] = []
  const latencies: number[] = []
  let stopping = false
  const sender = createSender({ ingressUrl: url, endpoints: [], connections: senders.size })
  const deadline = Date.now() + LONGEST_MS

  const deliver = async (tenantId: string) => {
    const first = senders.get(tenantId)
    if (first === undefined) throw new Error(`nobody sends for ${tenantId}`)
    const { eventId, body } = eventOf(first)
    while (Date.now() < deadline) {
      const answer = await sender.sendBytes(senders.get(tenantId) ?? first, body)
      latencies.push(answer.tookMs)
      if (answer.kind === 'answered' && answer.status === 200) {
        acknowledged.push({ tenantId, eventId })
        return
      }
      failures.push(answer.kind === 'answered' ? `${answer.status} ${answer.body}` : answer.reason)
      await pause(AGAIN_AFTER_MS)
    }
  }
  const lanes = [...senders.keys()].map(async (tenantId, lane) => {
    await pause((everyMs * lane) / senders.size)
    while (!stopping && Date.now() < deadline) {
      await deliver(tenantId)
      await pause(everyMs)
      // A process that was late sees only now which of its connections were closed meanwhile.
      await turn()
    }
  })
  return {
    count: () => acknowledged.length,
    failures: () => failures,
    stop: async () => {
      stopping = true
      await Promise.all(lanes)
      sender.close()
      const sorted = latencies.sort((a, b) => a - b)
      const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0
      return { acknowledged, failures, requests: latencies.length, p99 }
    },
  }
}
