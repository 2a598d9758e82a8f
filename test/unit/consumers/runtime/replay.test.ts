import { describe, expect, it } from 'vitest'
import { inScope } from '#consumers/runtime/replay.ts'
import type { TenantId } from '#core/ids.ts'

const scope = { tenantId: 'tnt_1' as TenantId, fromMs: 1000, toMs: 2000 }

function record(key: string | null, timestampMs: number) {
  const bytes = key === null ? null : Buffer.from(key)
  return { offset: 0n, key: bytes, value: null, headers: {}, timestampMs }
}

describe('the scope of a replay', () => {
  it('takes the first moment and leaves the last one out', () => {
    const records = [999, 1000, 1999, 2000].map((ms) => record('tnt_1', ms))
    expect(inScope(records, scope).map(({ timestampMs }) => timestampMs)).toEqual([1000, 1999])
  })

  it('takes one tenant alone, whatever else lies in its partition', () => {
    const records = ['tnt_1', 'tnt_2', 'tnt_11', 'TNT_1', null].map((key) => record(key, 1500))
    expect(inScope(records, scope)).toEqual([records[0]])
  })
})
