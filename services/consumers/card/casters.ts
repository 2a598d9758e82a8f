import type { Caster, Fields } from '#consumers/runtime/contract.ts'

/** Four-digit category codes as text; labels of QairoPay's own before (contract, section 5). */
const MERCHANT_CODES_SINCE = '2026-02-01'
const COMPLAINTS_SINCE = '2026-05-19'

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

/** `merchant.category_code` becomes `category_label` or `mcc`: no table leads from one to the other. */
const castTransaction: Caster = (transaction, version) => {
  const { merchant } = transaction
  if (!isFields(merchant)) return transaction
  const { category_code: code = null, ...rest } = merchant
  const words =
    version < MERCHANT_CODES_SINCE
      ? { category_label: code, mcc: null }
      : { category_label: null, mcc: code }
  return { ...transaction, merchant: { ...rest, ...words } }
}

/** `customer_dispute` has been called `customer_complaint` since 2026-05-19. */
const castDispute: Caster = (dispute, version) => {
  const isOld = version < COMPLAINTS_SINCE && dispute.reason === 'customer_dispute'
  return isOld ? { ...dispute, reason: 'customer_complaint' } : dispute
}

/**
 * Versions of the card domain. `spending_controls` needs no caster: where a card is allowed and
 * where it is refused are two fields, and neither can be made from the other.
 */
export const cardCasters: Readonly<Record<string, Caster>> = {
  transaction: castTransaction,
  dispute: castDispute,
}
