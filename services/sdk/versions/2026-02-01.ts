import type { CardResources as Before } from '../events/2025-11-01/card.ts'
import type { CardResources as After, Transaction } from '../events/2026-02-01/card.ts'
import type { Cast, DomainSteps } from './step.ts'
import { lossless } from './step.ts'

/**
 * `category_code` was a label of QairoPay's own and is a four-digit code: no table leads from one
 * to the other (contract, section 5), so it goes either way.
 */
function withoutCategory(transaction: Transaction): Cast<Transaction> {
  const { merchant } = transaction
  if (merchant === null || merchant.category_code === null) return lossless(transaction)
  const value = { ...transaction, merchant: { ...merchant, category_code: null } }
  return { value, lost: ['merchant.category_code'] }
}

/** Cards between 2025-11-01 and 2026-02-01. What else changed then is not published. */
export const card: DomainSteps<Before, After> = {
  transaction: { up: withoutCategory, down: withoutCategory },
}
