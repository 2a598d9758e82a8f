import { describe, expect, it } from 'vitest'
import {
  added,
  checkEnd,
  configured,
  expiring,
  givenSecret,
  imported,
  removed,
  retired,
  rotated,
  switched,
} from '#cli/endpoint-changes.ts'
import { foundEndpoints } from '#cli/found-endpoints.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { endpointEntry } from '#ingress/endpoint-entry.ts'

const NOW = Date.parse('2026-05-19T12:00:00Z')
const times = { nowMs: NOW, oldNotAfterMs: null }

function entry(changes: object = {}): EndpointEntry {
  const result = endpointEntry({
    id: 'whk_1',
    tenant_id: 'tnt_1',
    live_mode: true,
    secrets: [{ id: 'k1', value: 'first' }],
    ...changes,
  })
  if (typeof result === 'string') throw new Error(result)
  return result
}

function found(...entries: readonly EndpointEntry[]) {
  return foundEndpoints(entries)
}

function secret(value: string, notAfterMs: number | null = null) {
  return { value, notAfterMs }
}

describe('a new endpoint', () => {
  it('has one secret, since now', () => {
    const { secrets: _none, ...bare } = entry()
    const { entry: made, action, facts } = added(found(), bare, secret('x'), NOW)
    expect(made.secrets).toEqual([{ id: 'k1', value: 'x', sinceMs: NOW, notAfterMs: null }])
    expect([action, facts]).toEqual([
      'endpoints.add',
      { secret: 'k1', not_after: null, state: 'enabled' },
    ])
  })

  it('takes no id that is there, not even of a removed one', () => {
    const gone = found(entry({ removed: true }))
    expect(() => added(gone, entry(), secret('x'), NOW)).toThrow(/is there already/)
  })
})

describe('a rotation', () => {
  it('adds a secret after the highest number and leaves the others as they are', () => {
    const secrets = [
      { id: 'k7', value: 'a' },
      { id: 'mine', value: 'b' },
    ]
    const change = rotated(found(entry({ secrets })), 'whk_1', secret('c'), times)
    expect(change.entry.secrets.map(({ id }) => id)).toEqual(['k7', 'mine', 'k8'])
    expect(change.entry.secrets.map(({ notAfterMs }) => notAfterMs)).toEqual([null, null, null])
  })

  it('gives the older ones an end, unless theirs is sooner', () => {
    const secrets = [
      { id: 'k1', value: 'a', not_after: '2026-05-20T00:00:00Z' },
      { id: 'k2', value: 'b', not_after: '2027-01-01T00:00:00Z' },
      { id: 'k3', value: 'c' },
    ]
    const oldNotAfterMs = Date.parse('2026-06-01T00:00:00Z')
    const change = rotated(found(entry({ secrets })), 'whk_1', secret('d', NOW + 1), {
      nowMs: NOW,
      oldNotAfterMs,
    })
    expect(change.entry.secrets.map(({ notAfterMs }) => notAfterMs)).toEqual([
      ...[Date.parse('2026-05-20T00:00:00Z'), oldNotAfterMs, oldNotAfterMs, NOW + 1],
    ])
  })

  it('refuses a secret that is there, an endpoint that is not, and one that was removed', () => {
    const here = found(entry())
    expect(() => rotated(here, 'whk_1', secret('first'), times)).toThrow(/there already/)
    expect(() => rotated(here, 'whk_2', secret('x'), times)).toThrow(/no endpoint whk_2/)
    const gone = found(entry({ removed: true }))
    expect(() => rotated(gone, 'whk_1', secret('x'), times)).toThrow(/removed for good/)
  })
})

describe('a retirement', () => {
  const two = [
    { id: 'k1', value: 'a' },
    { id: 'k2', value: 'b' },
  ]
  const expired = { ...two[1], not_after: '2026-05-19T12:00:00Z' }
  const gently = { nowMs: NOW, force: false }

  it('takes away the one secret', () => {
    const change = retired(found(entry({ secrets: two })), 'whk_1', 'k1', gently)
    expect(change.entry.secrets.map(({ id }) => id)).toEqual(['k2'])
    expect(change.facts).toEqual({ secret: 'k1', forced: false, left: ['k2'] })
  })

  it.each([
    ['the only one', [two[0]]],
    ['the only one that has not expired', [two[0], expired]],
  ])('refuses %s of an enabled endpoint, unless forced', (_what, secrets) => {
    const here = found(entry({ secrets }))
    expect(() => retired(here, 'whk_1', 'k1', gently)).toThrow(/last usable secret/)
    const forced = retired(here, 'whk_1', 'k1', { nowMs: NOW, force: true })
    expect(forced.entry.secrets).toHaveLength(secrets.length - 1)
  })

  it('takes the last one of a disabled endpoint, and an expired one of an enabled', () => {
    const disabled = found(entry({ enabled: false }))
    expect(retired(disabled, 'whk_1', 'k1', gently).entry.secrets).toEqual([])
    const here = found(entry({ secrets: [two[0], expired] }))
    expect(retired(here, 'whk_1', 'k2', gently).entry.secrets).toHaveLength(1)
  })

  it('says which secrets there are when it finds none of the id', () => {
    const here = found(entry({ secrets: two }))
    expect(() => retired(here, 'whk_1', 'k9', gently)).toThrow(/no secret k9; there is k1, k2/)
  })
})

