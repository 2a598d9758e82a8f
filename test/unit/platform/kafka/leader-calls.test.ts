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

function call(partition: number, attempt: Attempt): LeaderCall {
  return { leader: IN_SYNC[partition]?.[0] ?? null, records: [record(partition)], attempt }
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

const NONE: ReadonlySet<number> = new Set()

function come(...attempts: readonly Attempt[]) {
  return comeWithout(NONE, ...attempts)
}

function comeWithout(absent: ReadonlySet<number>, ...attempts: readonly Attempt[]) {
  const calls = attempts.map((attempt, partition) => call(partition, attempt))
  return attemptOfCalls(calls, leaders, absent)
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

  it('without an absent broker leave what depends on it stuck, also what was not in the batch', () => {
    // Partition 2 alone has no copy on broker 2.
    const stuck = { places: new Set(['t/0', 't/1', 't/3']), cause: 'absence' }
    const absent = new Set([2])
    const { partitions } = answered(0) as Attempt & { kind: 'answered' }
    for (const without of [silent, expired, cut, failed]) {
      expect(comeWithout(absent, answered(0), without)).toEqual({
        ...{ kind: 'answered', partitions, stuck },
      })
    }
    const unanswered = { kind: 'answered', partitions: [], stuck }
    expect(comeWithout(absent, silent, expired)).toEqual(unanswered)
    expect(comeWithout(absent, failed)).toEqual(unanswered)
  })

  it('say nothing of an absent broker where all are answered or one is refused, or nothing depends on it', () => {
    expect(comeWithout(new Set([2]), answered(0), answered(1))).toEqual(
      come(answered(0), answered(1)),
    )
    expect(comeWithout(new Set([2]), answered(0), refused)).toBe(refused)
    expect(comeWithout(new Set([9]), answered(0), cut)).toEqual(come(answered(0), cut))
  })

  it('count an error of Kafka as an answer: others are not silent', () => {
    expect(come(failed, silent)).toEqual({
      ...{ kind: 'answered', partitions: [] },
      stuck: { places: new Set(['t/1']), cause: 'silence' },
    })
  })

  it('say nothing where all are silent, or nobody knew who leads', () => {
    expect(come(silent, expired)).toBe(silent)
    expect(attemptOfCalls([], leaders, NONE)).toMatchObject({ kind: 'unknown' })
    const unled = { ...call(0, silent), leader: null }
    const beside = attemptOfCalls([unled, call(1, answered(1))], leaders, NONE)
    expect(beside).toEqual(answered(1))
  })

  it.each([
    ['a lost connection', cut],
    ['a silent call', silent],
    ['a call that had no time', expired],
  ])('leave the partitions of %s stuck, and no others that may have a copy there', (_what, one) => {
    expect(come(answered(0), one)).toEqual({
      ...answered(0),
      stuck: { places: new Set(['t/1']), cause: 'silence' },
    })
    expect(come(one, one)).toBe(one)
    const unled = { ...call(0, one), leader: null }
    expect(attemptOfCalls([unled, call(1, answered(1))], leaders, NONE)).toEqual(answered(1))
  })

  it('where one fails leave its partitions alone in doubt', () => {
    expect(come(answered(0), failed)).toMatchObject({
      kind: 'answered',
      stuck: { places: new Set(['t/1']), cause: 'error' },
    })
    expect(come(failed, failed)).toBe(failed)
  })

  it('are refused as a whole where one is, so that the culprit is looked for', () => {
    expect(come(answered(0), refused, silent)).toBe(refused)
  })
})
