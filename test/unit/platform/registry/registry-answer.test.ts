import { describe, expect, it } from 'vitest'
import {
  answerOfLibraryError,
  refusal,
  registryProblem,
} from '#platform/registry/registry-answer.ts'

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

describe('a failure of the registry in words', () => {
  it.each([
    [
      refusal(401, 'no'),
      /does not know who we are \(HTTP 401: no\); check SCHEMA_REGISTRY_USERNAME/,
    ],
    [refusal(403, ''), /does not let us write \(HTTP 403\); use credentials that may/],
    [refusal(422, 'Subject is in read-only mode'), /does not let us write/],
    [refusal(308, ''), /set SCHEMA_REGISTRY_URL to its final address/],
    [refusal(409, 'not compatible'), /^the registry refuses \(HTTP 409: not compatible\)$/],
    [refusal(503, 'x'), /^the registry cannot be reached \(HTTP 503\)$/],
    [{ kind: 'unreachable', reason: 'SELF_SIGNED_CERT_IN_CHAIN' }, /set SCHEMA_REGISTRY_CA_FILE/],
    [{ kind: 'nonsense', reason: 'a page' }, /gives a page; is SCHEMA_REGISTRY_URL the base/],
  ] as const)('says what to do: %j', (failure, words) => {
    expect(registryProblem(failure)).toMatch(words)
  })

  it('is short and holds no control characters', () => {
    const failure = refusal(409, `\u001b[2J${'x'.repeat(1000)}`)
    expect(registryProblem(failure).length).toBeLessThan(400)
    expect(registryProblem(failure)).not.toMatch(/\p{Cc}/u)
  })
})
