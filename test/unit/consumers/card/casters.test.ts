import { describe, expect, it } from 'vitest'
import { cardCasters } from '#consumers/card/casters.ts'
import type { Fields } from '#consumers/runtime/contract.ts'
import type { ApiVersion } from '#core/ids.ts'

function cast(name: string, version: string, resource: Fields): Fields | undefined {
  return cardCasters[name]?.(resource, version as ApiVersion)
}

describe('the category of a merchant', () => {
  const transaction = { id: 'txn_1', merchant: { name: 'Shop', category_code: '0742' } }
  const merchantOf = (version: string) => cast('transaction', version, transaction)?.merchant

  it('is a label of the sender\u2019s own before 2026-02-01', () => {
    const expected = { name: 'Shop', category_label: '0742', mcc: null }
    expect(merchantOf('2025-11-01')).toEqual(expected)
  })

  it.each(['2026-02-01', '2026-05-19', '2027-01-01'])('is a code in %s', (version) => {
    const expected = { name: 'Shop', category_label: null, mcc: '0742' }
    expect(merchantOf(version)).toEqual(expected)
  })

  it('is missing where the merchant is', () => {
    expect(cast('transaction', '2025-11-01', { merchant: null })).toEqual({ merchant: null })
  })
})

describe('the reason of a dispute', () => {
  const reasonOf = (version: string, reason: string) => cast('dispute', version, { reason })?.reason

  it.each(['2025-11-01', '2026-02-01'])('has today\u2019s word for that of %s', (version) => {
    expect(reasonOf(version, 'customer_dispute')).toBe('customer_complaint')
    expect(reasonOf(version, 'fraud')).toBe('fraud')
  })

  it('is as sent since 2026-05-19, where the old word would be a new one', () => {
    expect(reasonOf('2026-05-19', 'customer_complaint')).toBe('customer_complaint')
    expect(reasonOf('2026-05-19', 'customer_dispute')).toBe('customer_dispute')
  })
})
