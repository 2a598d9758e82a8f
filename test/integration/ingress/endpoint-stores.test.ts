import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  added,
  configured,
  expiring,
  removed,
  retired,
  rotated,
  switched,
} from '#cli/endpoint-changes.ts'
import type { CliFault } from '#cli/fault.ts'
import type { EndpointId, TenantId } from '#core/ids.ts'
import type { EndpointStore } from '#ingress/endpoint-store.ts'
import type { Webhook } from '#ingress/identification.ts'
import { Identifier } from '#ingress/identification.ts'
import { signatureHeader } from '#ingress/signature.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { StoreStage } from './endpoint-stages.ts'
import { databaseStage, fileStage } from './endpoint-stages.ts'

const soon = { withinMs: 20_000, everyMs: 20 }
const NEVER = 600_000
const SECRET = 'whsec_topsecret'

let stage: StoreStage

function endpoint(n: number) {
  const id = `whk_${n}` as EndpointId
  const tenantId = `tnt_${n}` as TenantId
  const decisionUrl = `https://decide.test/${n}`
  return { id, tenantId, liveMode: n % 2 === 0, state: 'enabled', decisionUrl } as const
}

function value(text: string) {
  return { value: `${SECRET}_${text}`, notAfterMs: null }
}

async function add(n: number): Promise<void> {
  await stage
    .book()
    .change((found) => [added(found, endpoint(n), value(`${n}`), Date.now())], 'ada')
}

async function rotate(n: number, text: string): Promise<void> {
  const times = { nowMs: Date.now(), oldNotAfterMs: null }
  await stage.book().change((found) => [rotated(found, `whk_${n}`, value(text), times)], 'ada')
}

function webhookOf(endpointId: string, secret: string): Webhook {
  const body = Buffer.from('{}')
  return {
    endpointId,
    signatures: [signatureHeader(secret, body, Math.floor(Date.now() / 1000))],
    oldSignatures: [],
    traceparent: undefined,
    contentType: undefined,
    arrivedAtMs: 0,
    body,
  }
}

function ids(store: EndpointStore): string | null {
  const current = store.current()
  return current === null ? null : [...current.keys()].sort().join()
}

function secretsOf(store: EndpointStore, id: string) {
  return store
    .current()
    ?.get(id)
    ?.secrets.map(({ id }) => id)
}

