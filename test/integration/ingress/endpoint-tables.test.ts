import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { added, resealed, rotated, switched } from '#cli/endpoint-changes.ts'
import { DatabaseBook } from '#cli/endpoint-database-book.ts'
import { endpointEntry } from '#ingress/endpoint-entry.ts'
import { storePlace, watchedEndpoints } from '#ingress/endpoint-place.ts'
import { ENDPOINT_SETTINGS } from '#ingress/endpoint-settings.ts'
import { signatureHeader } from '#ingress/signature.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { OwnDatabase } from '../../fixtures/own-database.ts'
import { ownDatabase } from '../../fixtures/own-database.ts'
import { gateTo } from '../consumers/gate.ts'
import type { DeclaredEndpoint } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, sampleFor } from './stage.ts'

const soon = { withinMs: 30_000 }
const NEVER = 600_000
const KEY_A = `a:${Buffer.alloc(32, 1).toString('base64')}`
const KEY_B = `b:${Buffer.alloc(32, 2).toString('base64')}`

let own: OwnDatabase

beforeEach(async () => {
  own = await ownDatabase(inject('databaseUrl'))
})

afterEach(async () => {
  await own.remove()
})

function environment(keys: string, url = own.url) {
  return { ENDPOINTS_STORE: 'postgres', ENDPOINTS_DATABASE_URL: url, ENDPOINTS_KEYS: keys }
}

function bookWith(keys: string): DatabaseBook {
  const place = storePlace(loadSettings(ENDPOINT_SETTINGS, environment(keys)))
  if (!('kind' in place) || place.kind !== 'postgres') throw new Error('no place')
  return new DatabaseBook(place)
}

async function add(endpoint: DeclaredEndpoint, keys = KEY_A): Promise<void> {
  const entry = endpointEntry(endpoint)
  if (typeof entry === 'string') throw new Error(entry)
  const secret = { value: endpoint.secrets[0]?.value ?? '', notAfterMs: null }
  await bookWith(keys).change((found) => [added(found, entry, secret, Date.now())], 'ada')
}

async function watch(keys: string, url = own.url, pollMs = 100) {
  const settings = loadSettings(ENDPOINT_SETTINGS, environment(keys, url))
  const log = createLogger({ service: 'test', level: 'silent' })
  const watched = watchedEndpoints({ ...settings, endpointsPollMs: pollMs }, log, () => {})
  onTestFinished(() => watched.stop())
  await watched.start()
  return watched
}

async function rows(text: string) {
  return await own.database.session((session) => session.query({ text, values: [] }))
}

