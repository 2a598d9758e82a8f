import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Domain } from '#core/routing.ts'
import { LARGEST_ANSWER } from '#ingress/decision-service.ts'
import { FILES_PACE_MS } from '#ingress/endpoint-files.ts'
import { TABLES_PACE_MS } from '#ingress/endpoint-tables.ts'
import { LINES_AT_ONCE, LINES_PER_SECOND } from '#ingress/line-budget.ts'
import { isShed } from '#ingress/pressure.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { corpusClasses } from '../../corpus/case.ts'

const KIB = 1024
const usual = loadSettings(INGRESS_SETTINGS, { KAFKA_BROKERS: 'k:9092', ENDPOINTS_FILE: '/e.json' })
const cases = corpusClasses().flatMap((each) => each.cases).length
const lines = [LINES_AT_ONCE, LINES_PER_SECOND]

function textOf(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
}

const DESIGN = 'services/DESIGN.md'

describe('a figure that a document repeats', () => {
  it.each([
    ['README.md', /some (\d+) hostile and odd requests/, [Math.floor(cases / 10) * 10]],
    ['README.md', /A 2xx answer of at most (\d+) KiB, not compressed/, [LARGEST_ANSWER / KIB]],
    ['docs/operations.md', /limited to (\d+) lines at once and (\d+) a second/, lines],
    ['docs/runbooks/EventRouterEventsDestroyed.md', /(\d+) at once and (\d+) a second/, lines],
    [DESIGN, /a budget of (\d+) at once and (\d+) a second/, lines],
    [DESIGN, /in the budget, at most (\d+) KiB, not encoded/, [LARGEST_ANSWER / KIB]],
    [
      DESIGN,
      /at most (\d+) records or (\d+) KiB, since encoding blocks/,
      [usual.batchRecords, usual.batchBytes / KIB],
    ],
    [DESIGN, /inside our own timer of ([\d.]+) s/, [usual.attemptTimeoutMs / 1000]],
    [DESIGN, /until its deadline \((\d+) s\)/, [usual.recordDeadlineMs / 1000]],
    [DESIGN, /at most one in (\d+) ms \(Postgres: (\d+) ms\)/, [FILES_PACE_MS, TABLES_PACE_MS]],
  ] as const)('is that of the code: %s, %s', (file, pattern, expected) => {
    const [, ...said] = pattern.exec(textOf(file).replace(/\s+/g, ' ')) ?? []
    expect(said.map(Number)).toEqual(expected)
  })
})

describe('the table of who gives way, in pressure.ts', () => {
  const source = textOf('services/ingress/pressure.ts')
  const rows = [...source.matchAll(/^ \* \| (0\.\d\d) +\| `(\w+)` /gm)]
  const { shedOrder } = usual

  it('names every domain, in the usual order', () => {
    expect(rows.map(([, , domain]) => domain)).toEqual(shedOrder)
  })

  it.each(rows.map(([, pressure, domain]) => [Number(pressure), domain as Domain] as const))(
    'gives the pressure to two digits: %f for %s',
    (pressure, domain) => {
      expect(isShed(domain, pressure - 0.005, shedOrder)).toBe(false)
      expect(isShed(domain, pressure + 0.005, shedOrder)).toBe(true)
    },
  )
})