describe.each([
  ['a file', fileStage],
  ['Postgres', databaseStage],
])('endpoints in %s', (_name, set) => {
  beforeEach(async () => {
    stage = await set()
  })

  afterEach(async () => {
    expect(stage.lines.join()).not.toContain(SECRET)
    await stage.clear()
  })

  it('are all there, with what verifies their webhooks', async () => {
    await add(1)
    await add(2)
    const store = await stage.watch(NEVER)
    expect(ids(store)).toBe('whk_1,whk_2')
    expect(store.current()?.get('whk_2')).toMatchObject({
      tenantId: 'tnt_2',
      mode: 'live',
      state: 'enabled',
    })
    const key = store.current()?.get('whk_2')?.secrets[0]?.key.export().toString()
    expect(key).toBe(`${SECRET}_2`)
    expect(store.current()?.get('whk_2')?.decisionUrl?.href).toBe('https://decide.test/2')
  })

  it('are known everywhere soon after each action of an operator', async () => {
    await add(1)
    const stores = await Promise.all([stage.watch(), stage.watch()])
    const all = (holds: (store: EndpointStore) => boolean) =>
      eventually(() => stores.every(holds), soon)
    const state = (store: EndpointStore) => store.current()?.get('whk_1')?.state
    await add(2)
    await all((store) => ids(store) === 'whk_1,whk_2')
    await rotate(1, 'newer')
    await all((store) => secretsOf(store, 'whk_1')?.join() === 'k2,k1')
    const { book } = stage
    const only = { nowMs: Date.now(), force: false }
    await book().change((found) => [retired(found, 'whk_1', 'k1', only)], 'ada')
    await all((store) => secretsOf(store, 'whk_1')?.join() === 'k2')
    await book().change((found) => [switched(found, 'whk_1', 'disabled')], 'ada')
    await all((store) => state(store) === 'disabled')
    await book().change((found) => [switched(found, 'whk_1', 'enabled')], 'ada')
    await all((store) => state(store) === 'enabled')
    await book().change((found) => [removed(found, 'whk_1')], 'ada')
    await all((store) => state(store) === 'removed' && secretsOf(store, 'whk_1')?.length === 0)
    expect(stores.map(ids)).toEqual(['whk_1,whk_2', 'whk_1,whk_2'])
  })

  it('are found at once by a signature that does not match yet', async () => {
    await add(1)
    const store = await stage.watch(NEVER)
    for (const text of ['2', '3', '4']) {
      await rotate(1, text)
      await store.refresh()
      expect(secretsOf(store, 'whk_1')?.[0]).toBe(`k${text}`)
    }
    expect([store.seen('whk_1'), store.seen('whk_2')]).toEqual([true, false])
  })

  it('stay as they were while what is there cannot be used, and that is said once', async () => {
    await add(1)
    await add(2)
    const store = await stage.watch()
    const before = store.current()
    await stage.spoil()
    const broken = () => stage.lines.filter((line) => line.includes('endpoints.broken'))
    await eventually(() => broken().length > 0, soon)
    expect(ids(store)).toBe('whk_1,whk_2')
    for (const id of ['whk_1', 'whk_2']) expect(store.current()?.get(id)).toBe(before?.get(id))
    expect(store.problem()).toBeNull()
    const said = await stage
      .book()
      .read()
      .then(
        ({ damaged }) => [...damaged.values()].map(({ problem }) => problem).join(),
        (error: CliFault) => error.message,
      )
    expect(said).toMatch(/no key of ENDPOINTS_KEYS opens|repair it first/)
    expect(said).not.toContain(SECRET)
    await stage.mend()
    await rotate(1, 'newer')
    await eventually(() => secretsOf(store, 'whk_1')?.length === 2, soon)
    expect(broken()).toHaveLength(1)
  })

  it('stay as they were while the store is away, and go on when it is back', async () => {
    await add(1)
    const store = await stage.watch()
    const before = store.current()
    await stage.away()
    await eventually(() => stage.lines.some((line) => line.includes('endpoints.broken')), soon)
    expect(store.current()).toBe(before)
    const loads = () => stage.lines.filter((line) => line.includes('endpoints.loaded')).length
    const loaded = loads()
    await stage.back()
    await eventually(() => loads() === loaded + 1, soon)
    await rotate(1, 'newer')
    await eventually(() => secretsOf(store, 'whk_1')?.length === 2, soon)
  })

  it('let no event be destroyed by a secret that could not be read', async () => {
    await add(1)
    await add(2)
    const store = await stage.watch(NEVER)
    const policy = {
      toleranceSeconds: 300,
      oldSignatureHeader: false,
      waitingBytes: 1_048_576,
    } as const
    const identifier = new Identifier(store, { ...policy, unseenEndpoint: 'refuse' }, Date.now)
    const answered = async (endpointId: string, secret: string) => {
      const webhook = webhookOf(endpointId, `${SECRET}_${secret}`)
      const result = await identifier.identify(webhook)
      return result.kind === 'refused' ? result.code : result.kind
    }
    const all = async () => [
      ...[await answered('whk_1', '1'), await answered('whk_1', 'newer')],
      ...[await answered('whk_1', 'of a stranger'), await answered('whk_3', '3')],
    ]
    await rotate(1, 'newer')
    await stage.spoil()
    const elsewhere = stage.isRefusedWhole ? 'endpoints_uncertain' : 'unknown_endpoint'
    const uncertain = ['verified', 'endpoints_uncertain', 'endpoints_uncertain', elsewhere]
    expect(await all()).toEqual(uncertain)
    // The fault stands, although nothing was written since it was read.
    expect(await all()).toEqual(uncertain)
    await stage.mend()
    const certain = ['verified', 'verified', 'invalid_signature', 'unknown_endpoint']
    expect(await all()).toEqual(certain)
    await stage.away()
    expect(await answered('whk_1', '1')).toBe('verified')
    expect(await answered('whk_1', 'of a stranger')).toBe('endpoints_uncertain')
    await stage.back()
    await eventually(async () => (await store.refresh()) === 'current', soon)
    expect(await all()).toEqual(certain)
  })

  it('are not loaded after a cold start without the store, until it is there', async () => {
    await add(1)
    await stage.away()
    const store = await stage.watch()
    expect(store.current()).toBeNull()
    expect(store.problem()).toMatch(/cannot be (?:read|reached)/)
    const begun = performance.now()
    await store.refresh()
    expect(performance.now() - begun).toBeLessThan(10_000)
    await stage.back()
    await eventually(() => ids(store) === 'whk_1', soon)
    expect(store.problem()).toBeNull()
  })

  it('lose nothing when several operators change them at once', async () => {
    await add(0)
    const many = Array.from({ length: 8 }, (_, n) => n + 1)
    await Promise.all(many.flatMap((n) => [add(n), rotate(0, `other_${n}`)]))
    const found = await stage.book().read()
    expect([...found.usable.keys()].sort()).toEqual(['whk_0', ...many.map((n) => `whk_${n}`)])
    expect(found.usable.get('whk_0')?.secrets.map(({ id }) => id)).toEqual([
      'k1',
      ...many.map((n) => `k${n + 1}`),
    ])
  })

  it('can be given to another tenant, mode and decision service, and still open', async () => {
    await add(1)
    const store = await stage.watch(NEVER)
    const wanted = { tenantId: 'tnt_other' as TenantId, liveMode: true, decisionUrl: null }
    await stage.book().change((found) => [configured(found, 'whk_1', wanted)], 'ada')
    expect(await store.refresh()).toBe('current')
    expect(store.current()?.get('whk_1')).toMatchObject({ ...wanted, state: 'enabled' })
    const key = store.current()?.get('whk_1')?.secrets[0]?.key.export().toString()
    expect(key).toBe(`${SECRET}_1`)
    const times = { notAfterMs: Date.now() + 5000, nowMs: Date.now(), force: false }
    await stage.book().change((found) => [expiring(found, 'whk_1', 'k1', times)], 'ada')
    expect(await store.refresh()).toBe('current')
    expect(store.current()?.get('whk_1')?.secrets[0]?.notAfterMs).toBe(times.notAfterMs)
  })

  it('are as before when an action is refused', async () => {
    await add(1)
    const before = await stage.book().read()
    const last = { nowMs: Date.now(), force: false }
    const refused = stage.book().change((found) => {
      return [switched(found, 'whk_1', 'disabled'), retired(found, 'whk_1', 'k1', last)]
    }, 'ada')
    await expect(refused).rejects.toThrow(/last usable secret/)
    expect(await stage.book().read()).toEqual(before)
  })
})
