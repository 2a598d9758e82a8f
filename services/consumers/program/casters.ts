import type { Caster } from '#consumers/runtime/contract.ts'

/** Versions of the program domain: a program reads the same in all of them. */
export const programCasters: Readonly<Record<string, Caster>> = {}
