import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { sampleBody } from '#local/samples.ts'
import type { RawAnswer } from './answer-stream.ts'
import type { DeclaredEndpoint } from './endpoints.ts'
import { ulid } from './endpoints.ts'
import type { Draft, Mutation } from './mutation.ts'
import { mutated, mutations } from './mutation.ts'
import type { Opinion, ReadBytes, ReadRequest } from './signed-request.ts'
import { opinionOn, readRequests } from './signed-request.ts'
import type { CorpusStage } from './stage.ts'
import { placeText, readAnswer } from './verdict.ts'
import { Wire } from './wire.ts'

export interface MutationReport {
  readonly seed: number
  readonly runs: number
  /** Answers by status; `closed` where a connection ended without one. */
  readonly answers: Readonly<Record<string, number>>
  readonly seconds: number
}

const LANES = 16
const ANSWER_WITHIN_MS = 5000
/** What the table of answers has for a path that a mutation may lead to. */
const MAY_BE_503 = ['endpoint_unseen', 'endpoint_disabled']
/** Kafka or the machine is slow, whatever is sent: what hears this is sent again. */
const NOT_NOW = [
  'queue_full',
  'overloaded',
  'tenant_limit',
  'not_durable',
  'quarantine_unavailable',
]
const TRIES = 10
const AGAIN_MS = 1000

/** One connection after another, each kept for as long as the ingress keeps it. */
class Lane {
  readonly #port: number
  #wire: Wire | null = null

  constructor(port: number) {
    this.#port = port
  }

  /** Sends bytes and returns all answers; ends its side when they are no whole requests. */
  async send(bytes: Buffer, { requests, rest }: ReadBytes): Promise<readonly RawAnswer[]> {
    const wire = this.#wire ?? new Wire(this.#port)
    this.#wire = wire
    wire.begin(requests[0]?.method === 'HEAD')
    wire.write(bytes)
    await wire.until(() => wire.answers.length >= requests.length, ANSWER_WITHIN_MS)
    if (rest !== 'nothing') {
      wire.end()
      await wire.until(() => false, ANSWER_WITHIN_MS)
    }
    const { answers, isClosed } = wire
    const closes = answers.some(({ headers }) => headers.get('connection') === 'close')
    const isOver = isClosed || closes || rest !== 'nothing' || answers.length !== requests.length
    if (isOver) this.close()
    return answers
  }

  /** The same, until nobody says that it was the wrong moment. */
  async sendPatiently(bytes: Buffer, read: ReadBytes): Promise<readonly RawAnswer[]> {
    for (let again = 1; again < TRIES; again += 1) {
      const answers = await this.send(bytes, read)
      const isRefused = answers.some((answer) => NOT_NOW.includes(readAnswer(answer).code))
      if (!isRefused) return answers
      await pause(AGAIN_MS)
    }
    return await this.send(bytes, read)
  }

  close(): void {
    this.#wire?.destroy()
    this.#wire = null
  }
}

function faultOf(answer: RawAnswer, request: ReadRequest | undefined, opinion: Opinion): string {
  const { status, code } = readAnswer(answer)
  const isGood = status >= 200 && status < 300
  if (isGood && opinion === 'unsigned') return `${status} for bytes that nobody signed`
  // A HEAD answer has no body, and no code with it.
  if (status >= 500 && !(status === 503 && MAY_BE_503.includes(code))) return `${status} ${code}`
  if (opinion === 'signed as usual' && !isGood && status !== 403) {
    return `${status} ${code} for a signed event in a usual request of ${request?.headers.length} headers`
  }
  return ''
}

/** Ten signed requests: both modes, two secrets, both names of the header, all that is set aside. */
class Originals {
  static readonly count = 10
  /** Bodies that were signed, by tenant and event id. */
  readonly signed = new Map<string, Map<string, Buffer>>()
  readonly #stage: CorpusStage
  readonly #sample: Readonly<Record<string, unknown>>

  constructor(stage: CorpusStage, sample: Readonly<Record<string, unknown>>) {
    this.#stage = stage
    this.#sample = sample
  }