describe('a removal', () => {
  it('keeps the endpoint, which is answered 410, and none of its secrets', () => {
    const { entry: gone, facts } = removed(found(entry()), 'whk_1')
    expect(gone).toMatchObject({ id: 'whk_1', state: 'removed', secrets: [] })
    expect(facts).toEqual({ was: 'enabled', secrets: ['k1'] })
  })

  it('is for good', () => {
    const gone = found(entry({ removed: true }))
    expect(() => switched(gone, 'whk_1', 'enabled')).toThrow(/removed for good/)
    expect(() => removed(gone, 'whk_1')).toThrow(/removed for good/)
  })
})

describe('an import', () => {
  it('adds what is not there and leaves what is', () => {
    const here = found(entry({ secrets: [{ id: 'k9', value: 'ours' }] }))
    const theirs = found(entry(), entry({ id: 'whk_2' }))
    expect(imported(here, theirs).map(({ entry: { id } }) => id)).toEqual(['whk_2'])
  })
})

describe('a secret from standard input', () => {
  it.each(['whsec_12345', 'whsec_12345\n', 'whsec_12345\r\n'])('is taken as it is: %j', (text) => {
    expect(givenSecret(text)).toBe('whsec_12345')
  })

  it.each(['', '\n', 'short', 'two\nlines_of_it', 'with a blank', 'x'.repeat(1025), 'tab\there12'])(
    'is refused without being repeated: %j',
    (text) => {
      const fault = () => givenSecret(text)
      expect(fault).toThrow(/must hold one secret/)
      if (text.trim() !== '') expect(fault).not.toThrow(text)
    },
  )
})

describe('an end of a secret', () => {
  it('may not have come already, unless it is meant', () => {
    const check = (endMs: number | null, force: boolean) => () =>
      checkEnd('--not-after', endMs, { nowMs: NOW, force })
    expect(check(NOW, false)).toThrow(/--not-after is in the past/)
    for (const fine of [check(NOW, true), check(NOW + 1, false), check(null, false)]) fine()
  })

  it('can be given later, sooner or anew, but not to the last usable one of an enabled endpoint', () => {
    const secrets = [
      { id: 'k1', value: 'a' },
      { id: 'k2', value: 'b', not_after: '2026-05-20T00:00:00Z' },
    ]
    const end = (secretId: string, notAfterMs: number, force = false) =>
      expiring(found(entry({ secrets })), 'whk_1', secretId, { notAfterMs, nowMs: NOW, force })
    const change = end('k2', NOW + 5)
    expect(change.entry.secrets.map(({ notAfterMs }) => notAfterMs)).toEqual([null, NOW + 5])
    expect(change).toMatchObject({
      action: 'endpoints.expire',
      facts: { secret: 'k2', was: '2026-05-20T00:00:00.000Z' },
    })
    expect(() => end('k3', NOW)).toThrow(/has no secret k3; there is k1, k2/)
    const only = found(entry())
    const times = { notAfterMs: NOW, nowMs: NOW }
    expect(() => expiring(only, 'whk_1', 'k1', { ...times, force: false })).toThrow(/last usable/)
    const forced = expiring(only, 'whk_1', 'k1', { ...times, force: true })
    expect(forced.entry.secrets[0]?.notAfterMs).toBe(NOW)
  })
})

describe('what is set of an endpoint', () => {
  it('is only what was named, with what was there in the audit', () => {
    const before = entry({ decision_url: 'https://decide.test/' })
    const change = configured(found(before), 'whk_1', { liveMode: false })
    expect(change.entry).toEqual({ ...before, liveMode: false })
    expect(change.facts).toEqual({
      was: 'tnt_1 live https://decide.test/',
      is: 'tnt_1 sandbox https://decide.test/',
    })
    const none = configured(found(before), 'whk_1', { decisionUrl: null })
    expect(none.entry).toEqual({ ...before, decisionUrl: null })
  })

  it('is refused when nothing would change, and of a removed endpoint', () => {
    expect(() => configured(found(entry()), 'whk_1', { liveMode: true })).toThrow(/is so already/)
    const gone = found(entry({ removed: true }))
    expect(() => configured(gone, 'whk_1', { liveMode: false })).toThrow(/removed for good/)
  })
})
