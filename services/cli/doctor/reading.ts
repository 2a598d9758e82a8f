import { CliFault } from '../fault.ts'
import type { Check, Finding } from './finding.ts'
import { fault, warning } from './finding.ts'

/** What a look at the world brought. */
export type Reading<Value> =
  | { readonly kind: 'read'; readonly value: Value }
  /** One sentence without a full stop. */
  | { readonly kind: 'away'; readonly reason: string }
  /** Could not be looked at, since something else is at fault. */
  | { readonly kind: 'skipped'; readonly because: string }

export function read<Value>(value: Value): Reading<Value> {
  return { kind: 'read', value }
}

export function skipped(because: string): Reading<never> {
  return { kind: 'skipped', because }
}

/** Class and code of an error; its message may repeat what it stumbled over. */
function surpriseWords(error: unknown): string {
  if (!(error instanceof Error)) return 'an error of no kind'
  const { code } = error as { code?: unknown }
  return code === undefined ? error.name : `${error.name}, ${String(code)}`
}

function reasonOf(error: unknown): string {
  return error instanceof CliFault ? error.message : `it failed (${surpriseWords(error)})`
}

/**
 * A look that has an end and never throws. What is still on its way then is left to itself: its
 * answer counts no more.
 */
export async function bounded<Value>(
  withinMs: number,
  work: () => Promise<Value>,
): Promise<Reading<Value>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Reading<never>>((resolve) => {
    const reason = `no answer within ${Math.round(withinMs / 1000)} s`
    timer = setTimeout(() => resolve({ kind: 'away', reason }), withinMs)
  })
  try {
    return await Promise.race([work().then((value) => read(value)), late])
  } catch (error) {
    return { kind: 'away', reason: reasonOf(error) }
  } finally {
    clearTimeout(timer)
  }
}

/** The findings on what was read; on what was not, why. */
export function findingsOn<Value>(
  check: Check,
  reading: Reading<Value>,
  remedy: string,
  decide: (value: Value) => readonly Finding[],
): readonly Finding[] {
  switch (reading.kind) {
    case 'read':
      return decide(reading.value)
    case 'away':
      return [fault(check, reading.reason, remedy)]
    case 'skipped':
      return [warning(check, `not looked at: ${reading.because}`, 'put that right first')]
  }
}
