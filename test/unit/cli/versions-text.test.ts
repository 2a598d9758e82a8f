import { describe, expect, it } from 'vitest'
import { activationJson, activationLines, stepNote } from '#cli/versions-text.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { bodyOf, setAside } from '../quarantine/set-aside.ts'

const version = '2032-01-01'
const active = { kind: 'active', drainingMs: 25_040 } as const

function tally(): ReleaseTally {
  const counts = new ReleaseTally()
  counts.move('tnt_1', 'sandbox', 'card')
  counts.move('tnt_1', 'sandbox', 'card')
  counts.move('tnt_2', 'sandbox', 'card')
  counts.move('tnt_2', 'live', 'pass')
  counts.stay(setAside('unknown_version', bodyOf()), 'schema_mismatch', 'card.id: a string')
  return counts
}

describe('an activation in words', () => {
  it('counts events and tenants by mode and domain, names what stays, and how long it drained', () => {
    const lines = activationLines({ version, end: active, tally: tally() })
    const text = lines.join('\n')
    expect(text).toMatch(/sandbox .* card .* 3 .* 2 /)
    expect(text).toMatch(/live .* pass .* 1 .* 1 /)
    expect(text).toContain('schema_mismatch')
    expect(text).toContain('is active; 4 events were released. It was draining for 25.0 s.')
  })

  it('does not call active what is not', () => {
    const end = { kind: 'halted', why: 'Kafka went away (silent)' } as const
    expect(activationLines({ version, end, tally: new ReleaseTally() }).at(-1)).toBe(
      `${version}: 0 events were released, and it is not active yet.`,
    )
    expect(JSON.parse(activationJson({ version, end, tally: new ReleaseTally() }))).toMatchObject({
      state: null,
      end: 'Kafka went away (silent)',
    })
  })

  it('is one object for machines', () => {
    expect(JSON.parse(activationJson({ version, end: active, tally: tally() }))).toMatchObject({
      version,
      state: 'active',
      draining_seconds: 25,
      released: 4,
      stayed: 1,
      released_to: [
        { mode: 'sandbox', domain: 'card', events: 3, tenants: 2 },
        { mode: 'live', domain: 'pass', events: 1, tenants: 1 },
      ],
    })
  })

  it('says for how long senders are told to come again', () => {
    expect(stepNote({ kind: 'draining', settleMs: 25_000 })).toContain('503 for about 25.0 s')
  })
})