describe('endpoints in Postgres', () => {
  it('hold no secret in the clear, in any table', async () => {
    const endpoint = newEndpoint()
    await add(endpoint)
    const value = endpoint.secrets[0]?.value ?? ''
    for (const table of ['endpoints', 'audit', 'revision']) {
      const text = JSON.stringify(await rows(`SELECT t::text AS row FROM endpoints.${table} AS t`))
      expect(text).not.toContain(value)
      expect(text).not.toContain(Buffer.from(value).toString('base64').slice(0, 20))
    }
  })

  it('have one audit line for each change, and none for what was refused', async () => {
    const endpoint = newEndpoint()
    await add(endpoint)
    await expect(add(endpoint)).rejects.toThrow(/is there already/)
    expect(await rows('SELECT actor, action, endpoint_id, outcome FROM endpoints.audit')).toEqual([
      {
        actor: 'ada',
        action: 'endpoints.add',
        endpoint_id: endpoint.id,
        outcome: { secret: 'k1', not_after: null, state: 'enabled' },
      },
    ])
  })

  it('are read by an ingress that may only SELECT, and that says what is missing before', async () => {
    const reader = new URL(own.url)
    await rows(`CREATE ROLE ${reader.pathname.slice(1)} LOGIN PASSWORD 'reader'`)
    onTestFinished(async () => {
      const admin = await ownDatabase(inject('databaseUrl'))
      await admin.database.session((session) =>
        session.query({ text: `DROP ROLE IF EXISTS ${reader.pathname.slice(1)}`, values: [] }),
      )
      await admin.remove()
    })
    reader.username = reader.pathname.slice(1)
    reader.password = 'reader'
    const store = await watch(KEY_A, reader.href)
    expect(store.problem()).toMatch(/tables are not there yet/)
    const endpoint = newEndpoint()
    await add(endpoint)
    await rows(`GRANT USAGE ON SCHEMA endpoints TO ${reader.username}`)
    await rows(`GRANT SELECT ON endpoints.endpoints, endpoints.revision TO ${reader.username}`)
    await eventually(() => store.current()?.has(endpoint.id) === true, soon)
    await rows(`REVOKE ALL ON ALL TABLES IN SCHEMA endpoints FROM ${reader.username}`)
    await rows(`REVOKE ALL ON SCHEMA endpoints FROM ${reader.username}`)
  })

  it('can be given another key without a moment in which an ingress cannot read them', async () => {
    const endpoint = newEndpoint()
    await add(endpoint)
    const both = await watch(`${KEY_B},${KEY_A}`)
    expect(both.current()?.size).toBe(1)
    expect((await watch(KEY_B)).problem()).toMatch(/no key of ENDPOINTS_KEYS opens/)
    await bookWith(`${KEY_B},${KEY_A}`).change(resealed, 'ada')
    const [row] = await rows(`SELECT secrets->0->>'key' AS key FROM endpoints.endpoints`)
    expect(row?.key).toBe('b')
    expect((await watch(KEY_B)).current()?.size).toBe(1)
    await eventually(() => both.current()?.get(endpoint.id)?.secrets.length === 1, soon)
  })

  it('do not open in a row that was given to another tenant', async () => {
    await add(newEndpoint())
    await rows(`UPDATE endpoints.endpoints SET tenant_id = 'tnt_mallory'`)
    expect((await watch(KEY_A)).current()).toBeNull()
  })

  it('are read anew as a whole when an older copy of the database was restored', async () => {
    const kept = newEndpoint()
    await add(kept)
    const lost = newEndpoint()
    await add(lost)
    const store = await watch(KEY_A)
    expect(store.current()?.size).toBe(2)
    await rows(`DELETE FROM endpoints.endpoints WHERE id = '${lost.id}'`)
    await rows('UPDATE endpoints.revision SET value = 1')
    await eventually(() => store.current()?.size === 1, soon)
    expect([store.current()?.has(kept.id), store.seen(lost.id)]).toEqual([true, true])
  })

  it('are read anew as a whole after a failover in which the same revision came again', async () => {
    const [kept, lost, other] = [newEndpoint(), newEndpoint(), newEndpoint()]
    await add(kept)
    await add(lost)
    const store = await watch(KEY_A, own.url, NEVER)
    expect(store.current()?.has(lost.id)).toBe(true)
    // The standby that is promoted lacks the last change, and the next one has its number.
    const [before] = await rows('SELECT value FROM endpoints.revision')
    await rows(`DELETE FROM endpoints.endpoints WHERE id = '${lost.id}'`)
    await rows(`UPDATE endpoints.revision SET value = value - 1, tokens = tokens - value::text`)
    await add(other)
    expect(await rows('SELECT value FROM endpoints.revision')).toEqual([before])
    expect(await store.refresh()).toBe('current')
    expect([...(store.current()?.keys() ?? [])].sort()).toEqual([kept.id, other.id].sort())
    await add(newEndpoint())
    expect(await store.refresh()).toBe('current')
    expect(store.current()?.size).toBe(3)
  })

  it('go on changing when one of them has a row that no key opens, and only that one is doubted', async () => {
    const [good, bad] = [newEndpoint(), newEndpoint()]
    await add(good)
    await add(bad)
    const store = await watch(KEY_A, own.url, NEVER)
    const known = store.current()?.get(bad.id)
    await rows('UPDATE endpoints.revision SET value = value + 1')
    await rows(`UPDATE endpoints.endpoints AS e SET revision = r.value,
      state = CASE id WHEN '${good.id}' THEN 'disabled' ELSE state END,
      secrets = CASE id WHEN '${bad.id}' THEN jsonb_set(secrets, '{0,key}', '"gone"') ELSE secrets END
      FROM endpoints.revision AS r`)
    for (const look of ['the first', 'the next']) {
      expect(await store.refresh(), look).toBe('current')
      expect([good.id, bad.id, 'whk_nowhere'].map((id) => store.doubted(id))).toEqual([
        ...[false, true, false],
      ])
      expect(store.current()?.get(good.id)?.state).toBe('disabled')
      expect(store.current()?.get(bad.id)).toBe(known)
    }
    const fresh = await watch(KEY_A, own.url, NEVER)
    expect([good, bad].map(({ id }) => fresh.current()?.get(id)?.state)).toEqual([
      ...['disabled', 'disabled'],
    ])
    await bookWith(KEY_A).change((found) => [switched(found, bad.id, 'disabled')], 'ada')
    expect(await store.refresh()).toBe('current')
    expect(store.current()?.get(bad.id)).toEqual({ ...known, state: 'disabled' })
    await rows('UPDATE endpoints.revision SET value = value + 1')
    await rows(`UPDATE endpoints.endpoints AS e SET revision = r.value, state = 'enabled',
      secrets = jsonb_set(secrets, '{0,key}', '"a"') FROM endpoints.revision AS r`)
    expect([await store.refresh(), await fresh.refresh()]).toEqual(['current', 'current'])
    expect([store, fresh].map((each) => each.doubted(bad.id))).toEqual([false, false])
    expect(fresh.current()?.get(bad.id)?.state).toBe('enabled')
  })

  it('are read although one of them holds secrets that are no list', async () => {
    const [good, bad] = [newEndpoint(), newEndpoint()]
    await add(good)
    await add(bad)
    await rows(`UPDATE endpoints.endpoints SET secrets = '{"k1":1}' WHERE id = '${bad.id}'`)
    const store = await watch(KEY_A, own.url, NEVER)
    expect([store.current()?.get(good.id)?.state, store.doubted(bad.id)]).toEqual(['enabled', true])
  })
})

