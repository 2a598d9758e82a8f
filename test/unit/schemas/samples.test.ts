import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseEnvelope } from '#core/envelope.ts'
import { DOMAINS } from '#core/routing.ts'

const schemas = new URL('../../../schemas/', import.meta.url)
const versions = readdirSync(schemas).filter((name) => /^\d/.test(name))

/** The catalogue of the contract, section 4. */
const EVENT_TYPES = [
  'pass.created',
  'pass.installed',
  'pass.updated',
  'pass.scanned',
  'pass.revoked',
  'pass.removed',
  'pass_template.created',
  'pass_template.updated',
  'pass_template.archived',
  'card.created',
  'card.shipped',
  'card.activated',
  'card.suspended',
  'card.resumed',
  'card.terminated',
  'card.transaction.authorized',
  'card.transaction.declined',
  'card.transaction.captured',
  'dispute.updated',
  'settlement.completed',
  'settlement.failed',
  'payout.completed',
  'cardholder.kyc.completed',
  'cardholder.sanctions.alert',
  'program.activated',
  'program.suspended',
]

const ULID = /^[a-z]+_[0-7][0-9A-HJKMNP-TV-Z]{25}$/

function sample(version: string, type: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`${version}/samples/${type}.json`, schemas), 'utf8'))
}

function schemaOf(version: string, domain: string): string {
  return readFileSync(new URL(`${version}/${domain}.avsc`, schemas), 'utf8')
}

const all = versions.flatMap((version) => EVENT_TYPES.map((type) => ({ version, type })))

describe('the golden samples', () => {
  it.each(versions)('of %s are one for each event type of the contract, and no more', (version) => {
    const files = readdirSync(new URL(`${version}/samples/`, schemas))
    expect(files.sort()).toEqual(EVENT_TYPES.map((type) => `${type}.json`).sort())
  })

  it.each(all)('$version $type is a complete envelope', ({ version, type }) => {
    const body = sample(version, type)
    const parsed = parseEnvelope(body)
    expect(parsed).toMatchObject({ ok: true, envelope: { type, apiVersion: version } })
    expect(body.id).toMatch(ULID)
    expect(body.tenant_id).toMatch(ULID)
    expect(Object.keys(body.data as object)).toHaveLength(1)
  })

  it.each(all)('$version $type has previous_attributes as its version says', (where) => {
    const body = sample(where.version, where.type)
    const since = where.version >= '2026-05-19'
    expect(Object.hasOwn(body, 'previous_attributes')).toBe(since)
    if (since) expect(body.previous_attributes !== null).toBe(where.type.endsWith('.updated'))
  })

  it('all have ids of their own', () => {
    const ids = all.map(({ version, type }) => sample(version, type).id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('the versions', () => {
  it('hold a schema for each domain', () => {
    for (const version of versions) {
      const files = readdirSync(new URL(`${version}/`, schemas)).filter((f) => f.endsWith('.avsc'))
      expect(files.sort()).toEqual(DOMAINS.map((domain) => `${domain}.avsc`).sort())
    }
  })

  it.each([
    ['card', 'allowed_categories', ['2025-11-01', '2026-02-01']],
    ['card', 'blocked_categories', ['2026-05-19']],
    ['card', 'previous_attributes', ['2026-05-19']],
    ['pass', 'relevant_locations', ['2026-05-19']],
  ])('differ in %s: %s is a field of %j only', (domain, field, expected) => {
    const holders = versions.filter((v) => schemaOf(v, domain).includes(`"name": "${field}"`))
    expect(holders).toEqual(expected)
  })

  it('show their differences in the samples', () => {
    const text = (version: string, type: string) => JSON.stringify(sample(version, type))
    expect(text('2026-02-01', 'dispute.updated')).toContain('"customer_dispute"')
    expect(text('2026-05-19', 'dispute.updated')).toContain('"customer_complaint"')
    expect(text('2026-02-01', 'settlement.completed')).toContain('"cardTransaction"')
    expect(text('2026-05-19', 'settlement.completed')).toContain('"card_transaction"')
    expect(text('2025-11-01', 'card.transaction.captured')).toContain('"restaurants"')
    expect(text('2026-02-01', 'card.transaction.captured')).toContain('"5812"')
  })
})
