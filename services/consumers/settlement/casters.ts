import type { Caster, Fields } from '#consumers/runtime/contract.ts'

const SNAKE_CASE_SINCE = '2026-05-19'

/** `cardTransaction` -> `card_transaction`; what is snake_case stays. */
function snakeCase(word: string): string {
  return word.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
}

function castLine(line: unknown): unknown {
  if (typeof line !== 'object' || line === null) return line
  const { type } = line as Fields
  return typeof type === 'string' ? { ...line, type: snakeCase(type) } : line
}

/** The types of lines have been written in snake_case since 2026-05-19. */
const castSettlement: Caster = (settlement, version) => {
  const { lines } = settlement
  if (version >= SNAKE_CASE_SINCE || !Array.isArray(lines)) return settlement
  return { ...settlement, lines: lines.map(castLine) }
}

/** Versions of the settlement domain; payouts read the same in all of them. */
export const settlementCasters: Readonly<Record<string, Caster>> = { settlement: castSettlement }
