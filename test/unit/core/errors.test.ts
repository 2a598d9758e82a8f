import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '#core/errors.ts'
import { ERRORS, errorEntry, isFinal } from '#core/errors.ts'
import { QUARANTINE_REASONS } from '#core/outcome.ts'

const codes = Object.keys(ERRORS) as ErrorCode[]
const entries = codes.map((code) => ({ code, ...errorEntry(code) }))

describe('whether the sender destroys an event', () => {
  it('follows the table of the contract', () => {
    const retried = [408, 409, 425, 429]
    for (let status = 100; status < 600; status += 1) {
      const expected = status >= 400 && status <= 499 && !retried.includes(status)
      expect(isFinal(status), String(status)).toBe(expected)
    }
  })
})

describe('the catalogue of errors', () => {
  it.each(entries)('answers $code with a status of HTTP for failures', ({ status }) => {
    expect(Number.isInteger(status) && status >= 400 && status < 600).toBe(true)
  })

  it.each(entries.filter(({ fault }) => fault === 'environment'))(
    'lets no event be destroyed for $code, which is our own fault',
    ({ status }) => {
      expect(status).toBeGreaterThanOrEqual(500)
    },
  )

  it.each(entries.filter(({ status }) => isFinal(status)))(
    'ends the life of an event with $code only when the caller is unproven or the bytes are safe',
    ({ code, fault, message }) => {
      const setAside = (QUARANTINE_REASONS as readonly string[]).includes(code)
      expect(fault).toBe(setAside ? 'event' : 'caller')
      expect(/was set aside/.test(message)).toBe(setAside)
    },
  )

  it('is final for nothing but these, so that a new final code needs a second look', () => {
    expect(entries.filter(({ status }) => isFinal(status)).map(({ code }) => code)).toEqual([
      'malformed_header',
      'invalid_signature',
      'unknown_endpoint',
      'endpoint_removed',
      'body_too_large',
      'tenant_mismatch',
      'mode_mismatch',
      'call_mismatch',
      'not_found',
      'method_not_allowed',
      'bad_request',
      'headers_too_large',
    ])
  })

  it('uses the same reasons as the sender for signatures', () => {
    for (const code of ['malformed_header', 'invalid_signature', 'timestamp_out_of_tolerance']) {
      expect(errorEntry(code as ErrorCode).type).toBe('invalid_signature')
    }
  })

  it.each(entries.filter(({ status }) => status === 503))(
    'calls $code unavailable and asks to be sent again',
    ({ type, message }) => {
      expect(type).toBe('unavailable')
      expect(message).toMatch(/Send again/)
    },
  )

  it.each(entries)('says $code in one plain sentence or two', ({ message, type }) => {
    expect(message).toMatch(/^[A-Z][^\n]{10,140}\.$/)
    expect(message).not.toMatch(/\$\{|%s|undefined/)
    expect(type).toMatch(/^[a-z_]+$/)
  })
})
