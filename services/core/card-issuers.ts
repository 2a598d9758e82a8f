/**
 * Which numbers a card may have: the first four digits (all ranges of issuers are whole in them)
 * and the lengths that come with them, as the issuers publish them. Maestro only where its ranges
 * are its own: those that it shares would make every sixth number with a check digit a card.
 */
interface Issuer {
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
}

export const LEAST_DIGITS = 13
export const MOST_DIGITS = 19

const VISA = [13, 16, 19]
const SIXTEEN = [16]
const LONG = [16, 17, 18, 19]

const ISSUERS: readonly Issuer[] = [
  { from: 4000, to: 4999, lengths: VISA },
  { from: 5100, to: 5599, lengths: SIXTEEN }, // Mastercard
  { from: 2221, to: 2720, lengths: SIXTEEN },
  { from: 3400, to: 3499, lengths: [15] }, // American Express
  { from: 3700, to: 3799, lengths: [15] },
  { from: 3000, to: 3059, lengths: [14, 16] }, // Diners Club
  { from: 3600, to: 3699, lengths: [14] },
  { from: 3800, to: 3999, lengths: [14, 16] },
  { from: 3528, to: 3589, lengths: LONG }, // JCB
  { from: 6000, to: 6099, lengths: [16, 19] }, // Discover (6011), RuPay
  { from: 6440, to: 6599, lengths: [16, 19] },
  { from: 6200, to: 6299, lengths: LONG }, // UnionPay
  { from: 8100, to: 8299, lengths: SIXTEEN }, // UnionPay, RuPay
  { from: 2200, to: 2204, lengths: LONG }, // Mir
  { from: 9792, to: 9792, lengths: SIXTEEN }, // Troy
  { from: 5018, to: 5018, lengths: LONG }, // Maestro
  { from: 5020, to: 5020, lengths: LONG },
  { from: 5038, to: 5038, lengths: LONG },
  { from: 5893, to: 5893, lengths: LONG },
  { from: 6304, to: 6304, lengths: LONG },
  { from: 6759, to: 6763, lengths: LONG },
]

function isIssued(digits: string): boolean {
  const prefix = Number(digits.slice(0, 4))
  return ISSUERS.some(
    ({ from, to, lengths }) => prefix >= from && prefix <= to && lengths.includes(digits.length),
  )
}

/** The check digit of ISO/IEC 7812 (Luhn). */
function isChecked(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30
    const doubled = digit * 2
    if (i % 2 === 0) sum += digit
    else sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** Whether these digits, nothing else, are a number that an issuer may have given to a card. */
export function isCardNumber(digits: string): boolean {
  const { length } = digits
  return length >= LEAST_DIGITS && length <= MOST_DIGITS && isIssued(digits) && isChecked(digits)
}
