import { describe, expect, it } from 'vitest'
import {
  crashVerdict,
  FRUITLESS_CRASHES,
  losesMembership,
  namesMissingTopic,
} from '#platform/kafka/consumer-crash.ts'

const protocol = (type: string) => Object.assign(new Error(type), { type })
const wrapped = (cause: unknown) => Object.assign(new Error('outer'), { cause })

describe('a crashed Kafka consumer', () => {
  it('is replaced as often as it takes while brokers are away', () => {
    const error = Object.assign(new Error('x'), { name: 'KafkaJSNumberOfRetriesExceeded' })
    expect(crashVerdict(error, 1_000_000)).toBe('rebuild')
  })

  it('ends the process when only an operator can help', () => {
    expect(crashVerdict(wrapped(protocol('GROUP_AUTHORIZATION_FAILED')), 1)).toBe('fatal')
    const sasl = Object.assign(new Error('x'), { name: 'KafkaJSSASLAuthenticationError' })
    expect(crashVerdict(wrapped(sasl), 1)).toBe('fatal')
  })

  it('ends the process when a fault of the client comes back again and again', () => {
    expect(crashVerdict(wrapped(new TypeError('x')), FRUITLESS_CRASHES - 1)).toBe('rebuild')
    expect(crashVerdict(wrapped(new TypeError('x')), FRUITLESS_CRASHES)).toBe('fatal')
  })

  it('knows which heartbeat errors end the membership', () => {
    expect(losesMembership(protocol('UNKNOWN_MEMBER_ID'))).toBe(true)
    expect(losesMembership(wrapped(protocol('REBALANCE_IN_PROGRESS')))).toBe(true)
    expect(losesMembership(protocol('REQUEST_TIMED_OUT'))).toBe(false)
  })

  it('knows a topic that is not there yet', () => {
    expect(namesMissingTopic(wrapped(protocol('UNKNOWN_TOPIC_OR_PARTITION')))).toBe(true)
    expect(namesMissingTopic(null)).toBe(false)
  })
})
