import { domainOf, HANDLED_DOMAINS } from '#core/routing.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import type { ConsumerEffect } from './consumer-effects.ts'
import type { SampleRow } from './sample-table.ts'
import { sampleEvent, sampleTypes, sampleVersions } from './samples.ts'
import type { Answer, Sender } from './sender.ts'
import { createSender } from './sender.ts'

/** A sample that is to be sent, and for whom. */
export interface PlannedSample {
  readonly type: string
  readonly version: string
  readonly endpoint: Endpoint
}

export interface SampleRunOptions {
  readonly ingressUrl: string
  readonly endpoints: readonly Endpoint[]
  /** Waits for what the consumer did; null when that took too long. Never rejects. */
  readonly effectOf: (eventId: string) => Promise<ConsumerEffect | null>
  readonly onRow: (row: SampleRow) => void
  readonly stopped: AbortSignal
}

/** Every known event type in every version, dealt out to the tenants in turn. */
export async function plannedSamples(
  endpoints: readonly Endpoint[],
): Promise<readonly PlannedSample[]> {
  const tenants = endpoints.filter(({ state }) => state === 'enabled')
  const plan: PlannedSample[] = []
  for (const version of await sampleVersions()) {
    for (const type of await sampleTypes(version)) {
      const endpoint = tenants[plan.length % tenants.length]
      if (endpoint !== undefined) plan.push({ type, version, endpoint })
    }
  }
  return plan
}

function isHandled(type: string, answer: Answer): boolean {
  const handled: readonly string[] = HANDLED_DOMAINS
  return answer.kind === 'answered' && answer.status === 200 && handled.includes(domainOf(type))
}

async function sendOne(sender: Sender, { type, version, endpoint }: PlannedSample) {
  const { tenantId, liveMode } = endpoint
  const event = await sampleEvent({ type, version, tenantId, liveMode, now: Date.now() })
  const answer = await sender.send(event)
  return { id: String(event.id), type, version, tenantId, answer }
}

/**
 * Sends the samples one after another, as a sender would that waits for each answer. What the
 * consumers do is not waited for before the next is sent, so rows come in the order of effects.
 *
 * @returns all rows, after the last one has come
 */
export async function sampleRun(options: SampleRunOptions): Promise<readonly SampleRow[]> {
  const { ingressUrl, endpoints, effectOf, stopped, onRow } = options
  const sender = createSender({ ingressUrl, endpoints, connections: 1 })
  const rows: Promise<SampleRow>[] = []
  try {
    for (const sample of await plannedSamples(endpoints)) {
      if (stopped.aborted) break
      const sent = await sendOne(sender, sample)
      const finish = async () => {
        const effect = isHandled(sent.type, sent.answer) ? await effectOf(sent.id) : undefined
        const row = { ...sent, effect }
        onRow(row)
        return row
      }
      rows.push(finish())
    }
    return await Promise.all(rows)
  } finally {
    sender.close()
  }
}
