import { describe, expect, it } from 'vitest'
import type { RecordSpan } from '#ingress/record-span.ts'
import { currentSpans, recordedSince, recordSpan, spanRecord } from '#ingress/record-span.ts'
import { secretUse } from '#ingress/secret-usage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = Date.parse('2026-05-19T12:00:00Z')

/** From and to in hours before now. */
function span(from: number, to: number, everyMs = MINUTE): RecordSpan {
  return { sinceMs: NOW - from * HOUR, untilMs: NOW - to * HOUR, everyMs }
}

describe('what a process says of its records', () => {
  it('is read as it was written, and is no use of a secret', () => {
    const { key, value } = spanRecord('t', 'a/b', span(2, 1))
    const text = Buffer.from(value ?? '').toString()
    expect(recordSpan(key, text)).toEqual(span(2, 1))
    expect(secretUse(key, text)).toBeNull()
  })

  it.each([
    ['whk_1/k1/instance', '{"matched":1}'],
    ['process/', '{}'],
    ['process/a', 'x'],
    ['process/a', '{"since":"2026-05-19T12:00:00Z","until":"2026-05-19T11:00:00Z","every_ms":1}'],
    ['process/a', '{"since":"2026-05-19T12:00:00Z","until":"2026-05-19T12:00:00Z"}'],
  ])('is not read from what is something else: %s %s', (key, value) => {
    expect(recordSpan(key, value)).toBeNull()
  })
})

describe('since when matches are written down without a gap', () => {
  it.each([
    ['nobody ever did', [], null],
    ['nobody does any more', [span(90, 1)], null],
    ['one process does', [span(5, 0)], 5],
    ['one took over from another, as when they are rolled', [span(90, 5), span(5, 0)], 90],
    ['two did, one of them longer', [span(5, 0), span(7, 0)], 7],
    ['there was a gap of an hour', [span(90, 6), span(5, 0)], 5],
    ['the gap of one was covered by another', [span(90, 6), span(5, 0), span(8, 4)], 90],
    ['one that is late by an interval still does', [span(5, 1, 40 * MINUTE)], 5],
  ])('when %s', (_case, spans, hours) => {
    expect(recordedSince(spans, NOW)).toBe(hours === null ? null : NOW - hours * HOUR)
  })

  it('only those count that go on', () => {
    expect(currentSpans([span(90, 5), span(5, 0)], NOW)).toEqual([span(5, 0)])
  })
})
