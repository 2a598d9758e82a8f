import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import { Admission } from '#ingress/admission.ts'
import { GroupCommit } from '#ingress/group-commit.ts'
import { TenantRates } from '#ingress/tenant-rates.ts'

const BATCH = 10
const ATTEMPT_MS = 20
const QUIET = 50
/** Each of the quiet ones sends once in so many milliseconds. */
const QUIET_EVERY_MS = 250
const SECONDS = 60

const limits = {
  queueRecords: 1000,
  queueBytes: 1e9,
  queueAgeMs: 2000,
  loopMaxLateMs: 500,
  requests: 1e9,
  shedOrder: ['other', 'pass', 'program', 'card', 'compliance', 'settlement'],
} as const

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** A Kafka that takes 500 records a second, however many come. */
const slowKafka = {
  async attempt(batch: readonly OutgoingRecord[]): Promise<Attempt> {
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS))
    const partitions = batch.map(({ topic, partition }) => ({
      topic,
      partition,
      errorCode: 0,
      baseOffset: '0',
    }))
    return { kind: 'answered', partitions }
  },
  renew: () => undefined,
}

/** What befell the records of the tenants in a minute; time is that of the timers. */
class Minute {
  readonly waits = new Map<string, number[]>()
  readonly refused = new Map<string, number>()
  readonly #commit = new GroupCommit(
    { main: slowKafka, trial: slowKafka },
    { ...limits, batch: { records: BATCH, bytes: 1e6 }, deadlineMs: 13_000, backOffMs: 100 },
    { attempted: () => undefined },
    () => Date.now(),
  )
  readonly #admission = new Admission({
    limits,
    queue: this.#commit,
    rates: new TenantRates({ perSecond: 0, burst: 1 }),
    lateMs: () => 0,
    requests: () => 0,
    now: () => Date.now(),
  })

  async run(noisyPerSecond: number): Promise<void> {
    for (let ms = 0; ms < SECONDS * 1000; ms += 5) {
      for (let n = 0; n < QUIET; n += 1) {
        if (ms % QUIET_EVERY_MS === (n * 5) % QUIET_EVERY_MS) this.#send(`quiet_${n}`)
      }
      const due = Math.floor((ms * noisyPerSecond) / 1000)
      const next = Math.floor(((ms + 5) * noisyPerSecond) / 1000)
      for (let n = due; n < next; n += 1) this.#send('noisy')
      await vi.advanceTimersByTimeAsync(5)
    }
    await Promise.all([this.#commit.drained(), vi.runAllTimersAsync()])
  }

  /** The wait that 99 of 100 records of these tenants do not exceed. */
  p99(prefix: string): number {
    const own = [...this.waits].filter(([tenant]) => tenant.startsWith(prefix))
    const all = own.flatMap(([, waits]) => waits).sort((a, b) => a - b)
    return all[Math.floor(all.length * 0.99)] ?? Number.NaN
  }

  #send(tenant: string): void {
    if (this.#admission.ofWebhook(tenant, 'card', 100) !== null) {
      this.refused.set(tenant, (this.refused.get(tenant) ?? 0) + 1)
      return
    }
    const since = Date.now()
    const record = { topic: 't', partition: 0, key: tenant, value: new Uint8Array(9), headers: {} }
    void this.#commit.submit(record).then(() => {
      const waits = this.waits.get(tenant) ?? []
      waits.push(Date.now() - since)
      this.waits.set(tenant, waits)
    })
  }
}

describe('one tenant at many times the rate of 50 quiet ones, on a Kafka that takes less than comes', () => {
  it('waits and is refused, while they see p99 within 1.5 times of what they see alone', async () => {
    const alone = new Minute()
    await alone.run(0)
    const beside = new Minute()
    await beside.run(2000)
    expect([...beside.refused.keys()]).toEqual(['noisy'])
    expect(alone.waits.size).toBe(QUIET)
    expect(beside.p99('quiet')).toBeLessThanOrEqual(1.5 * alone.p99('quiet'))
    // What the quiet ones leave is the noisy one's: nothing of Kafka is wasted.
    const taken = [...beside.waits.values()].reduce((sum, waits) => sum + waits.length, 0)
    expect(taken).toBeGreaterThan(0.98 * SECONDS * BATCH * (1000 / ATTEMPT_MS))
    // Its own line is a quarter of the queue, and not one of its records expires in it.
    expect(beside.p99('noisy')).toBeLessThan(2000)
  })
})
