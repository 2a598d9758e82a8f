import { describe, expect, it } from 'vitest'
import { storePlace, storeProblems } from '#ingress/endpoint-place.ts'
import { ENDPOINT_STORE_SETTINGS } from '#ingress/endpoint-settings.ts'
import { loadSettings } from '#platform/config/settings.ts'

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')

function settings(environment: Readonly<Record<string, string>>) {
  return loadSettings(ENDPOINT_STORE_SETTINGS, environment)
}

const postgres = {
  ENDPOINTS_STORE: 'postgres',
  ENDPOINTS_DATABASE_URL: 'postgres://u:p@db/e',
  ENDPOINTS_KEYS: `b:${key(2)},a:${key(1)}`,
}

describe('the place of the endpoints', () => {
  it('is a file unless told', () => {
    expect(storePlace(settings({ ENDPOINTS_FILE: 'e.json' }))).toEqual({
      kind: 'file',
      path: 'e.json',
    })
  })

  it('is a database with keys, the first of which seals', () => {
    const place = storePlace(settings(postgres))
    const keys = 'kind' in place && place.kind === 'postgres' ? [...place.keys.keys()] : []
    expect(place).toMatchObject({ kind: 'postgres', url: 'postgres://u:p@db/e' })
    expect(keys).toEqual(['b', 'a'])
  })

  it('says all that is missing', () => {
    const names = storeProblems(settings({ ENDPOINTS_STORE: 'postgres' }))
    expect(names.map((problem) => problem.split(':')[0])).toEqual([
      ...['ENDPOINTS_DATABASE_URL', 'ENDPOINTS_KEYS'],
    ])
  })

  it.each([
    ['no id', key(1)],
    ['no key', 'a:'],
    ['a key of 31 bytes', `a:${Buffer.alloc(31).toString('base64')}`],
    ['a key of 33 bytes', `a:${Buffer.alloc(33).toString('base64')}`],
    ['base64 of the web', `a:${key(255).replaceAll('/', '_')}`],
    ['one id twice', `a:${key(1)},a:${key(2)}`],
  ])('never repeats keys that it refuses: %s', (_what, keys) => {
    const problems = storeProblems(settings({ ...postgres, ENDPOINTS_KEYS: keys }))
    expect(problems).toEqual([expect.stringMatching(/^ENDPOINTS_KEYS: must be /)])
    for (const part of keys.split(/[:,]/)) {
      if (part.length > 20) expect(problems.join()).not.toContain(part)
    }
  })
})
