import type { Caster } from '#consumers/runtime/contract.ts'

/** Versions of the compliance domain: a cardholder reads the same in all of them. */
export const complianceCasters: Readonly<Record<string, Caster>> = {}
