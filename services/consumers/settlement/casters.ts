import type { Caster } from '#consumers/runtime/contract.ts'
import { castResource } from '#sdk/versions/casters.ts'

const CURRENT = '2026-05-19'

const castSettlement: Caster = (settlement, version) =>
  castResource('settlement', settlement, version, CURRENT).value

/** Versions of the settlement domain; payouts read the same in all of them. */
export const settlementCasters: Readonly<Record<string, Caster>> = { settlement: castSettlement }