  draft(kind: number): Draft {
    const { sandbox, live, rotated, other } = this.#stage.endpoints
    const endpoint = [sandbox, live, rotated, sandbox, other, live][kind] ?? sandbox
    const id = `evt_${ulid()}`
    const body = Buffer.from(this.#text(kind, endpoint, id))
    const { tenant_id: tenant, secrets } = endpoint
    this.signed.set(tenant, (this.signed.get(tenant) ?? new Map()).set(id, body))
    const t = Math.floor(Date.now() / 1000) - (kind === 4 ? 400 : 0)
    const digests = secrets.map(({ value }) => {
      return `v1=${createHmac('sha256', value).update(`${t}.`).update(body).digest('hex')}`
    })
    const name = kind === 3 ? 'X-QairoPay-Signature' : 'QairoPay-Signature'
    const headers = [
      'Host: corpus',
      'Content-Type: application/json',
      `${name}: t=${t},${digests.join(',')}`,
      'User-Agent: QairoPay/1.0',
    ]
    const target = `/v1/hooks/${endpoint.id}`
    const chunk = kind === 5 ? 100 : null
    return { method: 'POST', target, version: 'HTTP/1.1', headers, body, chunk }
  }

  #text(kind: number, { tenant_id, live_mode }: DeclaredEndpoint, id: string): string {
    const own = { id, tenant_id, live_mode }
    const event = (changes: object) => JSON.stringify({ ...this.#sample, ...own, ...changes })
    if (kind === 6) return event({}).slice(0, -1)
    if (kind === 7) return event({ api_version: '2031-01-01' })
    if (kind === 8) return event({ tenant_id: this.#stage.endpoints.other.tenant_id })
    if (kind === 9) return event({ note: 'n'.repeat(20_000) })
    return event({})
  }
}

const ID = /"id":"(evt_\w+)"/

async function assertStored(stage: CorpusStage, originals: Originals): Promise<void> {
  const strange = (await stage.records()).filter((record) => {
    const { value, key, topic } = record
    if (stage.own.includes(placeText(record))) return false
    // The envelope's id comes first in our bodies, and in raw as well.
    const [, id = ''] = ID.exec(value?.toString('latin1') ?? '') ?? []
    const signed = originals.signed.get(key ?? '')?.get(id)
    if (value === null || signed === undefined) return true
    return topic.endsWith('.quarantine') ? !value.equals(signed) : !value.includes(signed)
  })
  if (strange.length > 0) {
    throw new Error(`records that nobody signed: ${strange.slice(0, 5).map(placeText).join()}`)
  }
}

/**
 * Sends changed signed requests: never 2xx unless the bytes are signed, never 5xx but the 503 of the
 * table, and what is on the topics afterwards was signed, byte for byte.
 *
 * @throws with seed, path and the smallest counterexample
 */
export async function runMutations(
  stage: CorpusStage,
  runs: number,
  seed: number,
): Promise<MutationReport> {
  const { port } = stage.ingress('usual')
  const endpoints = Object.values(stage.endpoints)
  const sample = await sampleBody('card.transaction.authorized', '2026-05-19')
  const originals = new Originals(stage, sample)
  const counts = new Map<string, number>()
  const begun = performance.now()
  const judge = async (lane: Lane, mutation: Mutation) => {
    const pair = { own: originals.draft(mutation.own), other: originals.draft(mutation.other) }
    const bytes = mutated(mutation, pair)
    const read = readRequests(bytes)
    const answers = await lane.sendPatiently(bytes, read)
    const statuses = answers.length === 0 ? ['closed'] : answers.map(({ status }) => `${status}`)
    for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
    for (const [i, answer] of answers.entries()) {
      const request = read.requests[i]
      const opinion = request === undefined ? 'unsigned' : opinionOn(request, endpoints)
      const fault = faultOf(answer, request, opinion)
      if (fault !== '') throw new Error(fault)
    }
  }
  const lanes = Array.from({ length: LANES }, async (_, n) => {
    const lane = new Lane(port)
    const property = fc.asyncProperty(mutations(Originals.count), (each) => judge(lane, each))
    try {
      await fc.assert(property, { numRuns: Math.ceil(runs / LANES), seed: seed + n })
    } finally {
      lane.close()
    }
  })
  await Promise.all(lanes)
  await assertStored(stage, originals)
  const answers = Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)))
  return { seed, runs, answers, seconds: (performance.now() - begun) / 1000 }
}
