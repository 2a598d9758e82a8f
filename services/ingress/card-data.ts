import { cardNumberPath, shownPath } from '#core/card-numbers.ts'

/** What is done with an event that holds a card number in a value. */
export type CardNumberPolicy = 'count' | 'quarantine' | 'off'

/**
 * Where an event holds a card number, in words that repeat nothing of it; null when it holds none.
 *
 * @param text the body, which must be valid JSON
 * @param fieldNames the names of fields that the event's schema has
 */
export function cardNumberDetail(text: string, fieldNames: ReadonlySet<string>): string | null {
  const path = cardNumberPath(text)
  if (path === null) return null
  return `a card number in ${shownPath(path, fieldNames) ?? 'a field that no schema knows'}`
}
