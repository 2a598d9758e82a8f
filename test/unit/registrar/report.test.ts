import { describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import type { Registration } from '#registrar/registration.ts'
import { registrationLines } from '#registrar/report.ts'

const VERSION = '2026-05-19' as ApiVersion

function done(changes: Extract<Registration, { kind: 'done' }>['changes']): Registration {
  return {
    kind: 'done',
    changes,
    topics: [],
    differences: [
      { topic: 'qairopay.live.card', setting: 'retention.ms', declared: '2', found: '1' },
    ],
    subjects: [
      {
        version: VERSION,
        domain: 'card',
        subject: 'CardEvent',
        schema: '{}',
        level: null,
        schemaId: 42,
      },
    ],
    states: new Map([[VERSION, 'active']]),
  }
}

describe('the report of a registration', () => {
  it('says that nothing changed, and what is there', () => {
    const text = registrationLines(done([])).join('\n')
    expect(text).toContain('Nothing changed')
    expect(text).toMatch(/2026-05-19.*active.*card.*42.*CardEvent/)
  })

  it('names each change and does not claim that nothing changed', () => {
    const text = registrationLines(
      done([{ kind: 'schema_registered', subject: 'CardEvent', schemaId: 42 }]),
    ).join('\n')
    expect(text).toContain('registered CardEvent with id 42')
    expect(text).not.toContain('Nothing changed')
  })

  it('notes settings that were left as they are', () => {
    expect(registrationLines(done([])).join('\n')).toContain('retention.ms=1, declared is 2')
  })

  it('names the command that makes a version active which only readers know', () => {
    const states = new Map([
      [VERSION, 'active'],
      ['2026-09-01' as ApiVersion, 'unknown'],
      ['2026-10-01' as ApiVersion, 'draining'],
    ])
    const lines = registrationLines({ ...done([]), states } as Registration)
    const named = lines.flatMap((line) => /`(versions release [\d-]+)`/.exec(line)?.[1] ?? [])
    expect(named).toEqual(['versions release 2026-09-01', 'versions release 2026-10-01'])
  })

  it('names the topic whose partitions differ', () => {
    const conflicts = [{ topic: 'qairopay.live.card', declared: 12, found: 6 }]
    expect(registrationLines({ kind: 'partitions_differ', conflicts })[0]).toMatch(
      /qairopay\.live\.card has 6 partitions, declared are 12/,
    )
  })
})
