import { describe, expect, it } from 'vitest'
import { storeProblems } from '#ingress/endpoint-place.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'

const needed = { ENDPOINTS_FILE: 'endpoints.json', KAFKA_BROKERS: 'kafka:9092' }
const definitions = Object.values(INGRESS_SETTINGS)
const defaults = loadSettings(INGRESS_SETTINGS, needed)

describe('the settings of the ingress', () => {
  it('need the endpoints and the brokers and nothing else', () => {
    expect(() => loadSettings(INGRESS_SETTINGS, {})).toThrow(
      /^Settings that cannot be used:\n {2}KAFKA_BROKERS: .*$/,
    )
    const bare = loadSettings(INGRESS_SETTINGS, { KAFKA_BROKERS: 'kafka:9092' })
    expect(storeProblems(bare)).toEqual([expect.stringMatching(/^ENDPOINTS_FILE: is missing /)])
    expect(storeProblems(defaults)).toEqual([])
    expect(() => loadSettings(INGRESS_SETTINGS, needed)).not.toThrow()
  })

  it('have one variable each, with words and an example', () => {
    expect(new Set(definitions.map(({ variable }) => variable)).size).toBe(definitions.length)
    for (const { variable, about, example } of definitions) {
      expect(variable).toMatch(/^[A-Z][A-Z0-9_]+$/)
      expect(about, variable).toMatch(/^[A-Z/].{5,160}\.$/)
      expect(example, variable).not.toBe('')
    }
  })

  it.each(definitions)('can be set as the example of $variable says', ({ variable, example }) => {
    // What is checked besides, files and what goes together, is the shared settings' own test.
    const unchecked = definitions.map(({ check: _, ...one }) => [one.variable, one])
    const environment = { ...needed, [variable]: example }
    expect(() => loadSettings(Object.fromEntries(unchecked), environment)).not.toThrow()
  })

  it('answer before the sender hangs up after 15 s, whatever is set', () => {
    for (const variable of ['RECORD_DEADLINE_MS', 'QUEUE_MAX_AGE_MS']) {
      expect(() => loadSettings(INGRESS_SETTINGS, { ...needed, [variable]: '14501' })).toThrow(
        variable,
      )
    }
    expect(defaults.recordDeadlineMs).toBe(13_000)
  })

  it('leave time for several attempts before the deadline', () => {
    expect(defaults.attemptTimeoutMs).toBe(3500)
    expect(defaults.attemptTimeoutMs * 3).toBeLessThan(defaults.recordDeadlineMs)
  })

  it('keep a batch within what kafkajs can group without blocking the process', () => {
    expect([defaults.batchRecords, defaults.batchBytes]).toEqual([200, 256 * 1024])
  })

  it('lose nothing by default: what is stale is set aside, what is unseen may come back', () => {
    expect([defaults.staleSignature, defaults.unseenEndpoint]).toEqual(['quarantine', 'retry'])
  })

  it('check the time of signatures by default, both ways, and cannot switch that off', () => {
    expect(defaults.signatureToleranceSeconds).toBe(300)
    const off = { ...needed, SIGNATURE_TOLERANCE_SECONDS: '0' }
    expect(() => loadSettings(INGRESS_SETTINGS, off)).toThrow(/SIGNATURE_TOLERANCE_SECONDS/)
  })

  it('listen to this machine alone unless told otherwise', () => {
    expect([defaults.host, defaults.managementHost]).toEqual(['127.0.0.1', '127.0.0.1'])
  })
})
