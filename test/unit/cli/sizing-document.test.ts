import { describe, expect, it } from 'vitest'
import type { BenchReport } from '#cli/sizing-document.ts'
import { sizingDocument } from '#cli/sizing-document.ts'

const REPORT: BenchReport = {
  machine: '2 x a processor',
  rounds: 5,
  figures: [
    { name: 'ingress, 1 tenant', unit: 'us CPU', median: 100, least: 80, most: 200 },
    { name: 'ingress, 10,000 tenants', unit: 'us CPU', median: 125, least: 100, most: 250 },
    { name: 'ingress, 1 tenant', unit: 'requests/s', median: 1, least: 1, most: 1 },
    { name: 'consumer, batched', unit: 'events/s', median: 5678, least: 5000, most: 6000 },
  ],
}

describe('the table of sizes', () => {
  it('turns CPU of an event into events of a CPU, and plans with half of it', () => {
    const rows = sizingDocument(REPORT).split('\n')
    const cells = rows.slice(2, 5).map((row) => row.split('|').map((cell) => cell.trim()))
    expect(cells.map(([, , ...figures]) => figures.slice(0, 3))).toEqual([
      ['10,000', '5,000 to 13,000', '5,000'],
      ['8,000', '4,000 to 10,000', '4,000'],
      ['5,700', '5,000 to 6,000', '2,800'],
    ])
    expect(rows.at(-1)).toBe('5 rounds of `npm run bench` on 2 x a processor.')
  })

  it('is not made of a report that lacks a figure', () => {
    const figures = REPORT.figures.slice(0, 3)
    expect(() => sizingDocument({ ...REPORT, figures })).toThrow('consumer, batched')
  })
})
