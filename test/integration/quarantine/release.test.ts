import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { controlTopic } from '#core/routing.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import type { BatchAttempts } from '#platform/kafka/durable-write.ts'
import { createLogger } from '#platform/log.ts'
import { withAdvisoryLock } from '#platform/postgres/advisory-lock.ts'
import { routesOf } from '#quarantine/current-routes.ts'
import { destinationOf } from '#quarantine/destination.ts'
import { takeInventory } from '#quarantine/inventory.ts'
import { quarantineExtents, quarantineLog } from '#quarantine/quarantine-log.ts'
import { release } from '#quarantine/release.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import type { LogRecord } from '../../fixtures/log-reader.ts'
import type { DeclaredEndpoint } from '../ingress/stage.ts'
import { newEndpoint, sampleFor } from '../ingress/stage.ts'
import { NEW_VERSION, QuarantineStage } from './stage.ts'

const TENANTS = 6
const EVENTS_EACH = 60
const VERB = ['release', '--mode', 'sandbox', '--version', NEW_VERSION, '--json'] as const
const log = createLogger({ service: 'test', level: 'silent' })
const endpoints = Array.from({ length: TENANTS }, () => newEndpoint())

let stage: QuarantineStage

beforeAll(async () => {
  stage = await QuarantineStage.set(endpoints)
})

afterAll(async () => {
  await stage.stop()
})

/** Sets events aside one after another, so that each was acknowledged before the next was sent. */
async function fill(endpoint: DeclaredEndpoint, round: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let n = 0; n < EVENTS_EACH; n += 1) {
    const id = `evt_${round}_${endpoint.tenant_id.slice(4)}_${String(n).padStart(3, '0')}`
    const answer = await stage.ingress.send(await stage.newEvent(endpoint, { id }), endpoint)
    expect(answer.status).toBe(202)
    ids.push(id)
  }
  return ids
}

async function fillAll(round: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const filled = endpoints.map(async (endpoint) => {
    return [endpoint.tenant_id, await fill(endpoint, round)] as const
  })
  return new Map(await Promise.all(filled))
}

/** Ids of each tenant as consumers see them: each once, where it came first. */
function seen(
  records: readonly LogRecord[],
  round: string,
): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, Set<string>>()
  for (const { key, headers } of records) {
    if (key === null || headers.ce_id?.startsWith(`evt_${round}_`) !== true) continue
    ids.set(key, (ids.get(key) ?? new Set()).add(headers.ce_id))
  }
  return new Map([...ids].map(([key, set]) => [key, [...set]]))
}

function sorted<Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

function releasedOf(records: readonly LogRecord[], round: string): readonly LogRecord[] {
  return records.filter(
    ({ headers }) => headers.ce_id?.startsWith(`evt_${round}_`) === true && headers.released_from,
  )
}

async function report(...args: readonly string[]) {
  const { lines, fault } = await stage.run([...VERB, ...args])
  return { ...JSON.parse(lines[0] ?? 'null'), fault: fault?.message ?? null }
}

/** What the command does, with a sender of our choice. */
async function releaseBy(attempts: BatchAttempts) {
  const { brokers, prefix } = stage.ingress
  const connection = { brokers: [brokers], clientId: 'release-test', ssl: false, sasl: null }
  const topic = stage.ingress.topic('quarantine')
  const entries = await readCatalogue(connection, controlTopic(prefix), log, 20_000)
  const access = { connection, log, topic }
  const stopped = new AbortController().signal
  const filter = { version: NEW_VERSION }
  const extents = await quarantineExtents(access, filter)
  const reading = { log: quarantineLog(access), extents, filter, stopped, onProgress: () => {} }
  const { inventory } = await takeInventory(reading)
  const tally = new ReleaseTally()
  const context = {
    topic,
    mode: 'sandbox',
    table: routesOf(entries?.values() ?? [], prefix),
    endpointNow: () => null,
    acceptStale: false,
    cardNumbersHeld: false,
    acceptCardNumbers: false,
    toleranceSeconds: 300,
    jsonDepth: 64,
  } as const
  await release({
    log: reading.log,
    inventory,
    destinationOf: (event) => destinationOf(event, context),
    attempts,
    isAlone: async () => true,
    rate: null,
    stopped,
    tally,
    onStep: () => {},
  })
}

