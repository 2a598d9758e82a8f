import { describe, expect, it } from 'vitest'
import { CONSUMER, isHeld, RUN, WATCH } from '#platform/kafka/consumer-life.ts'

describe('the consumer', () => {
  it('commits nothing by itself: rule C1', () => {
    expect(RUN).toMatchObject({ autoCommit: false, eachBatchAutoResolve: false })
  })

  it('asks a lost coordinator once more, not for minutes, and never restarts itself: rule C4', async () => {
    expect(CONSUMER.retry.retries).toBe(1)
    expect(await CONSUMER.retry.restartOnFailure()).toBe(false)
  })

  it('is replaced after 25 s of silence, or 60 s without progress: rule C4', () => {
    expect(WATCH).toEqual({ silenceMs: 25_000, standstillMs: 60_000 })
    // Members may take that long to join; their silence is none.
    expect(CONSUMER.rebalanceTimeout).toBeLessThan(WATCH.silenceMs)
  })

  it('heartbeats often enough to be late several times within its session: rule C7', () => {
    expect(CONSUMER.heartbeatInterval * 5).toBeLessThan(CONSUMER.sessionTimeout)
  })

  it('takes little of a partition at once, and all partitions side by side: rule C11', () => {
    expect(CONSUMER.maxBytesPerPartition).toBe(262_144)
    expect(RUN.partitionsConsumedConcurrently).toBe(12)
  })

  it('polls briefly, since whoever stops it waits for the poll: rule C12', () => {
    expect(CONSUMER.maxWaitTimeInMs).toBe(300)
  })

  it('makes no topic, and hears of moved leaders within 5 s', () => {
    expect(CONSUMER).toMatchObject({ allowAutoTopicCreation: false, metadataMaxAge: 5000 })
  })
})

describe('a batch in hand', () => {
  const mine = { over: false, draining: false, lost: false }
  const fresh = { isRunning: () => true, isStale: () => false }

  it('is held while nothing speaks against it', () => {
    expect(isHeld(mine, fresh)).toBe(true)
  })

  it.each([
    ['its generation is over', { ...mine, over: true }, fresh],
    ['the service stops', { ...mine, draining: true }, fresh],
    ['a heartbeat was told that the membership is lost', { ...mine, lost: true }, fresh],
    ['kafkajs stops', mine, { ...fresh, isRunning: () => false }],
    ['the partition is to be read from elsewhere', mine, { ...fresh, isStale: () => true }],
  ])('is held no longer once %s: rule C6', (_, own, payload) => {
    expect(isHeld(own, payload)).toBe(false)
  })
})
