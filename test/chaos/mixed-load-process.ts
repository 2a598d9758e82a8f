import { createHmac } from 'node:crypto'
import { sampleBody } from '#local/samples.ts'
import { canariesOf } from '../corpus/canaries.ts'
import type { CorpusCase, CorpusRequest } from '../corpus/case.ts'
import { corpusClasses } from '../corpus/case.ts'
import type { DeclaredEndpoint } from '../corpus/endpoints.ts'
import { ulid } from '../corpus/endpoints.ts'
import { exchange } from '../corpus/exchange.ts'
import { messageOf } from '../corpus/message.ts'
import { readAnswer } from '../corpus/verdict.ts'
import { Wire } from '../corpus/wire.ts'
import { pick, randomFrom } from '../integration/consumers/update-stream.ts'
import type {
  GoodRequest,
  HostileRequest,
  MixedLoadJob,
  MixedLoadOrder,
  MixedLoadResult,
} from './mixed-load-job.ts'

const TICK_MS = 2
/** The sender hangs up then. */
const GIVE_UP_MS = 15_000
const TYPES = [
  'card.transaction.authorized',
  'pass.installed',
  'settlement.completed',
  'cardholder.kyc.completed',
  'program.activated',
]

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** Only what must not reach a domain topic, in any of its requests. */
function isHostile({ request, before }: CorpusCase): boolean {
  return [request, ...before].every(
    ({ ingress, expected }) =>
      ingress === 'usual' && expected.every(({ place }) => !place.startsWith('topic/')),
  )
}

class MixedLoad {
  readonly #job: MixedLoadJob
  readonly #random: () => number
  readonly #cases: readonly CorpusCase[]
  readonly #samples: readonly Readonly<Record<string, unknown>>[]
  /** Connections that nobody uses, by port. */
  readonly #idle = new Map<number, Wire[]>()
  #signWith: readonly string[] = ['k1']
  #tenants: readonly DeclaredEndpoint[]

  constructor(job: MixedLoadJob, samples: readonly Readonly<Record<string, unknown>>[]) {
    this.#job = job
    this.#random = randomFrom(job.seed)
    this.#cases = corpusClasses().flatMap((each) => each.cases.filter(isHostile))
    this.#samples = samples
    this.#tenants = job.tenants.slice(0, -1)
  }

  order({ signWith, includeLast }: MixedLoadOrder): void {
    if (signWith !== undefined) this.#signWith = signWith
    if (includeLast) this.#tenants = this.#job.tenants
  }

  async run(): Promise<MixedLoadResult> {
    const { seconds, rate, hostileShare } = this.#job
    const good: Promise<GoodRequest>[] = []
    const hostile: Promise<HostileRequest>[] = []
    const begun = performance.now()
    let sent = 0
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const now = (performance.now() - begun) / 1000
        for (; sent < Math.min(now, seconds) * rate; sent += 1) {
          if (this.#random() < hostileShare) hostile.push(this.#hostile())
          else good.push(this.#good())
        }
        if (now < seconds) return
        clearInterval(timer)
        resolve()
      }, TICK_MS)
    })
    const result = { good: await Promise.all(good), hostile: await Promise.all(hostile) }
    for (const wires of this.#idle.values()) for (const wire of wires) wire.destroy()
    return result
  }

  async #good(): Promise<GoodRequest> {
    const endpoint = pick(this.#random, this.#tenants)
    const sample = pick(this.#random, this.#samples)
    const { tenant_id: tenantId, live_mode } = endpoint
    const id = `evt_${ulid()}`
    const created = new Date().toISOString()
    const body = JSON.stringify({ ...sample, id, created, tenant_id: tenantId, live_mode })
    const port = pick(this.#random, this.#job.ports)
    const begun = performance.now()
    const wire = this.#idle.get(port)?.pop() ?? new Wire(port)
    wire.begin(false)
    wire.write(this.#request(endpoint, body))
    await wire.until(() => wire.answers.length > 0, GIVE_UP_MS)
    const tookMs = performance.now() - begun
    const [answer] = wire.answers
    if (answer === undefined || wire.isClosed || answer.headers.get('connection') === 'close') {
      wire.destroy()
    } else {
      this.#idle.set(port, [...(this.#idle.get(port) ?? []), wire])
    }
    const read = answer === undefined ? { status: 0, code: '', at: null } : readAnswer(answer)
    return { id, tenantId, body, ...read, tookMs }
  }

  #request({ id, secrets }: DeclaredEndpoint, body: string): Buffer {
    const t = unixSeconds()
    const digests = secrets
      .filter((secret) => this.#signWith.includes(secret.id))
      .map(({ value }) => {
        return `v1=${createHmac('sha256', value).update(`${t}.${body}`).digest('hex')}`
      })
    const lines = [
      `POST /v1/hooks/${id} HTTP/1.1`,
      'Host: corpus',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `QairoPay-Signature: t=${t},${digests.join(',')}`,
    ]
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
  }

  async #hostile(): Promise<HostileRequest> {
    const { className, name, request, before } = pick(this.#random, this.#cases)
    const { hostile: endpoints, ports } = this.#job
    const port = pick(this.#random, ports)
    const canaries = canariesOf(endpoints)
    const around = { endpoints, canaries, ids: new Map<string, string>(), now: unixSeconds }
    const said: string[] = []
    const due: string[] = []
    for (const each of [...before, request]) {
      said.push(...(await this.#said(each, port, around)))
      const answered = each.expected.filter(({ status }) => status !== 0)
      due.push(...answered.map(({ status, code }) => `${status} ${code}`))
    }
    const isHead = request.line.startsWith('HEAD ')
    const asExpected = isHead || said.join() === due.join()
    return { name: `${className}: ${name}`, asExpected, said: said.join() }
  }

  async #said(
    request: CorpusRequest,
    port: number,
    around: Parameters<typeof messageOf>[1],
  ): Promise<readonly string[]> {
    const { pieces, ending, cut, expected } = request
    const message = messageOf(request, around)
    const bytes = message.bytes.subarray(0, cut ?? message.bytes.byteLength)
    const wanted = expected[0]?.status === 0 ? Number.POSITIVE_INFINITY : expected.length
    const giveUpMs = GIVE_UP_MS
    const one = { port, bytes, pieces, ending, answers: wanted, giveUpMs }
    const { answers } = await exchange(one)
    return answers.map(readAnswer).map(({ status, code }) => `${status} ${code}`)
  }
}

async function main(job: MixedLoadJob): Promise<void> {
  const samples = await Promise.all(TYPES.map((type) => sampleBody(type, '2026-05-19')))
  const load = new MixedLoad(job, samples)
  process.on('message', (order: MixedLoadOrder) => load.order(order))
  process.send?.('begun')
  process.send?.(await load.run(), () => process.disconnect())
}

process.once('message', (job: MixedLoadJob) => void main(job))
