import { describe, expect, it } from 'vitest'
import { databaseFailure, sqlState } from '#platform/postgres/failure.ts'

const withCode = (code: string) => Object.assign(new Error('secret value'), { code })

describe('whose fault a database error is', () => {
  it.each([
    ['22P02', 'data'],
    ['22003', 'data'],
    ['22P05', 'data'],
    ['23505', 'data'],
    ['23514', 'data'],
    ['54001', 'data'],
    ['08006', 'environment'],
    ['40001', 'environment'],
    ['40P01', 'environment'],
    ['53300', 'environment'],
    ['55P03', 'environment'],
    ['57014', 'environment'],
    ['57P01', 'environment'],
    ['57P03', 'environment'],
    ['58030', 'environment'],
    ['XX000', 'environment'],
    ['42P01', 'unknown'],
    ['42501', 'unknown'],
    ['ECONNREFUSED', 'environment'],
    ['ECONNRESET', 'environment'],
    ['EPIPE', 'environment'],
  ])('%s is %s', (code, verdict) => {
    expect(databaseFailure(withCode(code))).toBe(verdict)
  })

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ])('"%s" is the environment\u2019s', (message) => {
    expect(databaseFailure(new Error(message))).toBe('environment')
  })

  it('does not take a fault of ours for the data\u2019s', () => {
    expect(databaseFailure(new TypeError('x is not a function'))).toBe('unknown')
    expect(databaseFailure('boom')).toBe('unknown')
  })

  it('tells the SQLSTATE and nothing else', () => {
    expect(sqlState(withCode('22P02'))).toBe('22P02')
    expect(sqlState(withCode('ECONNRESET'))).toBeNull()
    expect(sqlState(new Error('x'))).toBeNull()
  })
})
