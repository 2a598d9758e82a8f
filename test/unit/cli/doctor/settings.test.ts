import { describe, expect, it } from 'vitest'
import { deployedGroups, doctorSettings, settingsFindings } from '#cli/doctor/settings.ts'

const WHOLE = {
  KAFKA_BROKERS: 'kafka:9092',
  SCHEMA_REGISTRY_URL: 'http://registry:8081',
  DATABASE_URL: 'postgres://user:topsecret@db/router',
  ENDPOINTS_FILE: '/etc/event-router/endpoints.json',
}

function findings(environment: Readonly<Record<string, string>>) {
  return settingsFindings(doctorSettings(environment), 'read from the environment')
}

describe('settings', () => {
  it('are in order when every part has its own', () => {
    expect(findings(WHOLE)).toMatchObject([{ grade: 'ok', words: 'read from the environment' }])
  })

  it('are told one by one when they are missing', () => {
    const variables = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL', 'ENDPOINTS_FILE']
    const told = findings({})
    expect(told.map(({ words }) => words.split(':')[0])).toEqual(variables)
    expect(told.map(({ grade }) => grade)).toEqual(variables.map(() => 'fault'))
  })

  it('of one part do not hide the others', () => {
    const { KAFKA_BROKERS: _, ...rest } = WHOLE
    const settings = doctorSettings(rest)
    expect(settings.kafka.ok).toBe(false)
    expect([settings.registry.ok, settings.database.ok, settings.endpoints.ok]).toEqual([
      true,
      true,
      true,
    ])
  })

  it('are told without the secrets in them', () => {
    const wrong = { ...WHOLE, DATABASE_URL: 'mysql://user:topsecret@db/router' }
    const told = findings(wrong)
    expect(told).toMatchObject([{ grade: 'fault', words: expect.stringMatching(/^DATABASE_URL/) }])
    expect(JSON.stringify(told)).not.toContain('topsecret')
  })

  it('know the keys of endpoints in Postgres', () => {
    const { ENDPOINTS_FILE: _, ...rest } = WHOLE
    const url = 'postgres://user@db/endpoints'
    const told = findings({ ...rest, ENDPOINTS_STORE: 'postgres', ENDPOINTS_DATABASE_URL: url })
    expect(told).toMatchObject([{ words: expect.stringMatching(/^ENDPOINTS_KEYS: is missing/) }])
  })
})

describe('the groups that are deployed', () => {
  const groupsOf = (environment: Readonly<Record<string, string>>) =>
    deployedGroups(doctorSettings({ ...WHOLE, ...environment })).map(
      ({ mode, domain, service }) => `${mode}.${domain}.${service}`,
    )

  it('are those that are named, and no other', () => {
    const named = ['live.card.projector', 'sandbox.pass.second']
    expect(groupsOf({ CONSUMER_GROUPS: named.join(','), MODES: 'live' })).toEqual(named)
  })

  it('are every domain of the modes where none is named', () => {
    const groups = groupsOf({ MODES: 'sandbox', CONSUMER_SERVICE: 'second' })
    expect(groups).toHaveLength(5)
    expect(groups).toContain('sandbox.compliance.second')
    expect(groupsOf({})).toHaveLength(10)
  })

  it('have names of a mode, a domain and a service, or it is a fault', () => {
    for (const wrong of ['card', 'live.other.projector', 'test.card.projector', 'live.card.']) {
      expect(findings({ ...WHOLE, CONSUMER_GROUPS: wrong })).toMatchObject([
        { grade: 'fault', words: expect.stringMatching(/^CONSUMER_GROUPS: /) },
      ])
    }
  })
})
