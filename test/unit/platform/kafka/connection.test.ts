import { expect, it } from 'vitest'
import { TIME_OUTS } from '#platform/kafka/connection.ts'

it('the client waits 1 s for a connection, 2 s for a login, 3 s for an answer: rules P4 and C4', () => {
  expect(TIME_OUTS).toEqual({
    connectionTimeout: 1000,
    authenticationTimeout: 2000,
    requestTimeout: 3000,
    enforceRequestTimeout: true,
  })
})
