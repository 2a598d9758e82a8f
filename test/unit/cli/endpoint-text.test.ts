import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { changedText, emptyText } from '#cli/endpoint-text.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { endpointEntry } from '#ingress/endpoint-entry.ts'

function entry(changes: object = {}): EndpointEntry {
  const result = endpointEntry({
    id: 'whk_1',
    tenant_id: 'tnt_1',
    live_mode: true,
    secrets: [{ id: 'k1', value: 'first' }],
    ...changes,
  })
  if (typeof result === 'string') throw new Error(result)
  return result
}

const both = [
  { id: 'k1', value: 'first', not_after: '2026-06-01T00:00:00.000Z' },
  { id: 'k2', value: 'second: #2', since: '2026-05-19T12:00:00.000Z' },
]

function change(
  changed: readonly (readonly [number, EndpointEntry])[],
  added: EndpointEntry[] = [],
) {
  return { changed: new Map(changed), added }
}

const YAML = `# ours
endpoints:
  # the first hotel
  - id: whk_1 # from the dashboard
    tenant_id: tnt_1
    live_mode: true
    owner: Ada
    secrets:
      - { id: k1, value: first } # since May

  - id: whk_2
    tenant_id: tnt_2
    live_mode: false
    secrets: []
contact: 'ops'
`

describe('a change in a YAML file', () => {
  it('leaves comments, other fields and other endpoints as they are', () => {
    const text = changedText('e.yaml', YAML, change([[0, entry({ secrets: both })]]))
    for (const kept of ['# ours', '# the first hotel', '# from the dashboard', '# since May']) {
      expect(text).toContain(kept)
    }
    const [first, second] = parse(text).endpoints
    expect(first).toMatchObject({ owner: 'Ada', enabled: true, secrets: both })
    expect(second).toEqual(parse(YAML).endpoints[1])
    expect(parse(text).contact).toBe('ops')
  })

  it('changes nothing more when it is done twice', () => {
    const once = changedText('e.yaml', YAML, change([[0, entry({ secrets: both })]]))
    const twice = changedText('e.yaml', once, change([[0, entry({ secrets: both })]]))
    expect(twice).toBe(once)
  })

  it('takes a secret away, and puts one into an empty list', () => {
    const text = changedText(
      'e.yaml',
      YAML,
      change([
        [0, entry({ secrets: both.slice(1) })],
        [1, entry({ id: 'whk_2', tenant_id: 'tnt_2', live_mode: false })],
      ]),
    )
    const [first, second] = parse(text).endpoints
    expect(first.secrets).toEqual(both.slice(1))
    expect(second.secrets).toEqual([{ id: 'k1', value: 'first' }])
    expect(text).not.toContain('first }')
  })

  it('adds endpoints at the end, also of an empty file', () => {
    const added = [entry({ id: 'whk_3' }), entry({ id: 'whk_4', removed: true, secrets: [] })]
    for (const text of [YAML, emptyText('e.yaml')]) {
      const list = parse(changedText('e.yaml', text, change([], added))).endpoints
      expect(list.slice(-2)).toEqual([
        expect.objectContaining({ id: 'whk_3', enabled: true }),
        expect.objectContaining({ id: 'whk_4', enabled: false, removed: true, secrets: [] }),
      ])
    }
  })

  it('never folds a long secret over several lines', () => {
    const value = `whsec_${'x '.repeat(500)}x`
    const secrets = [{ id: 'k1', value }]
    const text = changedText('e.yaml', YAML, change([[1, entry({ id: 'whk_2', secrets })]]))
    expect(text.split('\n').some((line) => line.includes(value))).toBe(true)
  })

  it.each([
    ['anchors', 'endpoints:\n  - &a { id: whk_1 }\n  - *a\n'],
    ['no list', 'endpoints: {}\n'],
  ])('is left to a person where there is %s', (_what, text) => {
    expect(() => changedText('e.yaml', text, change([[0, entry()]]))).toThrow(/only a person/)
  })
})

it.each(['e.json', 'e.yaml'])(
  'a decision service that was taken away stands no more in %s',
  (file) => {
    const fields = { id: 'whk_1', tenant_id: 'tnt_1', live_mode: true, secrets: [] }
    const text = JSON.stringify({
      endpoints: [{ ...fields, decision_url: 'https://decide.test/' }],
    })
    const made = parse(changedText(file, text, change([[0, entry({ secrets: [] })]])))
    expect(made.endpoints[0].decision_url).toBeNull()
  },
)

describe('a change in a JSON file', () => {
  const text = JSON.stringify({
    note: 'ours',
    endpoints: [
      {
        owner: 'Ada',
        id: 'whk_1',
        tenant_id: 'tnt_1',
        live_mode: true,
        secrets: [{ id: 'k1', value: 'first', by: 'Ada' }],
      },
      { id: 'whk_2', x: 1 },
    ],
  })

  it('keeps unknown fields and the order of all', () => {
    const made = changedText('e.json', text, change([[0, entry({ secrets: both })]]))
    const { note, endpoints } = JSON.parse(made)
    expect(note).toBe('ours')
    expect(Object.keys(endpoints[0])).toEqual([
      ...['owner', 'id', 'tenant_id', 'live_mode', 'secrets', 'enabled'],
    ])
    expect(endpoints[0].secrets).toEqual([{ ...both[0], by: 'Ada' }, both[1]])
    expect(endpoints[1]).toEqual({ id: 'whk_2', x: 1 })
  })

  it('has one form, whatever form the file had', () => {
    const once = changedText('e.json', text, change([[0, entry()]]))
    const twice = changedText('e.json', once, change([[0, entry()]]))
    expect(twice).toBe(once)
    expect(once.endsWith('}\n')).toBe(true)
  })
})
