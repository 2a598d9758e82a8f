import { describe, expect, it, vi } from 'vitest'
import type { EndpointStore, Knowledge } from '#ingress/endpoint-store.ts'
import type { EndpointSet } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { IdentificationPolicy, Webhook } from '#ingress/identification.ts'
import { Identifier } from '#ingress/identification.ts'
import { signatureHeader, verify } from '#ingress/signature.ts'

vi.mock('#ingress/signature.ts', { spy: true })

const NOW_SECONDS = 1_780_000_000
const ISSUED = 'whk_01HZX3J5K7M9P1R3T5V7X9Z1B3'
const body = Buffer.from('{"a":1}')

const policy: IdentificationPolicy = {
  toleranceSeconds: 300,
  oldSignatureHeader: true,
  unseenEndpoint: 'retry',
  waitingBytes: 1_000_000,
}

function setOf(...declared: readonly Readonly<Record<string, unknown>>[]): EndpointSet {
  const endpoints = declared.map((entry) => ({
    id: ISSUED,
    tenant_id: 'tnt_1',
    live_mode: false,
    secrets: [{ id: 'k1', value: 'first' }],
    ...entry,
  }))
  const result = parseEndpoints([{ endpoints }])
  if (!result.ok) throw new Error(result.problems.join())
  return result.endpoints
}

/** A store whose next set is taken over by `refresh`, as a reload would. */
function storeOf(
  current: EndpointSet | null,
  next: EndpointSet | null = current,
  seen: string[] = [],
  knowledge: Knowledge = 'current',
) {
  let loaded = current
  let refreshes = 0
  const store: EndpointStore & { refreshes(): number } = {
    current: () => loaded,
    seen: (id) => seen.includes(id),
    doubted: () => false,
    refresh: async () => {
      refreshes += 1
      loaded = next
      return knowledge
    },
    refreshes: () => refreshes,
  }
  return store
}

function webhook(changes: Partial<Webhook> = {}): Webhook {
  return {
    endpointId: ISSUED,
    signatures: [signatureHeader('first', body, NOW_SECONDS)],
    oldSignatures: [],
    traceparent: undefined,
    contentType: undefined,
    arrivedAtMs: 0,
    body,
    ...changes,
  }
}

async function identify(
  store: EndpointStore,
  hook: Webhook,
  own: Partial<IdentificationPolicy> = {},
) {
  const identifier = new Identifier(store, { ...policy, ...own }, () => NOW_SECONDS * 1000)
  return await identifier.identify(hook)
}

async function codeOf(...args: Parameters<typeof identify>): Promise<string> {
  const result = await identify(...args)
  return result.kind === 'refused' ? result.code : result.kind
}

