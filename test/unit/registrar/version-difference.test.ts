import { describe, expect, it } from 'vitest'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import { differenceReport } from '#registrar/difference-report.ts'
import { versionDifferences } from '#registrar/version-difference.ts'
import type { Patch } from './vectors.ts'
import { apply, realSchema } from './vectors.ts'

function schemasOf(version: string): Record<Domain, string> {
  const pairs = DOMAINS.map((domain) => [domain, JSON.stringify(realSchema({ version, domain }))])
  return Object.fromEntries(pairs) as Record<Domain, string>
}

const current = schemasOf('2026-05-19')

/** What differs when the card schema of the current version is changed. */
function differences(...patch: readonly Patch[]) {
  const changed = JSON.parse(current.card)
  for (const change of patch) apply(changed, change)
  return versionDifferences(current, { ...current, card: JSON.stringify(changed) })
}

const CARD = ['fields', 'card', 'type', 1, 'fields']
const TRANSACTION = ['fields', 'transaction', 'type', 1, 'fields']

describe('the report of what differs', () => {
  it('finds what the table of schemas/README.md names between 2026-02-01 and 2026-05-19', () => {
    const found = versionDifferences(schemasOf('2026-02-01'), current)
    const kinds = found.map(({ domain, kind, path }) => `${domain} ${kind} ${path}`)
    expect(kinds).toContain('pass added pass_template.relevant_locations')
    expect(kinds).toContain('card renamed card.spending_controls.blocked_categories')
    expect(kinds).toContain('card doc dispute.reason')
    expect(kinds).toContain('settlement doc settlement.lines[].type')
    expect(kinds.filter((kind) => kind.endsWith('added previous_attributes'))).toHaveLength(6)
    expect(kinds).toHaveLength(11)
  })

  it('is empty for a version and itself, and says so', () => {
    expect(versionDifferences(current, current)).toEqual([])
    expect(differenceReport([])).toEqual(['no field differs'])
  })

  it('names what is gone, and a record once instead of all its fields', () => {
    expect(differences({ path: [...TRANSACTION, 'merchant'], remove: true })).toEqual([
      { domain: 'card', kind: 'removed', path: 'transaction.merchant', type: 'record' },
    ])
  })

  it('takes a record under another name for a renaming, marked as a guess', () => {
    const renamed = differences({ path: [...CARD, 'shipping', 'name'], value: 'shipping_details' })
    expect(renamed).toEqual([
      {
        domain: 'card',
        kind: 'renamed',
        path: 'card.shipping_details',
        was: 'card.shipping',
        type: 'record',
        guess: true,
      },
    ])
    expect(differenceReport(renamed).join()).toMatch(/shipping -> .*by our guess/)
  })

  it('sees what changed within a field that was renamed', () => {
    const shipping = [...CARD, 'shipping']
    const [, inside] = differences(
      { path: [...shipping, 'type', 1, 'fields', 'tracking_number', 'doc'], value: 'Other.' },
      { path: [...shipping, 'name'], value: 'shipping_details' },
    )
    expect(inside).toMatchObject({ kind: 'doc', path: 'card.shipping_details.tracking_number' })
  })

  it('takes fields of other types, or elsewhere, for no renaming', () => {
    const value = { name: 'status', type: ['null', 'long'], default: null, doc: 'New.' }
    const kinds = differences(
      { path: [...CARD, 'status'], remove: true },
      { path: [...CARD, 'status_code'], value: { ...value, name: 'status_code' } },
    ).map(({ kind }) => kind)
    expect(kinds).toEqual(['removed', 'added'])
  })

  it.each([
    [{ path: [...CARD, 'status', 'type', 1], value: 'long' }, /! card\.status: string -> long/],
    [{ path: [...CARD, 'status', 'type'], value: 'string' }, /string -> required string/],
    [{ path: [...CARD, 'status', 'pii'], value: true }, /card\.status: pii now/],
    [{ path: [...CARD, 'shipping', 'pii'], remove: true as const }, /shipping: pii no more/],
    [{ path: [...CARD, 'id', 'inferred'], value: true }, /card\.id: inferred now/],
    [{ path: [...CARD, 'status', 'inferred'], remove: true as const }, /inferred no more/],
    [{ path: [...CARD, 'status', 'doc'], value: 'X' }, /was {2}State of the card.*now {2}X/],
  ])('says in words what %j changed', (patch, words) => {
    expect(differenceReport(differences(patch)).join(' ')).toMatch(words)
  })
})
