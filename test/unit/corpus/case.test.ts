import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '#core/errors.ts'
import { QUARANTINE_REASONS } from '#core/outcome.ts'
import { DOMAINS } from '#core/routing.ts'
import { corpusClasses, parseClass } from '../../corpus/case.ts'

const classes = corpusClasses()
const cases = classes.flatMap((each) => each.cases)
const expected = cases.flatMap(({ request, before }) =>
  [request, ...before].flatMap((each) => each.expected),
)
const root = new URL('../../../', import.meta.url)
const elsewhere: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('test/corpus/elsewhere.json', root), 'utf8'),
)

/** The table of threats, for what concerns the ingress. */
const LEAST = {
  'signature-comparison': 10,
  replay: 10,
  'header-tricks': 30,
  'header-flood': 4,
  'body-limits': 12,
  decompression: 4,
  'request-smuggling': 30,
  'duplicate-keys': 20,
  'prototype-keys': 10,
  'depth-and-numbers': 21,
  'text-encoding': 15,
  'field-injection': 25,
  'tenant-spoof': 16,
  'log-injection': 20,
  'card-data': 8,
  'endpoint-enumeration': 2,
}

describe('the corpus', () => {
  it('holds at least 300 cases', () => {
    expect(cases.length).toBeGreaterThanOrEqual(300)
  })

  it.each(Object.entries(LEAST))('has a class %s of at least %i cases', (name, least) => {
    expect(classes.find((each) => each.name === name)?.cases.length).toBeGreaterThanOrEqual(least)
  })

  it('calls no two cases of a class the same', () => {
    const names = cases.map(({ className, name }) => `${className}: ${name}`)
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })

  it('shows every code of the catalogue, or says which test does', () => {
    const shown = new Set([...expected.map(({ code }) => code), ...Object.keys(elsewhere)])
    const known = [...Object.keys(ERRORS), ...QUARANTINE_REASONS, 'received', 'duplicate']
    expect(known.filter((code) => !shown.has(code))).toEqual([])
  })

  it('shows every domain and every reason in its place', () => {
    const shown = new Set(expected.map(({ place }) => place))
    const places = [
      ...DOMAINS.map((domain) => `topic/${domain}`),
      ...QUARANTINE_REASONS.map((reason) => `quarantine/${reason}`),
    ]
    expect(places.filter((place) => !shown.has(place))).toEqual([])
  })

  it('expects of every code the status of the catalogue', () => {
    const statuses = new Map(Object.entries(ERRORS).map(([code, { status }]) => [code, status]))
    const wrong = expected.filter(({ status, code }) => (statuses.get(code) ?? status) !== status)
    expect(wrong).toEqual([])
  })

  it('expects bytes in a place for 2xx and for events of somebody else, and for nothing else', () => {
    const isKept = ({ status, code }: (typeof expected)[number]) =>
      (status >= 200 && status < 300) || (status === 403 && code !== 'call_mismatch')
    expect(expected.filter((each) => isKept(each) === (each.place === 'none'))).toEqual([])
  })
})

describe('what the corpus leaves to other tests', () => {
  it.each(Object.entries(elsewhere))('%s is named in %s', (code, file) => {
    expect(readFileSync(new URL(file, root), 'utf8')).toContain(`'${code}'`)
  })

  it('is nothing that it shows itself', () => {
    const shown = new Set(expected.map(({ code }) => code))
    expect(Object.keys(elsewhere).filter((code) => shown.has(code))).toEqual([])
  })
})

describe('a file of cases', () => {
  const answer = { status: 200, code: 'received', place: 'topic/card' }
  const file = (own: object) => ({ threat: 'one', least: 1, cases: [{ name: 'one', ...own }] })

  it('is read', () => {
    expect(parseClass('class', file(answer)).cases).toHaveLength(1)
  })

  it.each([
    ['a mistyped key', { ...answer, sginature: null }],
    ['a place that is none', { ...answer, place: 'topic/cards' }],
    ['an endpoint that is none', { ...answer, endpoint: 'nobody' }],
    ['a body in a form that nobody knows', { ...answer, body: { bytes: 'ff' } }],
    ['no place', { status: 200, code: 'received' }],
  ])('with %s is refused', (_name, own) => {
    expect(() => parseClass('class', file(own))).toThrow()
  })
})
