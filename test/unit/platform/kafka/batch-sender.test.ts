import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PRODUCER } from '#platform/kafka/batch-sender.ts'
import { attemptOf } from '#platform/kafka/send-errors.ts'

const protocol = (type: string) => Object.assign(new Error(`said ${type}`), { type })
const wrapped = (cause: unknown) => Object.assign(new Error('outer'), { cause })
const named = (name: string) => Object.assign(new Error('x'), { name })

describe('what a failed send says about its records', () => {
  it.each([
    ['MESSAGE_TOO_LARGE', 'record'],
    ['RECORD_LIST_TOO_LARGE', 'record'],
    ['INVALID_RECORD', 'record'],
    ['INVALID_TIMESTAMP', 'record'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 'topic'],
    ['INVALID_TOPIC_EXCEPTION', 'topic'],
    ['TOPIC_AUTHORIZATION_FAILED', 'topic'],
    ['CLUSTER_AUTHORIZATION_FAILED', 'topic'],
  ])('is that no repetition helps on %s, and that the %s is at fault', (type, scope) => {
    const refused = { kind: 'refused', scope, reason: type }
    expect(attemptOf(protocol(type))).toEqual(refused)
    expect(attemptOf(wrapped(wrapped(protocol(type))))).toEqual(refused)
  })

  it.each([
    ...['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'REQUEST_TIMED_OUT'],
    ...['NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'KAFKA_STORAGE_ERROR'],
  ])('is that a partition failed on %s, which passes', (type) => {
    const failed = { kind: 'failed', reason: type }
    expect(attemptOf(protocol(type))).toEqual(failed)
    expect(attemptOf(wrapped(wrapped(protocol(type))))).toEqual(failed)
  })

  it.each([
    ...['KafkaJSConnectionError', 'KafkaJSRequestTimeoutError', 'KafkaJSNumberOfRetriesExceeded'],
    ...['TypeError', 'KafkaJSMetadataNotLoaded'],
  ])('is nothing sure on a bare %s', (name) => {
    expect(attemptOf(named(name))).toEqual({ kind: 'unknown', reason: name })
  })

  it.each([undefined, null, 'MESSAGE_TOO_LARGE', 7, { type: 'MESSAGE_TOO_LARGE' }])(
    'is nothing sure when %j was thrown',
    (thrown) => {
      expect(attemptOf(thrown)).toEqual({ kind: 'unknown', reason: 'error' })
    },
  )

  it('is no refusal on a type that every object inherits', () => {
    for (const type of ['constructor', '__proto__', 'toString']) {
      expect(attemptOf(protocol(type)).kind).toBe('failed')
    }
  })

  it('is found in finite time when an error is its own cause, at any distance', () => {
    const first = wrapped(null)
    const second = wrapped(first)
    first.cause = second
    expect(attemptOf(second)).toEqual({ kind: 'unknown', reason: 'Error' })
    first.cause = first
    expect(attemptOf(second)).toEqual({ kind: 'unknown', reason: 'Error' })
  })

  it('never holds a message, which could repeat the record', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), (message) => {
        for (const error of [new Error(message), wrapped(new Error(message))]) {
          expect(attemptOf(error)).toEqual({ kind: 'unknown', reason: 'Error' })
        }
      }),
    )
  })
})

describe('the producer', () => {
  it('is plain and repeats nothing: rules P1, P3, P4 and P7', () => {
    expect(PRODUCER).toMatchObject({
      idempotent: false,
      allowAutoTopicCreation: false,
      metadataMaxAge: 5000,
      retry: { retries: 0 },
    })
  })
})
