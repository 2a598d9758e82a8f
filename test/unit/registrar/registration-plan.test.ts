import { describe, expect, it } from 'vitest'
import type { KnownEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import type { RegisteredSubject, SubjectState } from '#registrar/registration-plan.ts'
import { declaredSubjects, entriesToWrite, registrationPlan } from '#registrar/registration-plan.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'

const VERSION = '2026-05-19' as ApiVersion
const FOLDER: SchemaFolder = {
  version: VERSION,
  schemas: Object.fromEntries(
    DOMAINS.map((domain) => [domain, `{"${domain}":1}`]),
  ) as SchemaFolder['schemas'],
}
const DECLARED = declaredSubjects([FOLDER])

function states(found: Pick<SubjectState, 'level' | 'schemaId'>): SubjectState[] {
  return DECLARED.map((subject) => ({ ...subject, ...found }))
}

const REGISTERED: RegisteredSubject[] = DECLARED.map((subject, i) => ({
  ...subject,
  level: 'FULL_TRANSITIVE',
  schemaId: i + 1,
}))

function planOf(found: Pick<SubjectState, 'level' | 'schemaId'>, catalogue = new Map()) {
  const state = { topics: [], subjects: states(found), catalogue }
  return registrationPlan([], state, 'FULL_TRANSITIVE')
}

describe('the plan of a registration', () => {
  it('names each subject after its record', () => {
    expect(DECLARED.map(({ subject }) => subject)).toContain(
      'com.qairopay.events.v2026_05_19.CardEvent',
    )
    expect(DECLARED).toHaveLength(DOMAINS.length)
  })

  it('sets the level and registers where the registry is empty', () => {
    const plan = planOf({ level: null, schemaId: null })
    expect([plan.levels.length, plan.schemas.length]).toEqual([6, 6])
    expect(plan.entries).toEqual([{ version: VERSION, state: 'active' }])
  })

  it('corrects a level that differs, without registering anew', () => {
    const plan = planOf({ level: 'NONE', schemaId: 4 })
    expect([plan.levels.length, plan.schemas.length]).toEqual([6, 0])
  })

  it('changes nothing where everything is there', () => {
    const found = { level: 'FULL_TRANSITIVE', schemaId: 4 }
    const registered = DECLARED.map((subject) => ({ ...subject, ...found }))
    const [entry] = entriesToWrite(registered, new Map())
    const topics = { missing: [], conflicts: [], differences: [] }
    const plan = planOf(found, new Map([[VERSION, entry]]))
    expect(plan).toEqual({ topics, levels: [], schemas: [], entries: [] })
  })

  it('writes the entry of a version with a schema that has no id yet, and keeps its state', () => {
    const retired = { version: VERSION, state: 'retired' }
    const plan = planOf({ level: 'NONE', schemaId: null }, new Map([[VERSION, retired]]))
    expect(plan.entries).toEqual([{ version: VERSION, state: 'retired' }])
  })

  it('writes the entry again whose state the last record of the topic takes back', () => {
    const [entry] = entriesToWrite(REGISTERED, new Map())
    if (entry === undefined) throw new Error('nothing to write')
    const draining = { ...entry, state: 'draining' as const }
    const found = (known: KnownEntry) => entriesToWrite(REGISTERED, new Map([[VERSION, known]]))
    expect(found(draining)).toEqual([])
    expect(found({ ...draining, isTakenBack: true })).toEqual([draining])
  })

  it('writes the entry also when only one schema of a version has no id yet', () => {
    const [first, ...rest] = states({ level: 'FULL_TRANSITIVE', schemaId: 4 })
    const subjects = [{ ...first, schemaId: null } as SubjectState, ...rest]
    const registered = subjects.map((subject) => ({ ...subject, schemaId: subject.schemaId ?? 0 }))
    const catalogue = new Map(entriesToWrite(registered, new Map()).map((one) => [VERSION, one]))
    const plan = registrationPlan([], { topics: [], subjects, catalogue }, 'FULL_TRANSITIVE')
    expect([plan.schemas.length, plan.entries.length]).toEqual([1, 1])
  })

  it('makes the topics that are missing', () => {
    const topic = { name: 'a', partitions: 1, replicationFactor: 1, settings: {} }
    const state = { topics: [], subjects: [], catalogue: new Map() }
    expect(registrationPlan([topic], state, 'FULL').topics.missing).toEqual([topic])
  })
})

describe('the catalogue entries', () => {
  const [written] = entriesToWrite(REGISTERED, new Map())

  it('make a version that nobody knows active, with all its domains', () => {
    expect(written).toMatchObject({ version: VERSION, state: 'active' })
    expect(Object.keys(written?.domains ?? {}).sort()).toEqual([...DOMAINS].sort())
    expect(written?.domains.card).toEqual({
      subject: 'com.qairopay.events.v2026_05_19.CardEvent',
      schemaId: 2,
      schema: '{"card":1}',
    })
  })

  it('are not written again when they are the same', () => {
    const known = new Map(written === undefined ? [] : [[VERSION, written]])
    expect(known.size).toBe(1)
    expect(entriesToWrite(REGISTERED, known)).toEqual([])
  })

  it('make a version that comes to others known to readers only: events of it may be waiting', () => {
    const other = [{ ...written, version: '2020-01-01' }].map((one) => [one.version, one] as const)
    const known = new Map(other) as never
    expect(entriesToWrite(REGISTERED, known)).toMatchObject([
      { version: VERSION, state: 'unknown', domains: { card: { schemaId: 2 } } },
    ])
    expect(planOf({ level: null, schemaId: null }, known).entries).toEqual([
      { version: VERSION, state: 'unknown' },
    ])
  })

  it('keep the state of a version when its schema changes', () => {
    const retired = { ...entriesToWrite(REGISTERED, new Map())[0], state: 'retired' } as never
    const changed = REGISTERED.map((subject) => ({ ...subject, schemaId: subject.schemaId + 10 }))
    expect(entriesToWrite(changed, new Map([[VERSION, retired]]))).toMatchObject([
      { state: 'retired', domains: { card: { schemaId: 12 } } },
    ])
  })
})
