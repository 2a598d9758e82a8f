import { describe, expect, it } from 'vitest'
import { ok } from '#cli/doctor/finding.ts'
import { bounded, findingsOn, read, skipped } from '#cli/doctor/reading.ts'
import { failure } from '#cli/fault.ts'

const never = () => new Promise<never>(() => {})

describe('a look at the world', () => {
  it('brings what was read', async () => {
    expect(await bounded(1000, async () => 7)).toEqual({ kind: 'read', value: 7 })
  })

  it('has an end, also when nothing answers', async () => {
    expect(await bounded(20, never)).toEqual({
      kind: 'away',
      reason: 'no answer within 0 s',
    })
  })

  it('says in its own words what a person can put right', async () => {
    const look = bounded(1000, async () => {
      throw failure('Postgres at db:5432 cannot be reached')
    })
    expect(await look).toEqual({ kind: 'away', reason: 'Postgres at db:5432 cannot be reached' })
  })

  it('tells class and code of a surprise, never its message', async () => {
    const look = bounded(1000, async () => {
      throw Object.assign(new TypeError('password=topsecret'), { code: 'EWHAT' })
    })
    expect(await look).toEqual({ kind: 'away', reason: 'it failed (TypeError, EWHAT)' })
  })
})

describe('findings', () => {
  const decide = (value: number) => [ok('clock', `it is ${value}`)]

  it('are decided on what was read', () => {
    expect(findingsOn('clock', read(5), 'wind it', decide)).toMatchObject([{ words: 'it is 5' }])
  })

  it('are a fault when it is away, and a warning when it could not be looked at', () => {
    const away = findingsOn('clock', { kind: 'away', reason: 'no clock' }, 'wind it', decide)
    expect(away).toMatchObject([{ grade: 'fault', words: 'no clock', remedy: 'wind it' }])
    const because = findingsOn('clock', skipped('the room is locked'), 'wind it', decide)
    expect(because).toMatchObject([
      { grade: 'warning', words: 'not looked at: the room is locked' },
    ])
  })
})
