import { describe, expect, it } from 'vitest'
import { linkedContexts, traceContextOf, traceparentText } from '#platform/traces.ts'

const TRACE = 'ab'.repeat(16)
const SPAN = 'cd'.repeat(8)

function traceparent(n: number, flags = '01'): string {
  return `00-${n.toString(16).padStart(32, '0')}-${SPAN}-${flags}`
}

describe('a traceparent', () => {
  it.each(['00', '01'])('with flags %s is read and written back as it was', (flags) => {
    const text = `00-${TRACE}-${SPAN}-${flags}`
    const context = traceContextOf(text)
    expect(context).toMatchObject({ traceId: TRACE, spanId: SPAN })
    expect(context === null ? null : traceparentText(context)).toBe(text)
  })

  it.each([
    ['a version to come', `cc-${TRACE}-${SPAN}-01`],
    ['flags to come', `00-${TRACE}-${SPAN}-03`],
  ])('of %s is read, and goes on as one that is known', (_, text) => {
    const context = traceContextOf(text)
    expect(context === null ? null : traceparentText(context)).toBe(`00-${TRACE}-${SPAN}-01`)
  })

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['of the version that is none', `ff-${TRACE}-${SPAN}-01`],
    ['without a trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['without a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['longer', `00-${TRACE}-${SPAN}-01-more`],
    ['more than a line', `00-${TRACE}-${SPAN}-01\n`],
  ])('that is %s says nothing', (_, text) => {
    expect(traceContextOf(text)).toBeNull()
  })
})

describe('links', () => {
  it('are distinct, and leave out what says nothing', () => {
    const links = linkedContexts([traceparent(1), undefined, 'nothing', traceparent(1)])
    expect(links.map(traceparentText)).toEqual([traceparent(1)])
  })

  it('are at most 128, those that are kept before those that are not', () => {
    const dropped = Array.from({ length: 128 }, (_, n) => traceparent(n + 1, '00'))
    const kept = [traceparent(1000), traceparent(2000)]
    const links = linkedContexts([...dropped, ...kept]).map(traceparentText)
    expect(links).toHaveLength(128)
    expect(links.slice(0, 3)).toEqual([...kept, traceparent(1, '00')])
  })
})
