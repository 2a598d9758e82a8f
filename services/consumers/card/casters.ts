import type { Caster } from '#consumers/runtime/contract.ts'
import type { Merchant, Transaction } from '#sdk/events/2026-05-19/card.ts'
import { castResource } from '#sdk/versions/casters.ts'

/** Four-digit category codes as text; labels of QairoPay's own before (contract, section 5). */
const MERCHANT_CODES_SINCE = '2026-02-01'
const CURRENT = '2026-05-19'

/** The category in two columns of our own, since a label is no code. */
interface CategorizedMerchant extends Omit<Merchant, 'category_code'> {
  readonly category_label: string | null
  readonly mcc: string | null
}

/** A transaction as its columns are made from. */
export interface CategorizedTransaction extends Omit<Transaction, 'merchant'> {
  readonly merchant: CategorizedMerchant | null
}

function isMerchant(value: unknown): value is Merchant {
  return typeof value === 'object' && value !== null
}

function categorized({ category_code, ...rest }: Merchant, version: string): CategorizedMerchant {
  const code = category_code ?? null
  return version < MERCHANT_CODES_SINCE
    ? { ...rest, category_label: code, mcc: null }
    : { ...rest, category_label: null, mcc: code }
}

/** `merchant.category_code` becomes `category_label` or `mcc`: no table leads from one to the other. */
const castTransaction: Caster = (transaction, version) => {
  const { merchant } = transaction
  if (!isMerchant(merchant)) return transaction
  return { ...transaction, merchant: categorized(merchant, version) }
}

const castDispute: Caster = (dispute, version) =>
  castResource('dispute', dispute, version, CURRENT).value

/**
 * Versions of the card domain. `spending_controls` needs no caster: where a card is allowed and
 * where it is refused are two fields, and neither can be made from the other.
 */
export const cardCasters: Readonly<Record<string, Caster>> = {
  transaction: castTransaction,
  dispute: castDispute,
}
