import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import { createLogger } from '#platform/log.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { writeCatalogue } from '#registrar/catalogue-writer.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { removeAbandonedTailGroups } from '../../fixtures/tail-groups.ts'
import type { DeclaredEndpoint } from '../ingress/stage.ts'
import { newEndpoint, sampleFor } from '../ingress/stage.ts'
import type { Ran } from '../quarantine/stage.ts'
import { QuarantineStage } from '../quarantine/stage.ts'
import { firstCopies, versionFolder } from './stage.ts'

const VERSION = '2032-02-02'
const BESIDE = '2032-02-03' as ApiVersion
const EVENTS_EACH = 10
const silent = createLogger({ service: 'test', level: 'silent' })
/** As short as an ingress allows, so that what waits for them is short as well. */
const SETTINGS = { CATALOGUE_LEASE_MS: '2000', RECORD_DEADLINE_MS: '1000' }
const endpoints = Array.from({ length: 3 }, () => newEndpoint())
const acknowledged = new Map<string, string[]>(endpoints.map((one) => [one.tenant_id, []]))

let stage: QuarantineStage
let folder: string

beforeAll(async () => {
  stage = await QuarantineStage.set(endpoints, SETTINGS)
  folder = await versionFolder(stage.ingress.folder.path, VERSION)
})

afterAll(async () => {
  await stage.stop()
})

/** The broker notices after 10 s that a killed member is gone. */
async function removeGroupsOfKilled(): Promise<void> {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    await removeAbandonedTailGroups(stage.ingress.brokers, 'event-router-cli')
    await pause(500)
  }
}

let sent = 0

/** Sends some more of each tenant, in order; how each was answered. */
async function send(count: number): Promise<ReadonlySet<number>> {
  const statuses = new Set<number>()
  const sendOne = async (endpoint: DeclaredEndpoint) => {
    sent += 1
    const id = `evt_${String(sent).padStart(26, '0')}`
    const changes = { id, api_version: VERSION }
    const body = await sampleFor(endpoint, undefined, undefined, changes)
    const { status } = await stage.ingress.send(body, endpoint)
    statuses.add(status)
    if (status === 200 || status === 202) acknowledged.get(endpoint.tenant_id)?.push(id)
  }
  for (let n = 0; n < count; n += 1) for (const endpoint of endpoints) await sendOne(endpoint)
  return statuses
}

async function stateNow(): Promise<string> {
  const { lines } = await stage.runVerb(['versions', 'list', '--json'])
  const rows = lines.map((line) => JSON.parse(line))
  return rows.find(({ version }) => version === VERSION)?.state ?? 'no entry'
}

/**
 * A registrar that has read `unknown` writes it now, and dies before it looks; beside it an entry by
 * which one sees that the ingress has read both.
 */
async function lateRegistrar(): Promise<void> {
  const connection = { brokers: [stage.ingress.brokers], clientId: 'late', ssl: false, sasl: null }
  const topic = `${stage.ingress.prefix}.control`
  const entry = (await readCatalogue(connection, topic, silent, 20_000))?.get(VERSION as ApiVersion)
  if (entry === undefined) throw new Error('no entry')
  const entries = [
    { ...entry, state: 'unknown' as const },
    { ...entry, version: BESIDE, state: 'active' as const },
  ]
  const writing = { connection, topic, log: silent, withinMs: 20_000 }
  expect(await writeCatalogue(writing, entries)).toBeNull()
  await stage.ingress.routes(5)
}

const never = new AbortController().signal

class Crash extends Error {}

const SOMEBODY_ELSE = 'are being changed by somebody else'

/**
 * Runs the command until it says this; then it dies where it is. The server hears a moment later
 * that the one before is gone.
 */
async function crashAt(verb: readonly string[], words: string): Promise<void> {
  const outcome = () =>
    stage
      .runVerb(['versions', ...verb], never, (note) => {
        if (note.includes(words)) throw new Crash(note)
      })
      .catch((error: unknown) => error)
  const last = await eventually(
    async () => {
      const run = await outcome()
      const fault = run instanceof Crash ? '' : ((run as Ran).fault?.message ?? '')
      return fault.includes(SOMEBODY_ELSE) ? null : run
    },
    { withinMs: 20_000 },
  )
  expect(last).toBeInstanceOf(Crash)
}

describe('an addition that dies', () => {
  it('after any of its steps goes on when it is run again, and keeps every tenant’s order', async () => {
    await eventually(async () => (await send(1)).has(202), { withinMs: 30_000 })
    await send(EVENTS_EACH)
    await crashAt(['add', folder], 'checked')
    expect(await stateNow()).toBe('no entry')
    await crashAt(['add', folder], 'registered')
    expect(await stateNow()).toBe('unknown')
    expect(await send(2)).toEqual(new Set([202]))
    await crashAt(['release', VERSION], 'is unknown')
    await crashAt(['release', VERSION], 'round 1')
    expect(await send(2)).toEqual(new Set([202]))

    const killed = await runCli(['versions', 'add', folder], {
      environment: stage.environment,
      killWhen: (err) => err.includes('is draining'),
    })
    const removed = removeGroupsOfKilled()
    expect([killed.code, killed.out]).toEqual([null, ''])
    await stage.ingress.routes(4)
    expect(await send(1)).toEqual(new Set([503]))
    await lateRegistrar()
    expect(await send(1)).toEqual(new Set([503]))
    expect(await stateNow()).toBe('draining')
    await crashAt(['release', VERSION], 'nothing is set aside')
    // So slowly that it says how far it is, and dies there with some of them moved.
    await crashAt(['release', VERSION, '--rate', '15'], 'released so far')
    const moved = (await stage.ingress.records('card')).length
    const waited = [...acknowledged.values()].flat().length
    expect([moved > 0, moved < waited]).toEqual([true, true])
    await crashAt(['release', VERSION], 'the rest')
    expect(await stateNow()).toBe('draining')
    await crashAt(['release', VERSION], 'is active')

    const last = await eventually(
      async () => {
        const run = await stage.runVerb(['versions', 'add', folder, '--json'])
        return run.fault === null && run
      },
      { withinMs: 20_000 },
    )
    expect(JSON.parse(last.lines[0] ?? '')).toMatchObject({ state: 'active', released: 0 })
    await eventually(async () => (await send(1)).has(200), { withinMs: 30_000 })
    const records = await stage.ingress.records('card')
    for (const [tenant, ids] of acknowledged) {
      expect(ids.length).toBeGreaterThan(EVENTS_EACH)
      expect(firstCopies(records, tenant)).toEqual(ids)
    }
    await removed
  })
})
