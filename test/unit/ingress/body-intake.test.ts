import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BodyRefusal } from '#ingress/body-intake.ts'
import { BodyIntake } from '#ingress/body-intake.ts'

const KIB = 1024

class Stage {
  now = 0
  readonly intake: BodyIntake

  constructor(limits: { readonly bodyBytes?: number; readonly budgetBytes?: number } = {}) {
    const all = { bodyBytes: 1024 * KIB, budgetBytes: 2048 * KIB, ...limits }
    this.intake = new BodyIntake(all, () => this.now)
  }

  /** A request with so many bytes declared; null for chunks. */
  request(declared: number | null): Request {
    const headers =
      declared === null
        ? { 'transfer-encoding': 'chunked' }
        : { 'content-length': String(declared) }
    return new Request(this.intake, headers)
  }
}

class Request {
  readonly #stream = new PassThrough()
  readonly results: (Buffer | BodyRefusal)[] = []

  constructor(intake: BodyIntake, headers: Readonly<Record<string, string>>) {
    const message = Object.assign(this.#stream, { headers }) as unknown as IncomingMessage
    intake.receive(message, (result) => this.results.push(result))
  }

  async send(chunk: Buffer | string): Promise<void> {
    this.#stream.write(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }

  async end(): Promise<void> {
    this.#stream.end()
    await new Promise((resolve) => setImmediate(resolve))
  }

  async breakOff(): Promise<void> {
    this.#stream.destroy(new Error('aborted'))
    await new Promise((resolve) => setImmediate(resolve))
  }

  get limit(): unknown {
    const [result] = this.results
    return Buffer.isBuffer(result) ? 'whole' : result?.limit
  }
}

describe('a body', () => {
  it('is handed over byte for byte, in whatever pieces it comes', async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 * KIB }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (list, isDeclared) => {
        const whole = Buffer.concat(list)
        const { intake, ...stage } = Object.assign(new Stage(), {})
        const headers: Readonly<Record<string, string>> = isDeclared
          ? { 'content-length': String(whole.length) }
          : { 'transfer-encoding': 'chunked' }
        const request = new Request(intake, headers)
        for (const piece of list) await request.send(Buffer.from(piece))
        await request.end()
        expect(request.results).toEqual([whole])
        expect([intake.bytes, intake.bodies, stage.now]).toEqual([0, 0, 0])
      }),
      { numRuns: 40 },
    )
  })

  it('above the limit is refused before a byte is read when it says so, else at that byte', async () => {
    const { intake } = new Stage({ bodyBytes: 100 })
    const declared = new Request(intake, { 'content-length': '101' })
    expect(declared.results).toEqual([{ code: 'body_too_large', limit: null }])
    const chunked = new Request(intake, { 'transfer-encoding': 'chunked' })
    await chunked.send('x'.repeat(100))
    expect(chunked.results).toEqual([])
    await chunked.send('x')
    expect(chunked.results).toEqual([{ code: 'body_too_large', limit: null }])
    expect(intake.bytes).toBe(0)
  })

  it('that breaks off gives back what was reserved, and is no final refusal', async () => {
    const stage = new Stage()
    const request = stage.request(5000)
    await request.send('abc')
    expect(stage.intake.bytes).toBe(5000)
    await request.breakOff()
    expect(request.results).toEqual([{ code: 'request_timeout', limit: null }])
    expect(stage.intake.bytes).toBe(0)
  })

  it('leaves no piece of it behind, be it taken or not', async () => {
    const stage = new Stage({ bodyBytes: 100 * KIB, budgetBytes: 150 * KIB })
    const piece = () => Buffer.allocUnsafeSlow(40 * KIB)
    const left = (pieces: readonly Buffer[]) => pieces.map(({ byteLength }) => byteLength)
    const [taken, large] = [
      [piece(), piece()],
      [piece(), piece(), piece()],
    ] as const
    const request = stage.request(80 * KIB)
    for (const each of taken) await request.send(each)
    await request.end()
    expect([request.limit, left(taken)]).toEqual(['whole', [0, 0]])
    const tooLarge = stage.request(null)
    for (const each of large) await tooLarge.send(each)
    expect([tooLarge.results, left(large.slice(0, 2))]).toEqual([
      [{ code: 'body_too_large', limit: null }],
      [0, 0],
    ])
    const only = piece()
    const single = stage.request(40 * KIB)
    await single.send(only)
    await single.end()
    expect([single.results, only.byteLength]).toEqual([[only], 40 * KIB])
  })

  it('of a million single bytes is held in about its own size', async () => {
    const stage = new Stage()
    const request = stage.request(null)
    for (let n = 0; n < 3000; n += 1) await request.send('x')
    expect(stage.intake.bytes).toBe(16 * KIB)
    await request.end()
    expect(request.results).toEqual([Buffer.alloc(3000, 'x')])
  })
})

describe('the budget', () => {
  it('is used by what comes, not by what is claimed', async () => {
    const stage = new Stage({ budgetBytes: 1024 * KIB })
    const claims = Array.from({ length: 60 }, () => stage.request(1024 * KIB))
    expect(stage.intake.bytes).toBe(60 * 16 * KIB)
    const good = stage.request(1000)
    await good.send('x'.repeat(1000))
    await good.end()
    expect(good.limit).toBe('whole')
    expect(claims.every(({ results }) => results.length === 0)).toBe(true)
  })

  it('that is used up refuses a new body before it is read, while all others are quick', () => {
    const stage = new Stage({ budgetBytes: 64 * KIB })
    const quick = Array.from({ length: 4 }, () => stage.request(100 * KIB))
    const late = stage.request(10)
    expect(late.results).toEqual([{ code: 'overloaded', limit: 'body_bytes' }])
    expect(quick.every(({ results }) => results.length === 0)).toBe(true)
  })

  it('that is used up takes from the slowest, and others are received', async () => {
    const stage = new Stage({ budgetBytes: 64 * KIB })
    const slow = Array.from({ length: 4 }, () => stage.request(100 * KIB))
    stage.now = 1000
    const good = stage.request(10)
    expect(slow.map(({ limit }) => limit)).toEqual(['slow_body', undefined, undefined, undefined])
    await good.send('0123456789')
    await good.end()
    expect(good.limit).toBe('whole')
  })

  it('is never exceeded, whatever comes', async () => {
    const steps = fc.array(
      fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 40 * KIB }), fc.nat(400)),
      {
        maxLength: 60,
      },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const stage = new Stage({ budgetBytes: 200 * KIB, bodyBytes: 100 * KIB })
        const open = Array.from({ length: 10 }, () => stage.request(null))
        for (const [n, bytes, ms] of list) {
          stage.now += ms
          if (open[n]?.results.length === 0) await open[n].send(Buffer.alloc(bytes))
          else open[n] = stage.request(null)
          expect(stage.intake.bytes).toBeLessThanOrEqual(200 * KIB)
        }
        for (const request of open) await request.end()
        expect([stage.intake.bytes, stage.intake.bodies]).toEqual([0, 0])
        for (const { results } of open) expect(results).toHaveLength(1)
      }),
      { numRuns: 40 },
    )
  })
})
