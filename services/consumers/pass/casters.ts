import type { Caster } from '#consumers/runtime/contract.ts'

/**
 * Versions of the pass domain. None is needed: `relevant_locations` came in 2026-05-19 and is
 * missing before, which is not the same as none.
 */
export const passCasters: Readonly<Record<string, Caster>> = {}
