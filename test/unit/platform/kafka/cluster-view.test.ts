import { expect, it } from 'vitest'
import { isPassing } from '#platform/kafka/cluster-view.ts'

function kafkaError(name: string, facts: object, causeCode?: string): Error {
  const cause =
    causeCode === undefined ? undefined : Object.assign(new Error(), { code: causeCode })
  return Object.assign(new Error('', { cause }), { name }, facts)
}

it.each([
  ['retries that are used up', kafkaError('KafkaJSNumberOfRetriesExceeded', { retriable: false })],
  ['a reset', kafkaError('KafkaJSNumberOfRetriesExceeded', {}, 'ECONNRESET')],
  ['a coordinator that loads', kafkaError('KafkaJSProtocolError', { retriable: true })],
])('%s may pass', (_what, error) => {
  expect(isPassing(error)).toBe(true)
})

it.each([
  ['nobody who listens', kafkaError('KafkaJSNumberOfRetriesExceeded', {}, 'ECONNREFUSED')],
  ['a name that is unknown', kafkaError('KafkaJSNumberOfRetriesExceeded', {}, 'ENOTFOUND')],
  ['a refused connection', kafkaError('X', { retriable: true, code: 'ECONNREFUSED' })],
  ['a wrong password', kafkaError('KafkaJSSASLAuthenticationError', { retriable: false })],
  ['what the work throws', new Error('the topic is missing')],
])('%s does not pass', (_what, error) => {
  expect(isPassing(error)).toBe(false)
})
