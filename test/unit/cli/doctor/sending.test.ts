import { describe, expect, it } from 'vitest'
import { findingJson, findingLine } from '#cli/doctor/report.ts'
import type { SentEvent } from '#cli/doctor/sending.ts'
import { sendFindings } from '#cli/doctor/sending.ts'

const ANSWERED = {
  kind: 'answered',
  status: 200,
  body: '{}',
  at: { topic: 'qairopay.sandbox.program', partition: 3, offset: '17' },
  tookMs: 12,
} as const

function told(changes: Partial<SentEvent> = {}) {
  const [finding, ...more] = sendFindings({
    url: 'http://ingress:8080',
    eventId: 'evt_1',
    endpointId: 'whk_test',
    tenantId: 'tnt_test_1',
    domain: 'program',
    answer: ANSWERED,
    effect: { outcome: 'history_only', tookMs: 85 },
    withinMs: 30_000,
    ...changes,
  })
  if (finding === undefined || more.length > 0) throw new Error('not one finding')
  return finding
}

describe('a test event', () => {
  it('that had its effect is told with how long each leg took', () => {
    expect(findingLine(told())).toBe(
      'ok       send          evt_1 for whk_test (tnt_test_1) was answered 200 after 12 ms and handled by the consumer of program 85 ms later',
    )
    expect(JSON.parse(findingJson(told()))).toMatchObject({
      check: 'send',
      grade: 'ok',
      remedy: null,
      event_id: 'evt_1',
      record: 'qairopay.sandbox.program/3/17',
      answered_ms: 12,
      handled_ms: 85,
    })
  })

  it.each([
    [
      'was not answered',
      { answer: { kind: 'unanswered', reason: 'ECONNREFUSED', tookMs: 3 } },
      /http:\/\/ingress:8080 did not answer \(ECONNREFUSED\); .*readyz/,
    ],
    [
      'was refused',
      { answer: { ...ANSWERED, status: 503, body: '{"code":"catalogue_unavailable"}' } },
      /answered 503 catalogue_unavailable after/,
    ],
    [
      'was answered by something else',
      { answer: { ...ANSWERED, status: 502, body: '<html>' } },
      /answered 502 after/,
    ],
    [
      'had no effect in time',
      { effect: null },
      /stored, but the consumer of program has not handled it within 30 s; .*consumers status/,
    ],
    [
      'waits behind others',
      { effect: { outcome: 'parked', tookMs: 5 } },
      /consumer of program: parked; .*parked list/,
    ],
  ] as const)('that %s is a fault', (_, changes, says) => {
    expect(findingLine(told(changes))).toMatch(says)
    expect(told(changes).grade).toBe('fault')
  })
})
