import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { EndpointsDocument } from '#local/demo-endpoints.ts'
import type { RunFile } from '#local/run-file.ts'
import type { EventBody } from '#local/samples.ts'
import { sampleBody, stamped } from '#local/samples.ts'
import type { Answer, Sender } from '#local/sender.ts'
import { createSender } from '#local/sender.ts'
import { selectOne } from '../fixtures/database-row.ts'

/** A whole stack, however it was started, with fresh topics and a fresh database. */
export interface StackOnTrial {
  readonly run: Pick<RunFile, 'ingress' | 'kafka' | 'registry' | 'database'>
  /** The operator's door beside it. @throws when it ends with another code than 0 */
  cli(...args: readonly string[]): Promise<{ readonly stdout: string }>
  /** All that the ingress and the consumers have logged. */
  logs(): Promise<string>
  stop(): Promise<void>
}

/** Starts a stack that takes events of these endpoints, and says where records lie. */
export type StackStart = (endpoints: EndpointsDocument) => Promise<StackOnTrial>

export interface SentTwice {
  readonly event: EventBody
  readonly bytes: Buffer
  readonly first: Answer
  readonly second: Answer
}

const LOAD_TENANTS = 100
/** Tenants that send all at once. */
export const LOAD_NAMES = Array.from({ length: LOAD_TENANTS }, (_, n) => `load${n}`)

function declared(name: string, liveMode = false) {
  const secrets = [{ id: 'k1', value: `whsec of ${name}` }]
  return {
    id: `whk_${name}`,
    tenant_id: `tnt_${name}`,
    live_mode: liveMode,
    enabled: true,
    secrets,
  }
}

const ENDPOINTS: EndpointsDocument = {
  endpoints: [
    declared('sandbox'),
    declared('live', true),
    declared('curl'),
    ...LOAD_NAMES.map((name) => declared(name)),
  ],
}

export function statusOf(answer: Answer): number | string {
  return answer.kind === 'answered' ? answer.status : answer.reason
}

/** A stack, and a sender that signs for every tenant of it. */
export class EventTrial {
  readonly stack: StackOnTrial
  readonly sender: Sender
  readonly #endpoints: ReadonlyMap<string, Endpoint>

  private constructor(stack: StackOnTrial, endpoints: readonly Endpoint[]) {
    this.stack = stack
    this.#endpoints = new Map(endpoints.map((endpoint) => [endpoint.tenantId, endpoint]))
    const ingressUrl = stack.run.ingress
    this.sender = createSender({ ingressUrl, endpoints, connections: LOAD_TENANTS })
  }

  static async begin(start: StackStart): Promise<EventTrial> {
    const parsed = parseEndpoints([ENDPOINTS])
    if (!parsed.ok) throw new Error(parsed.problems.join('; '))
    return new EventTrial(await start(ENDPOINTS), [...parsed.endpoints.values()])
  }

  async end(): Promise<void> {
    this.sender.close()
    await this.stack.stop()
  }

  endpointOf(name: string): Endpoint {
    const endpoint = this.#endpoints.get(`tnt_${name}`)
    if (endpoint === undefined) throw new Error(`no endpoint ${name}`)
    return endpoint
  }

  /** A golden sample as a new event of a tenant. */
  async event(name: string, type: string, version: string): Promise<EventBody> {
    const { tenantId, liveMode } = this.endpointOf(name)
    return stamped(await sampleBody(type, version), { tenantId, liveMode, now: Date.now() })
  }

  async sendTwice(type: string, version: string, name: string): Promise<SentTwice> {
    const endpoint = this.endpointOf(name)
    const event = await this.event(name, type, version)
    const bytes = Buffer.from(JSON.stringify(event))
    const first = await this.sender.sendBytes(endpoint, bytes)
    const second = await this.sender.sendBytes(endpoint, bytes)
    return { event, bytes, first, second }
  }

  async row(text: string) {
    return await selectOne(this.stack.run.database, text)
  }

  /** @param tenants as LIKE takes them */
  async inboxCount(tenants: string): Promise<bigint> {
    const text = `SELECT count(*) AS n FROM runtime.inbox WHERE tenant_id LIKE '${tenants}'`
    return (await this.row(text))?.n as bigint
  }
}