describe('the identification', () => {
  it('gives the endpoint, the bytes and the secret that matched', async () => {
    const store = storeOf(setOf({}))
    const result = await identify(store, webhook())
    expect(result).toMatchObject({ kind: 'verified', body, stale: false, secretId: 'k1' })
    expect(store.refreshes()).toBe(0)
  })

  it('refuses before anything else when the endpoints were never read', async () => {
    expect(await codeOf(storeOf(null), webhook({ signatures: [] }))).toBe('endpoints_not_loaded')
  })

  it('takes no signature, two of them, or a malformed one for malformed', async () => {
    const store = storeOf(setOf({}))
    const [good = ''] = webhook().signatures
    for (const signatures of [[], [good, good], ['t=1']]) {
      expect(await codeOf(store, webhook({ signatures }))).toBe('malformed_header')
    }
  })

  it('reads the old header only where the new one is missing, and only when told', async () => {
    const store = storeOf(setOf({}))
    const [good = ''] = webhook().signatures
    const old = webhook({ signatures: [], oldSignatures: [good] })
    expect(await codeOf(store, old)).toBe('verified')
    expect(await codeOf(store, old, { oldSignatureHeader: false })).toBe('malformed_header')
    const both = webhook({ signatures: ['nonsense'], oldSignatures: [good] })
    expect(await codeOf(store, both)).toBe('malformed_header')
    const wrong = signatureHeader('wrong', body, NOW_SECONDS)
    const weak = webhook({ signatures: [wrong], oldSignatures: [good] })
    expect(await codeOf(store, weak)).toBe('invalid_signature')
    const twice = webhook({ signatures: [], oldSignatures: [good, good] })
    expect(await codeOf(store, twice)).toBe('malformed_header')
  })

  it('says which header carried the signature, and what it was', async () => {
    const store = storeOf(setOf({}))
    const [value = ''] = webhook().signatures
    const fresh = await identify(store, webhook({ oldSignatures: ['nonsense'] }))
    expect(fresh).toMatchObject({ signature: { name: 'QairoPay-Signature', value } })
    const old = await identify(store, webhook({ signatures: [], oldSignatures: [value] }))
    expect(old).toMatchObject({ signature: { name: 'X-QairoPay-Signature', value } })
  })

  it('reloads before it refuses, so that a fresh secret or endpoint counts at once', async () => {
    const fresh = setOf({ secrets: [{ id: 'k2', value: 'second' }] })
    const signatures = [signatureHeader('second', body, NOW_SECONDS)]
    const rotated = storeOf(setOf({}), fresh)
    expect(await codeOf(rotated, webhook({ signatures }))).toBe('verified')
    const added = storeOf(setOf({ id: 'whk_other' }), setOf({}))
    expect(await codeOf(added, webhook())).toBe('verified')
  })

  it('refuses a signature that matches no secret', async () => {
    const signatures = [signatureHeader('wrong', body, NOW_SECONDS)]
    expect(await codeOf(storeOf(setOf({})), webhook({ signatures }))).toBe('invalid_signature')
  })

  it('holds few bodies while it looks again, and gives their bytes back however the look ends', async () => {
    let end: (error?: Error) => void = () => undefined
    const refresh = () =>
      new Promise<'current'>((resolve, reject) => {
        end = (error) => (error === undefined ? resolve('current') : reject(error))
      })
    const store = { ...storeOf(setOf({})), refresh }
    const waitingBytes = 1500
    const identifier = new Identifier(store, { ...policy, waitingBytes }, () => NOW_SECONDS * 1000)
    const large = Buffer.alloc(1000)
    const bad = { body: large, signatures: [signatureHeader('wrong', large, NOW_SECONDS)] }
    const ends = [
      { error: undefined, outcome: { code: 'invalid_signature', limit: null } },
      { error: new Error('gone'), outcome: 'gone' },
      { error: undefined, outcome: { code: 'invalid_signature', limit: null } },
    ]
    for (const { error, outcome } of ends) {
      const waiting = identifier.identify(webhook(bad)).catch(({ message }: Error) => message)
      const refused = await identifier.identify(webhook(bad))
      expect(refused).toMatchObject({ code: 'overloaded', limit: 'body_bytes' })
      const good = { body: large, signatures: [signatureHeader('first', large, NOW_SECONDS)] }
      expect((await identifier.identify(webhook(good))).kind).toBe('verified')
      end(error)
      const result = await waiting
      if (typeof outcome === 'string') expect(result).toBe(outcome)
      else expect(result).toMatchObject(outcome)
    }
  })

  it('tells disabled from removed endpoints', async () => {
    expect(await codeOf(storeOf(setOf({ enabled: false })), webhook())).toBe('endpoint_disabled')
    expect(await codeOf(storeOf(setOf({ removed: true })), webhook())).toBe('endpoint_removed')
  })

  it('answers an id that may be being set up another way than one that was there', async () => {
    const none = setOf({ id: 'whk_other' })
    expect(await codeOf(storeOf(none), webhook())).toBe('endpoint_unseen')
    const odd = webhook({ endpointId: 'whk_odd' })
    expect(await codeOf(storeOf(none), odd)).toBe('unknown_endpoint')
    expect(await codeOf(storeOf(none), webhook(), { unseenEndpoint: 'refuse' })).toBe(
      'unknown_endpoint',
    )
  })

  it('never ends an event of an endpoint that was there and vanished without being removed', async () => {
    const none = setOf({ id: 'whk_other' })
    for (const unseenEndpoint of ['retry', 'refuse'] as const) {
      const code = await codeOf(storeOf(none, none, [ISSUED]), webhook(), { unseenEndpoint })
      expect(code).toBe('endpoint_vanished')
    }
  })

  it('says nothing final on knowledge that may be old, neither of a signature nor of an id', async () => {
    const known = setOf({})
    const signatures = [signatureHeader('added meanwhile', body, NOW_SECONDS)]
    const unsure = storeOf(known, known, [], 'unknown')
    expect(await codeOf(unsure, webhook({ signatures }))).toBe('endpoints_uncertain')
    expect(await codeOf(unsure, webhook({ endpointId: 'whk_odd' }))).toBe('endpoints_uncertain')
    expect(await codeOf(unsure, webhook())).toBe('verified')
    const gone = setOf({ removed: true })
    expect(await codeOf(storeOf(gone, gone, [], 'unknown'), webhook())).toBe('endpoint_removed')
  })

  it('says nothing final of what the source holds and nobody can use, and only of that', async () => {
    const signatures = [signatureHeader('added meanwhile', body, NOW_SECONDS)]
    const bad = 'whk_odd'
    const doubting = { ...storeOf(setOf({})), doubted: (id: string) => id === bad }
    expect(await codeOf(doubting, webhook({ endpointId: bad }))).toBe('endpoints_uncertain')
    expect(await codeOf(doubting, webhook({ endpointId: 'whk_even' }))).toBe('unknown_endpoint')
    expect(await codeOf(doubting, webhook({ signatures }))).toBe('invalid_signature')
    const known = { ...storeOf(setOf({})), doubted: (id: string) => id === ISSUED }
    expect(await codeOf(known, webhook({ signatures }))).toBe('endpoints_uncertain')
    expect(await codeOf(known, webhook())).toBe('verified')
  })

  it('costs the same whatever is not verified: a look, and an HMAC for each secret, at least one, before it and after it', async () => {
    const foreign = webhook({ signatures: [signatureHeader('third', body, NOW_SECONDS)] })
    const two = [
      { id: 'k1', value: 'first' },
      { id: 'k2', value: 'second' },
    ]
    const costs: Readonly<Record<string, readonly [EndpointSet, number]>> = {
      'a wrong signature': [setOf({}), 1],
      'an id that nobody knows': [setOf({ id: 'whk_other' }), 1],
      'a disabled endpoint': [setOf({ enabled: false }), 1],
      'a removed one': [setOf({ removed: true, secrets: [] }), 1],
      'one without secrets': [setOf({ secrets: [] }), 1],
      'one under rotation': [setOf({ secrets: two }), 2],
      'the same, disabled': [setOf({ secrets: two, enabled: false }), 2],
    }
    for (const [what, [set, hmacs]] of Object.entries(costs)) {
      const verified = vi.mocked(verify).mockClear()
      const store = storeOf(set)
      expect((await identify(store, foreign)).kind, what).toBe('refused')
      const each = verified.mock.calls.map(([, bytes, secrets]) => [bytes, secrets.length])
      expect([store.refreshes(), each], what).toEqual([1, Array(2).fill([body, hmacs])])
    }
  })

  it('says that a signature is stale, before and after now', async () => {
    for (const seconds of [-301, 301]) {
      const signatures = [signatureHeader('first', body, NOW_SECONDS + seconds)]
      const result = await identify(storeOf(setOf({})), webhook({ signatures }))
      expect(result).toMatchObject({ kind: 'verified', stale: true })
    }
  })

  describe('of a secret that has an end', () => {
    const ended = {
      id: 'k1',
      value: 'first',
      not_after: new Date(NOW_SECONDS * 1000).toISOString(),
    }
    const fresh = { id: 'k2', value: 'second' }
    const foreign = webhook({ signatures: [signatureHeader('third', body, NOW_SECONDS)] })

    it('answers 503 to what only it matches, so that the event is sent again', async () => {
      const result = await identify(storeOf(setOf({ secrets: [ended, fresh] })), webhook())
      expect(result).toMatchObject({ code: 'expired_secret', secretId: 'k1' })
      expect(result.endpoint?.id).toBe(ISSUED)
    })

    it('answers 400 to what nothing matches while another secret is usable', async () => {
      const store = storeOf(setOf({ secrets: [ended, fresh] }))
      expect(await codeOf(store, foreign)).toBe('invalid_signature')
    })

    it('answers 503 to what nothing matches when none is usable, or none is there', async () => {
      expect(await codeOf(storeOf(setOf({ secrets: [ended] })), foreign)).toBe('no_usable_secret')
      expect(await codeOf(storeOf(setOf({ secrets: [] })), foreign)).toBe('no_usable_secret')
    })

    it('looks whether a newer one was added meanwhile', async () => {
      const store = storeOf(
        setOf({ secrets: [ended] }),
        setOf({ secrets: [{ ...ended, not_after: null }] }),
      )
      expect(await codeOf(store, webhook())).toBe('verified')
    })
  })

  it('notes every match, also of an expired secret, and none of what is refused', async () => {
    const noted: string[] = []
    const note = async (secrets: readonly object[], hook = webhook()) => {
      const now = () => NOW_SECONDS * 1000
      const matched = (...facts: readonly unknown[]) => void noted.push(facts.join())
      await new Identifier(storeOf(setOf({ secrets })), policy, now, matched).identify(hook)
    }
    await note([{ id: 'k1', value: 'first' }])
    await note([{ id: 'k2', value: 'first', not_after: '2020-01-01T00:00:00Z' }])
    await note([{ id: 'k3', value: 'other' }])
    await note([{ id: 'k4', value: 'first' }], webhook({ endpointId: 'whk_other' }))
    expect(noted).toEqual([
      `${ISSUED},k1,${NOW_SECONDS * 1000}`,
      `${ISSUED},k2,${NOW_SECONDS * 1000}`,
    ])
  })
})
