import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endpointEntry } from '#ingress/endpoint-entry.ts'
import { seal, sealingKeys, unseal } from '#ingress/sealing.ts'

function keysOf(...bytes: readonly (readonly [string, number])[]) {
  const items = bytes.map(([id, byte]) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`)
  const keys = sealingKeys(items)
  if (keys === null) throw new Error('no keys')
  return keys
}

function owner(changes: object = {}) {
  const whole = { id: 'whk_1', tenant_id: 'tnt_1', live_mode: true, secrets: [], ...changes }
  const entry = endpointEntry(whole)
  if (typeof entry === 'string') throw new Error(entry)
  return entry
}

const keys = keysOf(['a', 1])

describe('a sealed secret', () => {
  it('opens as it was, whatever text it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = seal(keys, owner(), 'k1', text)
        expect(unseal(keys, owner(), 'k1', sealed)).toBe(text)
      }),
    )
  })

  it('shows nothing of it, and looks another way each time', () => {
    const one = seal(keys, owner(), 'k1', 'whsec_topsecret')
    const two = seal(keys, owner(), 'k1', 'whsec_topsecret')
    expect(one.sealed).not.toBe(two.sealed)
    expect(Buffer.from(one.sealed, 'base64').toString('latin1')).not.toContain('topsecret')
  })

  it('is sealed by the first key and opened by the one that sealed it', () => {
    const sealed = seal(keysOf(['new', 2], ['a', 1]), owner(), 'k1', 'x')
    expect(sealed.key).toBe('new')
    expect(unseal(keysOf(['a', 1], ['new', 2]), owner(), 'k1', sealed)).toBe('x')
    expect(unseal(keys, owner(), 'k1', sealed)).toBeNull()
    expect(unseal(keysOf(['new', 1]), owner(), 'k1', sealed)).toBeNull()
  })

  it('opens nowhere else: not in another row, under another id, tenant, mode or service', () => {
    const sealed = seal(keys, owner(), 'k1', 'x')
    expect(unseal(keys, owner(), 'k2', sealed)).toBeNull()
    const decision_url = 'https://mallory/'
    for (const change of [
      { id: 'whk_2' },
      { tenant_id: 'tnt_2' },
      { live_mode: false },
      { decision_url },
    ]) {
      expect(unseal(keys, owner(change), 'k1', sealed)).toBeNull()
    }
  })

  it('does not open when any bit of it was changed, or it was cut off', () => {
    const { key, sealed } = seal(keys, owner(), 'k1', 'whsec')
    const bytes = Buffer.from(sealed, 'base64')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(unseal(keys, owner(), 'k1', { key, sealed: changed.toString('base64') })).toBeNull()
    }
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length).toString('base64')
      expect(unseal(keys, owner(), 'k1', { key, sealed: cut })).toBeNull()
    }
  })
})
