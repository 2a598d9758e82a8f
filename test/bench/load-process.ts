import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { signatureHeader } from '#ingress/signature.ts'
import { sampleBody, stamped } from '#local/samples.ts'
import type { LoadJob, LoadResult } from './load-job.ts'

// Sends signed webhooks over plain sockets: node:http would cost more here than in the server.

const NO_BODY = 0
const HEAD_END = '\r\n\r\n'
const TICK_MS = 1
const USUAL_PADDING = 250

async function requestsOf({
  endpoints,
  requests,
  padding = USUAL_PADDING,
}: LoadJob): Promise<readonly Buffer[]> {
  const template = await sampleBody('card.transaction.authorized', '2026-05-19')
  const { transaction } = template.data as { transaction: object }
  const data = { transaction: { ...transaction, memo: 'm'.repeat(padding) } }
  return Array.from({ length: requests }, (_, n) => {
    const signer = endpoints[n % endpoints.length]
    if (signer === undefined) throw new RangeError('no endpoint')
    const { id, tenantId, secret } = signer
    const event = stamped({ ...template, data }, { tenantId, liveMode: false, now: Date.now() })
    const body = Buffer.from(JSON.stringify(event))
    const head = [
      `POST /v1/hooks/${id} HTTP/1.1`,
      'host: 127.0.0.1',
      'content-type: application/json',
      `content-length: ${body.byteLength}`,
      `qairopay-signature: ${signatureHeader(secret, body, Math.floor(Date.now() / 1000))}`,
    ]
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}${HEAD_END}`), body])
  })
}

/** Length of the first whole answer in the text and its status, or null. */
function answerIn(text: string): { readonly length: number; readonly status: number } | null {
  const end = text.indexOf(HEAD_END)
  if (end === -1) return null
  const head = text.slice(0, end).toLowerCase()
  const at = head.indexOf('content-length: ')
  const body = at === -1 ? NO_BODY : Number.parseInt(head.slice(at + 16), 10)
  const length = end + HEAD_END.length + body
  return text.length < length ? null : { length, status: Number(head.slice(9, 12)) }
}

class Load {
  readonly #job: LoadJob
  readonly #requests: readonly Buffer[]
  readonly #free: Socket[] = []
  readonly #latencies: number[] = []
  readonly #answers: [number, number][] = []
  readonly #sockets: Socket[] = []
  readonly #sentAt = new Map<Socket, number>()
  #next = 0
  #failed = 0
  #over = false
  #finished: () => void = () => undefined
  readonly #end = new Promise<void>((resolve) => {
    this.#finished = resolve
  })

  constructor(job: LoadJob, requests: readonly Buffer[]) {
    this.#job = job
    this.#requests = requests
  }

  async run(): Promise<LoadResult> {
    const { connections, rate, seconds, port } = this.#job
    await Promise.all(Array.from({ length: connections }, () => this.#open(port)))
    const begun = performance.now()
    const stop = setTimeout(() => this.#finish(), seconds * 1000)
    if (rate === null) while (this.#free.length > 0) this.#send()
    else this.#pace(rate, begun)
    await this.#end
    clearTimeout(stop)
    const took = (performance.now() - begun) / 1000
    for (const socket of this.#sockets) socket.destroy()
    const sorted = this.#latencies.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
    const counts = { answered: sorted.length, failed: this.#failed, seconds: took }
    return { ...counts, p50: at(0.5), p99: at(0.99), answers: this.#answers }
  }

  #finish(): void {
    this.#over = true
    this.#finished()
  }

  #pace(rate: number, begun: number): void {
    let ticked = begun
    let due = 0
    const timer = setInterval(() => {
      if (this.#over) clearInterval(timer)
      const now = performance.now()
      if (this.#isOn(now)) due += ((now - ticked) / 1000) * rate
      ticked = now
      while (!this.#over && this.#next < due && this.#free.length > 0) this.#send()
    }, TICK_MS)
  }

  #isOn(now: number): boolean {
    const { pulseMs } = this.#job
    return pulseMs === undefined || Math.floor((performance.timeOrigin + now) / pulseMs) % 2 === 1
  }

  #send(): void {
    const request = this.#requests[this.#next]
    if (request === undefined) this.#finish()
    // In turn: one that nothing is sent on is soon closed by any server.
    const socket = this.#over ? undefined : this.#free.shift()
    if (request === undefined || socket === undefined) return
    this.#next += 1
    this.#sentAt.set(socket, performance.now())
    socket.write(request)
  }

  async #open(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    this.#sockets.push(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    let text = ''
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (!this.#over) this.#failed += 1
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const answer = answerIn(text)
      if (answer === null) return
      text = text.slice(answer.length)
      this.#answered(socket, answer.status)
    })
    this.#free.push(socket)
  }

  #answered(socket: Socket, status: number): void {
    if (this.#over) return
    const isGood = status >= 200 && status < 300
    const sentAt = this.#sentAt.get(socket) ?? 0
    const tookMs = performance.now() - sentAt
    if (isGood) this.#latencies.push(tookMs)
    if (isGood && this.#job.isTold) this.#answers.push([performance.timeOrigin + sentAt, tookMs])
    if (!isGood) this.#failed += 1
    this.#free.push(socket)
    if (this.#job.rate === null) this.#send()
  }
}

async function answer(job: LoadJob): Promise<void> {
  const load = new Load(job, await requestsOf(job))
  process.send?.('ready')
  process.send?.(await load.run())
}

process.once('disconnect', () => process.exit())
process.on('message', (job: LoadJob) => void answer(job))