function sender(): BatchSender {
  const connection = {
    brokers: [stage.ingress.brokers],
    clientId: 'release-test',
    ssl: false,
    sasl: null,
  }
  return new BatchSender({ connection, log, attemptTimeoutMs: 3500, reconnectDelayMs: 100 })
}

describe('a release', () => {
  const filled: Record<string, ReadonlyMap<string, readonly string[]>> = {}

  it('waits for its version, which changes nothing', async () => {
    filled.first = await fillAll('first')
    // The stage itself has set one aside too.
    const waiting = TENANTS * EVENTS_EACH + 1
    expect(await report('--yes')).toMatchObject({ waiting, released: 0, stayed: waiting })
  })

  it('excludes another one of the same topic, and lets it go on afterwards', async () => {
    const topic = stage.ingress.topic('quarantine')
    const held = await withAdvisoryLock(stage.database, `event-router/release/${topic}`, () =>
      stage.run([...VERB, '--yes']),
    )
    expect(held?.result.fault?.message).toContain('another release')
    expect(held?.result.lines).toEqual([])
    expect((await report('--yes')).fault).toBeNull()
  })

  it('that dies between the events and their markers repeats one step and no more', async () => {
    await stage.learn()
    const real = sender()
    const dying: BatchAttempts = {
      attempt: async (batch) => {
        if (batch.some(({ value }) => value === null)) throw new Error('killed')
        return await real.attempt(batch)
      },
    }
    await expect(releaseBy(dying)).rejects.toThrow('killed')
    await real.close()
  })

  it('run again under live traffic keeps every tenant’s order, twice at once moves each once', async () => {
    const before = releasedOf(await stage.ingress.records('card'), 'first').length
    expect(before).toBeGreaterThan(0)
    let isOver = false
    const live = endpoints.map(async (endpoint) => {
      let sent = 0
      while (!isOver) {
        const answer = await stage.ingress.send(await sampleFor(endpoint), endpoint)
        expect(answer.status).toBe(200)
        sent += 1
      }
      return sent
    })
    const reports = await Promise.all([
      report('--yes', '--rate', '150'),
      report('--yes', '--rate', '150'),
    ])
    isOver = true
    for (const sent of await Promise.all(live)) expect(sent).toBeGreaterThan(0)
    const faults = reports.map(({ fault }) => fault)
    expect(faults.filter((fault) => fault === null)).toHaveLength(1)
    expect(faults.filter((fault) => fault?.includes('another release') === true)).toHaveLength(1)
    const records = await stage.ingress.records('card')
    expect(sorted(seen(records, 'first'))).toEqual(sorted(filled.first ?? new Map()))
    expect(releasedOf(records, 'first')).toHaveLength(TENANTS * EVENTS_EACH + before)
    expect(await report('--yes')).toMatchObject({ waiting: 0, released: 0 })
  })
})

describe('a release that is interrupted', () => {
  it('marks what it wrote, and the next one does the rest', async () => {
    const [endpoint = newEndpoint()] = endpoints
    for (let n = 0; n < 20; n += 1) {
      const body = await sampleFor(endpoint, undefined, undefined, { id: `evt_late_${n}` })
      expect((await stage.sendLate(body, endpoint)).status).toBe(202)
    }
    const filter = ['--mode', 'sandbox', '--reason', 'stale_signature', '--accept-stale'] as const
    const interrupt = new AbortController()
    const args = ['release', ...filter, '--json', '--yes'] as const
    const begun = await stage.run([...args, '--rate', '4'], interrupt.signal, () =>
      interrupt.abort(),
    )
    expect(begun.fault?.message).toContain('stopped before the end; run it again')
    const first = JSON.parse(begun.lines[0] ?? '')
    expect(first).toMatchObject({ end: 'stopped', unmarked: 0, waiting: 20 })
    expect(first.released).toBeGreaterThan(0)
    expect(first.released).toBeLessThan(20)
    const rest = await stage.run(args)
    expect(JSON.parse(rest.lines[0] ?? '')).toMatchObject({ released: 20 - first.released })
    expect(releasedOf(await stage.ingress.records('card'), 'late')).toHaveLength(20)
  })
})
