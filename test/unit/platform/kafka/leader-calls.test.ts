import { describe, expect, it } from 'vitest'
import type { Attempt, OutgoingRecord } from '#core/commit.ts'
import type { LeaderCall } from '#platform/kafka/leader-calls.ts'
import { attemptOfCalls, LeaderMap } from '#platform/kafka/leader-calls.ts'

/** Leader first, then the others in sync, by partition. */
const IN_SYNC = [
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5],
  [4, 5, 2],
]

const leaders = new LeaderMap()
leaders.heard(
  't',
  IN_SYNC.map((isr, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: isr[0] ?? 0 },
    ...{ replicas: isr, isr },
  })),
)

function record(partition: number, topic = 't'): OutgoingRecord {
  return { topic, partition, key: 'tnt_1', value: null, headers: {} }
}

function call(partition: number, attempt: Attempt, hadMs = 2500): LeaderCall {
  return { leader: IN_SYNC[partition]?.[0] ?? null, records: [record(partition)], attempt, hadMs }
}

function answered(partition: number): Attempt {
  const at = { topic: 't', partition, errorCode: 0, baseOffset: '7' }
  return { kind: 'answered', partitions: [at] }
}

const silent: Attempt = { kind: 'unknown', reason: 'KafkaJSRequestTimeoutError' }
const expired: Attempt = { kind: 'unknown', reason: 'attempt_timeout' }
const cut: Attempt = { kind: 'unknown', reason: 'KafkaJSConnectionError' }
const failed: Attempt = { kind: 'failed', reason: 'REQUEST_TIMED_OUT' }
const refused: Attempt = { kind: 'refused', scope: 'record', reason: 'MESSAGE_TOO_LARGE' }

function come(...attempts: readonly Attempt[]) {
  return attemptOfCalls(
    attempts.map((attempt, partition) => call(partition, attempt)),
    leaders,
  )
}

describe('the calls of one attempt', () => {
  it('are one for each leader, each in the order of the batch', () => {
    const batch = [record(0), record(3), record(0), record(9), record(1, 'new')]
    expect([...leaders.grouped(batch)]).toEqual([
      [1, [batch[0], batch[2]]],
      [4, [batch[1]]],
      [null, [batch[3], batch[4]]],
    ])
  })

  it('come to one answer where all answer', () => {
    const all = come(answered(0), answered(1))
    expect(all).toEqual({
      kind: 'answered',
      partitions: [0, 1].flatMap((n) => {
        const attempt = answered(n)
        return attempt.kind === 'answered' ? attempt.partitions : []
      }),
    })
  })

  it.each([['kafkajs', silent] as const, ['we', expired] as const])(
    'where a broker is silent until %s lose patience leave what depends on it stuck, also what was not in the batch',
    (_who, silence) => {
      const attempt = come(answered(0), silence)
      expect(attempt).toMatchObject({ kind: 'answered', partitions: [{ partition: 0 }] })
      const stuck = attempt.kind === 'answered' ? attempt.stuck : undefined
      // Partition 2 alone has no copy on broker 2.
      expect(stuck).toEqual({ places: new Set(['t/0', 't/1', 't/3']), isSilence: true })
    },
  )

  it('count an error of Kafka as an answer: others are not silent', () => {
    expect(come(failed, silent)).toMatchObject({
      kind: 'answered',
      partitions: [],
      stuck: { isSilence: true },
    })
  })

  it('say nothing where all are silent, or nobody knew who leads', () => {
    expect(come(silent, expired)).toBe(silent)
    expect(attemptOfCalls([], leaders)).toMatchObject({ kind: 'unknown' })
    const unled = { ...call(0, silent), leader: null }
    const beside = attemptOfCalls([unled, call(1, answered(1))], leaders)
    expect(beside).toEqual(answered(1))
  })

  it('leave the partitions of a lost connection stuck, and no others that may have a copy there', () => {
    expect(come(answered(0), cut)).toEqual({
      ...answered(0),
      stuck: { places: new Set(['t/1']), isSilence: true },
    })
    // Broker 3 is silent: partitions 0, 1 and 2 have copies on it. The connection to 4 is lost.
    expect(come(failed, answered(1), silent, cut)).toMatchObject({
      stuck: { places: new Set(['t/0', 't/1', 't/2', 't/3']), isSilence: true },
    })
    expect(come(cut, cut)).toBe(cut)
    const unled = { ...call(0, cut), leader: null }
    expect(attemptOfCalls([unled, call(1, answered(1))], leaders)).toEqual(answered(1))
  })

  it('are not silent where the attempt ended before a broker had its time to answer', () => {
    const late = [call(0, answered(0), 900), call(1, expired, 2499)]
    expect(attemptOfCalls(late, leaders)).toEqual({
      ...answered(0),
      stuck: { places: new Set(['t/1']), isSilence: true },
    })
  })

  it('where one fails leave its partitions alone in doubt', () => {
    expect(come(answered(0), failed)).toMatchObject({
      kind: 'answered',
      stuck: { places: new Set(['t/1']), isSilence: false },
    })
    expect(come(failed, failed)).toBe(failed)
  })

  it('are refused as a whole where one is, so that the culprit is looked for', () => {
    expect(come(answered(0), refused, silent)).toBe(refused)
  })
})
