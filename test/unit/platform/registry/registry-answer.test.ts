import { describe, expect, it } from 'vitest'
import { answerOfLibraryError, refusal } from '#platform/registry/registry-answer.ts'

function libraryError(status: number, message: string): Error {
  return Object.assign(new Error(message), { status })
}

describe('what an answer of the registry means', () => {
  it('takes the library’s status 400 for an unreachable registry when it is its filler', () => {
    const error = libraryError(400, 'event-router - Error, status 400: connect ECONNREFUSED')
    expect(answerOfLibraryError(error, 'event-router')).toEqual({
      kind: 'unreachable',
      reason: 'connect ECONNREFUSED',
    })
  })

  it('takes status 400 with the registry’s own words for a refusal', () => {
    const error = libraryError(400, 'event-router - Invalid subject')
    expect(answerOfLibraryError(error, 'event-router')).toMatchObject({
      kind: 'refused',
      reason: 'Invalid subject',
    })
  })

  it.each([500, 502, 503, 429])('takes HTTP %i for the environment’s fault', (status) => {
    expect(refusal(status, 'x').kind).toBe('unreachable')
  })

  it.each([401, 403, 409, 422])('takes HTTP %i for a refusal', (status) => {
    expect(refusal(status, 'x')).toEqual({ kind: 'refused', status, reason: 'x' })
  })
})