describe('an ingress with its endpoints in Postgres', () => {
  it('starts without the database, not ready and answering 503, and works when it is there', async () => {
    const endpoint = newEndpoint()
    await add(endpoint)
    const gate = await gateTo(own.url)
    onTestFinished(() => gate.close())
    gate.shut()
    const stage = await IngressStage.bare({
      endpoints: [endpoint],
      settings: environment(KEY_A, gate.url),
    })
    onTestFinished(() => stage.stop())
    await stage.register()
    await stage.routes(3)
    expect(stage.problems()).toContain('endpoints: Postgres cannot be reached')
    const refused = await stage.send(await sampleFor(endpoint))
    expect(refused.status).toBe(503)
    expect(refused.body).toMatchObject({ error: { code: 'endpoints_not_loaded' } })
    gate.open()
    await stage.ready()
    expect((await stage.send(await sampleFor(endpoint))).status).toBe(200)

    gate.shut()
    await eventually(() => stage.logLines.some((line) => line.includes('endpoints.broken')), soon)
    expect((await stage.send(await sampleFor(endpoint))).status).toBe(200)
    expect(stage.problems()).toEqual([])
    gate.open()

    const value = 'whsec_rotated_meanwhile'
    const times = { nowMs: Date.now(), oldNotAfterMs: null }
    const secret = { value, notAfterMs: null }
    await bookWith(KEY_A).change((found) => [rotated(found, endpoint.id, secret, times)], 'ada')
    await eventually(async () => {
      const body = Buffer.from(await sampleFor(endpoint))
      const headers = { 'QairoPay-Signature': signatureHeader(value, body, nowSeconds()) }
      return (await stage.raw(body, endpoint.id, headers)).status === 200
    }, soon)
    expect(stage.logLines.join()).not.toContain(value)
  })
})
