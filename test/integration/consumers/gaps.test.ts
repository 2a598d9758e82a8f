import { readFileSync } from 'node:fs'
import type { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { passConsumer } from '#consumers/pass/projection.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import { claimPlace } from '#consumers/runtime/fence.ts'
import { overdueGaps } from '#consumers/runtime/gap-gauge.ts'
import { planBatch } from '#consumers/runtime/plan.ts'
import { DOMAINS } from '#core/routing.ts'
import type { EventDecoder } from '#platform/avro/event-decoder.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import type { FetchedRecord } from '#platform/kafka/fetched-batch.ts'
import type { Database } from '#platform/postgres/database.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage, VERSIONS } from './stage.ts'
import type { StreamEvent } from './update-stream.ts'
import { FIELDS, pick, randomFrom, updateStream, valueAt } from './update-stream.ts'

const decoders = VERSIONS.map((version) => {
  const schema = new URL(`../../../schemas/${version}/pass.avsc`, import.meta.url)
  return compileEventDecoder({ schemaText: readFileSync(schema, 'utf8') })
})
const runtimeMigrations = new URL(
  '../../../services/consumers/runtime/migrations/',
  import.meta.url,
)

/** By the ids that the stage gives to the schemas. */
function decoderOf(schemaId: number): EventDecoder {
  return decoders[Math.floor((schemaId - 1) / DOMAINS.length)] as EventDecoder
}

let stage: Stage

beforeAll(async () => {
  stage = await Stage.set(passConsumer)
  await migrate(stage.database, [
    { folder: runtimeMigrations, versionTable: 'runtime.schema_version' },
    { folder: passConsumer.migrations, versionTable: 'pass.schema_version' },
  ])
})

afterAll(async () => {
  await stage.clear()
})

/** A database whose transactions end, now and then, with a crash before or after the COMMIT. */
function fragile(database: Database, random: () => number): Database {
  return {
    ...database,
    transaction: async (work) => {
      const fate = random()
      const result = await database.transaction(async (transaction) => {
        const done = await work(transaction)
        if (fate < 0.1) throw new Error('crash before the commit')
        return done
      })
      if (fate > 0.9) throw new Error('crash after the commit')
      return result
    },
  }
}

/** Late retries and duplicates, and the order of each tenant otherwise as it was. */
function disordered(events: readonly StreamEvent[], random: () => number) {
  const late = events.map((event, i) => ({
    event,
    at: i + (random() < 0.1 ? random() * 600 : 0),
  }))
  const copies = late.filter(() => random() < 0.1)
  const again = copies.map(({ event, at }) => ({ event, at: at + random() * 600 }))
  return [...late, ...again].sort((a, b) => a.at - b.at).map(({ event }) => event)
}

type Sent = Pick<StreamEvent, 'text' | 'tenantId'>

/** Takes records through the runtime in batches of any size, each until it is committed. */
async function handle(group: string, events: readonly Sent[], random: () => number) {
  const place = { groupId: group, topic: stage.topic(), partition: 0 }
  const { database } = stage
  const options = { domain: passConsumer, handlerDeadlineMs: 1000 }
  const writer = new BatchWriter({ ...options, database: fragile(database, random) })
  const claim = await database.transaction((transaction) => claimPlace(transaction, place))
  const first = claim.nextOffset
  const records: FetchedRecord[] = []
  for (const { text, tenantId } of events) {
    const offset = first + BigInt(records.length)
    const value = await stage.encode(text)
    records.push({ offset, key: Buffer.from(tenantId), value, headers: {} })
  }
  const context = {
    mode: 'sandbox' as const,
    schemaIdOf,
    decoderOf: (id: number) => (value: Uint8Array) => decoderOf(id).decode(value),
  }
  for (let done = 0; done < records.length; ) {
    const size = 1 + Math.floor(random() ** 2 * 700)
    const plan = planBatch(passConsumer, records.slice(done, done + size), context)
    const end = Math.min(done + size, records.length)
    const written = await writer
      .write({ place, claim, plan, nextOffset: first + BigInt(end) })
      .catch(() => null)
    if (written !== null) done = end
  }
}

async function gaps(group: string, condition: string) {
  const rows = await stage.rows(
    `SELECT event_id, before_event_id, contradicted, silent, expected, found, closed_by
     FROM runtime.gaps WHERE group_id = $1 AND ${condition} ORDER BY event_id`,
    [group],
  )
  return rows as readonly {
    readonly event_id: string
    readonly before_event_id: string
    readonly contradicted: readonly string[]
    readonly silent: readonly string[]
  }[]
}

const openGaps = (group: string) => gaps(group, 'closed_at IS NULL')

function stream(seed: number) {
  const tenants = [1, 2, 3].map((n) => `${stage.tenant}${seed}${n}`)
  return updateStream({ seed, tenants, resources: 50, events: 5000 })
}

/** Of each update that came, the event of its resource that came before it. */
function neighbours(events: readonly StreamEvent[]) {
  const last = new Map<string, StreamEvent>()
  return events.map((event) => {
    const before = last.get(event.resourceId) ?? null
    last.set(event.resourceId, event)
    return { event, before }
  })
}

function differing(event: StreamEvent, before: StreamEvent): readonly string[] {
  const text = (fields: StreamEvent['after'], field: string) =>
    JSON.stringify(valueAt(fields, field))
  return FIELDS.filter((field) => text(event.before ?? {}, field) !== text(before.after, field))
}

describe('on a stream from which nothing is missing', () => {
  it.each([11, 12, 13])('no gap stays open, whatever the order (seed %i)', async (seed) => {
    const group = `${stage.prefix}.intact.${seed}`
    const random = randomFrom(seed)
    await handle(group, disordered(stream(seed), random), random)
    expect(await openGaps(group)).toEqual([])
    // Disorder does open gaps for a while, or nothing was shown.
    expect((await gaps(group, 'true')).length).toBeGreaterThan(50)
  })

  it('no gap is ever opened when it comes in order', async () => {
    const group = `${stage.prefix}.ordered`
    await handle(group, stream(14), randomFrom(14))
    expect(await gaps(group, 'true')).toEqual([])
  })
})

describe('withheld updates', () => {
  it.each([21, 22, 23])('are found, and nothing else (seed %i)', async (seed) => {
    const group = `${stage.prefix}.withheld.${seed}`
    const random = randomFrom(seed)
    const events = stream(seed)
    const updates = events.filter(({ changed }) => changed !== null)
    const withheld = new Set(Array.from({ length: 100 }, () => pick(random, updates)))
    const came = events.filter((event) => !withheld.has(event))
    await handle(group, disordered(came, random), random)
    const open = await openGaps(group)
    const found = new Set(open.map(({ event_id }) => event_id))

    const pairs = neighbours(came).flatMap(({ event, before }) =>
      event.changed === null || before === null ? [] : [{ event, wrong: differing(event, before) }],
    )
    for (const { event, wrong } of pairs) {
      if (wrong.some((field) => event.changed?.includes(field))) expect(found).toContain(event.id)
      if (wrong.length === 0) expect(found).not.toContain(event.id)
    }
    const revealed = [...withheld].filter(({ id, resourceId }) => {
      const next = came.find((event) => event.resourceId === resourceId && event.id > id)
      return next !== undefined && found.has(next.id)
    })
    expect(revealed.length).toBeGreaterThanOrEqual(withheld.size * 0.95)

    const missing = [...withheld].sort(() => random() - 0.5)
    await handle(group, missing, random)
    expect(await openGaps(group)).toEqual([])
  })
})

describe('a gap', () => {
  const pass = { id: 'pass_1', status: 'installed' }

  function update(n: number, points: number, previous: Body | null): Body {
    return {
      id: `evt_${n}`,
      type: previous === null ? 'pass.created' : 'pass.updated',
      created: `2026-11-20T10:00:0${n}.000Z`,
      tenant_id: stage.tenant,
      live_mode: false,
      api_version: '2026-05-19',
      data: { pass: { ...pass, points } },
      previous_attributes: previous,
    }
  }

  async function metric(consumer: { metrics: Registry }, name: string) {
    const found = await consumer.metrics.getSingleMetric(name)?.get()
    return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0)
  }

  it('says what was expected, what was found and when, is counted, and is closed by what was missing', async () => {
    const consumer = stage.start({ MODES: 'sandbox' })
    const group = stage.group()
    await stage.send([update(1, 10, null), update(3, 30, { points: 20 })])
    await eventually(async () => (await openGaps(group)).length === 1, { withinMs: 20_000 })
    const window = 'window_from, window_to, resource, resource_id, event_type, tenant_id, domain'
    const [row] = await stage.rows(
      `SELECT event_id, before_event_id, contradicted, silent, expected, found, ${window}
       FROM runtime.gaps WHERE group_id = $1`,
      [group],
    )
    expect(row).toEqual({
      event_id: 'evt_3',
      before_event_id: 'evt_1',
      event_type: 'pass.updated',
      domain: 'pass',
      tenant_id: stage.tenant,
      resource: 'pass',
      resource_id: 'pass_1',
      contradicted: ['points'],
      silent: [],
      expected: { points: 20 },
      found: { points: 10 },
      window_from: new Date('2026-11-20T10:00:01Z'),
      window_to: new Date('2026-11-20T10:00:03Z'),
    })
    expect(await overdueGaps(stage.database, group, 0)).toEqual({ contradicted: 1, silent: 0 })
    expect(await overdueGaps(stage.database, group, 3600)).toEqual({ contradicted: 0, silent: 0 })
    await stage.send([update(2, 20, { points: 10 })])
    await eventually(async () => (await openGaps(group)).length === 0, { withinMs: 20_000 })
    expect(await gaps(group, 'true')).toMatchObject([{ event_id: 'evt_3', closed_by: 'evt_2' }])
    await eventually(async () => (await metric(consumer, 'consumer_gaps_closed_total')) === 1, {
      withinMs: 5000,
    })
    expect(await metric(consumer, 'consumer_gaps_found_total')).toBe(1)
  })
})

describe('no gap is seen', () => {
  const created = '2026-11-20T10:00:00.000Z'
  const base = { live_mode: false, api_version: '2026-05-19' }

  it('between two versions, which have words of their own', async () => {
    const group = `${stage.prefix}.versions`
    const [resourceId, tenant_id] = ['pass_versions', `${stage.tenant}v`]
    const pass = (revoke_reason: string) => ({ pass: { id: resourceId, revoke_reason } })
    const event = (id: string, changes: Body) => {
      const body = { ...base, id, created, tenant_id, type: 'pass.updated', ...changes }
      return { body, text: JSON.stringify(body), id, tenantId: tenant_id, resourceId }
    }
    const old = event('evt_1', { data: pass('customer_dispute'), api_version: '2026-02-01' })
    const next = event('evt_3', {
      data: pass('other'),
      previous_attributes: { revoke_reason: 'customer_complaint' },
    })
    await handle(group, [next, old], () => 0.5)
    expect(await gaps(group, 'true')).toEqual([])
    const same = event('evt_2', { data: pass('third'), previous_attributes: null })
    await handle(group, [same], () => 0.5)
    expect(await openGaps(group)).toHaveLength(1)
  })
})
