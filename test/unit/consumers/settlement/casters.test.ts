import { describe, expect, it } from 'vitest'
import { settlementCasters } from '#consumers/settlement/casters.ts'
import type { ApiVersion } from '#core/ids.ts'

function typesOf(version: string, lines: unknown): unknown {
  const cast = settlementCasters.settlement?.({ id: 'set_1', lines }, version as ApiVersion)
  return cast?.lines
}

describe('the types of settlement lines', () => {
  it.each([
    ['cardTransaction', 'card_transaction'],
    ['fxConversionFee', 'fx_conversion_fee'],
    ['fee', 'fee'],
    ['card_transaction', 'card_transaction'],
  ])('"%s" reads "%s" from versions before 2026-05-19', (sent, read) => {
    for (const version of ['2025-11-01', '2026-02-01']) {
      expect(typesOf(version, [{ type: sent, amount_cents: 5n }])).toEqual([
        { type: read, amount_cents: 5n },
      ])
    }
  })

  it('are as sent since', () => {
    expect(typesOf('2026-05-19', [{ type: 'newWord' }])).toEqual([{ type: 'newWord' }])
  })

  it('leave lines without a type, and settlements without lines, as they are', () => {
    expect(typesOf('2025-11-01', [{ type: null }])).toEqual([{ type: null }])
    expect(typesOf('2025-11-01', null)).toBeNull()
  })
})
