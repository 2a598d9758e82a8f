import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { GroupStatus } from '#cli/group-status.ts'
import { runCommand } from '#cli/program.ts'
import { cardConsumer } from '#consumers/card/projection.ts'
import { partitionOf } from '#core/murmur2.ts'
import { EVENT_PARTITIONS } from '#core/routing.ts'
import type { CliRun } from '../../fixtures/cli.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from '../consumers/stage.ts'
import { Stage } from '../consumers/stage.ts'

const soon = { withinMs: 30_000 }

let stage: Stage
let neighbour: string

beforeEach(async () => {
  stage = await Stage.set(cardConsumer)
  neighbour = neighbourOf(stage.tenant)
})

/** Another tenant of the same partition. */
function neighbourOf(tenant: string): string {
  const placeOf = (name: string) => partitionOf(Buffer.from(name), EVENT_PARTITIONS)
  for (let n = 0; ; n += 1) {
    const name = `${tenant}${n}`
    if (placeOf(name) === placeOf(tenant)) return name
  }
}

afterEach(async () => {
  await stage.clear()
})

function environment() {
  return {
    KAFKA_BROKERS: inject('kafkaBrokers'),
    DATABASE_URL: inject('databaseUrl'),
    TOPIC_PREFIX: stage.prefix,
  }
}

function cli(args: readonly string[], changes: Readonly<Record<string, string>> = {}) {
  return runCli(['consumers', ...args], { environment: { ...environment(), ...changes } })
}

/** A command in this process: quicker, and it can be interrupted at a moment of our choice. */
async function runHere(args: readonly string[], stopped: AbortSignal): Promise<readonly string[]> {
  const lines: string[] = []
  await runCommand(['consumers', ...args], {
    environment: environment(),
    line: (text) => void lines.push(text),
    note: () => {},
    stopped,
  })
  return lines
}

function cardEvent(n: number, tenant: string, type = 'card.activated'): Body {
  return {
    id: `evt_${String(n).padStart(4, '0')}`,
    type,
    created: new Date(Date.parse('2026-05-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: tenant,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: `card_${n}`, status: 'active' } },
    previous_attributes: null,
  }
}

/** Writes events as the ingress does, with their type in a header, at a time of their own. */
async function write(bodies: readonly Body[], writtenMs = Date.now()): Promise<void> {
  const messages = await Promise.all(
    bodies.map(async (body) => ({
      key: String(body.tenant_id),
      value: await stage.encode(body),
      headers: { ce_id: String(body.id), ce_type: String(body.type) },
      timestamp: String(writtenMs),
    })),
  )
  await stage.producer.send({ topic: stage.topic(), messages, acks: -1 })
}

async function untilHandled(count: number): Promise<void> {
  await eventually(async () => (await stage.outcomes()).length >= count, soon)
}

async function statusOf(domain = 'card', mode = 'sandbox'): Promise<GroupStatus> {
  const lines = await runHere(['status', '--json'], new AbortController().signal)
  const all = lines.map((line) => JSON.parse(line) as GroupStatus)
  expect(all).toHaveLength(10)
  const found = all.find((status) => status.domain === domain && status.mode === mode)
  if (found === undefined) throw new Error(lines.join('\n'))
  return found
}

describe('consumers status', () => {
  it('is right before, while and after consumers run', async () => {
    const writtenMs = Date.now() - 600_000
    await write([cardEvent(1, stage.tenant, 'card.created')], writtenMs)
    await write([cardEvent(2, stage.tenant), cardEvent(3, neighbour)])
    expect(await statusOf()).toMatchObject({
      group: stage.group(),
      members: 0,
      lag_records: 3,
      oldest_unhandled_at: new Date(writtenMs).toISOString(),
      unhandled_types: { 'card.activated': 2, 'card.created': 1 },
      sampled_records: 3,
    })
    expect(await statusOf('pass')).toMatchObject({ topic_exists: false, lag_records: 0 })

    const consumer = stage.start()
    await untilHandled(3)
    const running = await eventually(async () => {
      const status = await statusOf()
      return status.members === 1 ? status : null
    }, soon)
    expect(running).toMatchObject({ state: 'Stable', lag_records: 0, oldest_unhandled_at: null })

    await stage.stop(consumer)
    await write([cardEvent(4, stage.tenant)])
    const stopped = await statusOf()
    expect(stopped).toMatchObject({ members: 0, lag_records: 1 })
    expect(stopped.oldest_unhandled_seconds).toBeLessThan(60)
    expect(await statusOf('card', 'live')).toMatchObject({ topic_exists: true, lag_records: 0 })
  })

  it('counts what was set aside, and shows people a table', async () => {
    stage.start({ SCHEMA_WAIT_MS: '200' })
    await stage.sendValues([
      [stage.tenant, Buffer.from('broken')],
      [stage.tenant, null],
    ])
    const { out } = await eventually(async () => {
      const run = await cli(['status'])
      return /sandbox +│ card +│ projector +│ 1 +│ 0 +│ - +│ 0 +│ 2 /.test(run.out) ? run : null
    }, soon)
    expect(out).toMatch(/mode +│ domain +│ service +│ members +│ lag +│ oldest/)
  })

  it('shows a group of another service beside the usual one, each with its own backlog', async () => {
    await write([cardEvent(1, stage.tenant)])
    const consumer = stage.start({ CONSUMER_SERVICE: 'second' })
    await untilHandled(1)
    await stage.stop(consumer)
    await write([cardEvent(2, stage.tenant, 'card.created')])
    const { out } = await cli(['status'])
    expect(out).toContain(`${stage.topic()}.second: 1 unhandled: card.created 1`)
    expect(out).toContain(`${stage.topic()}.projector: 2 unhandled: `)
  })

  it.each([
    ['Kafka', { KAFKA_BROKERS: '127.0.0.1:9' }, /^Kafka at 127\.0\.0\.1:9 cannot be reached/],
    [
      'Postgres',
      { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/x' },
      /^Postgres at 127\.0\.0\.1:9 cannot be reached/,
    ],
  ])('says in one sentence that %s is away', async (_what, changes, says) => {
    const { code, out, err } = await cli(['status'], changes)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(says)
    expect(err.trim()).not.toContain('\n')
    expect(err).not.toContain('hunter2')
  })
})

const HOUR_MS = 3_600_000

function replayArgs(changes: readonly string[]): readonly string[] {
  return ['replay', '--mode', 'sandbox', '--domain', 'card', '--tenant', stage.tenant, ...changes]
}

async function replay(changes: readonly string[]): Promise<CliRun> {
  return await cli(replayArgs(changes))
}

function hours(from: number, to: number): readonly string[] {
  const texts = [from, to].map((hour) => new Date(beginMs + hour * HOUR_MS).toISOString())
  return ['--from', String(texts[0]), '--to', String(texts[1])]
}

const beginMs = Date.now() - 10 * HOUR_MS

async function history(): Promise<readonly string[]> {
  const rows = await stage.rows(
    'SELECT event_id FROM card.history WHERE topic = $1 ORDER BY event_id',
    [stage.topic()],
  )
  return rows.map(({ event_id }) => String(event_id))
}

async function places() {
  return await stage.rows(
    'SELECT * FROM runtime.consumer_offsets WHERE topic = $1 ORDER BY group_id, partition',
    [stage.topic()],
  )
}

async function audit() {
  return await stage.rows(
    "SELECT actor, action, arguments, outcome FROM runtime.audit WHERE arguments->>'group' = $1 ORDER BY id",
    [stage.group()],
  )
}

/** Four events of the tenant in four hours, two of a neighbour: handled, and their effects lost. */
async function loseEffects(lost: 'effects' | 'effects and inbox'): Promise<void> {
  for (const hour of [1, 2, 3, 4]) {
    await write([cardEvent(hour, stage.tenant)], beginMs + hour * HOUR_MS)
  }
  await write([cardEvent(5, neighbour), cardEvent(6, neighbour)], beginMs + 2 * HOUR_MS)
  stage.start()
  await untilHandled(6)
  await stage.rows('DELETE FROM card.history WHERE topic = $1', [stage.topic()])
  if (lost === 'effects') return
  await stage.rows('DELETE FROM runtime.inbox WHERE topic = $1', [stage.topic()])
}

describe('consumers replay', () => {
  it('says what it would do and changes nothing unless told to', async () => {
    await loseEffects('effects and inbox')
    const before = await places()
    const { code, out, err } = await replay(hours(1, 4))
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/card\.activated +│ 3 +│ 0 +│ 3 /)
    expect(out).toMatch(/To do it, add --yes/)
    expect([await history(), await stage.outcomes(), await audit()]).toEqual([[], [], []])
    expect(await places()).toEqual(before)
  })

  it('handles one tenant’s events of that time alone, and moves nothing of the group', async () => {
    await loseEffects('effects and inbox')
    const before = await places()
    const { code, out, err } = await replay([...hours(2, 4), '--yes', '--actor', 'ada'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/Done: 2 (applied|stale)/)
    expect(await history()).toEqual(['evt_0002', 'evt_0003'])
    expect((await stage.outcomes()).map((line) => line.slice(0, 8))).toEqual([
      'evt_0002',
      'evt_0003',
    ])
    expect(await places()).toEqual(before)
    const lines = await audit()
    expect(lines.map(({ actor, action, outcome }) => [actor, action, outcome])).toMatchObject([
      ['ada', 'consumers.replay', { state: 'begun', found: 0 }],
      ['ada', 'consumers.replay', { state: 'done', found: 2, known: 0 }],
    ])
    expect(lines[0]?.arguments).toMatchObject({ tenant: stage.tenant, again: false })

    const twice = await replay([...hours(2, 4), '--yes'])
    expect(twice.out).toContain('Done: 2 duplicate.')
    expect(await history()).toEqual(['evt_0002', 'evt_0003'])
  })

  it('handles what the inbox has only when it is told to do so again', async () => {
    await loseEffects('effects')
    const dry = await replay(hours(0, 9))
    expect(dry.out).toMatch(/card\.activated +│ 4 +│ 4 +│ 0 /)
    expect(dry.out).toContain('--yes would change nothing')
    await replay([...hours(0, 9), '--yes'])
    expect(await history()).toEqual([])

    const again = await replay([...hours(0, 9), '--again', '--yes'])
    expect([again.code, again.err]).toEqual([0, ''])
    expect(await history()).toEqual(['evt_0001', 'evt_0002', 'evt_0003', 'evt_0004'])
    expect(await stage.outcomes()).toHaveLength(6)
  })

  it('writes rows anew from the events that wrote them last, when it handles them again', async () => {
    await loseEffects('effects and inbox')
    const statuses = () =>
      stage.rows('SELECT card_id, status FROM card.cards WHERE tenant_id = $1 ORDER BY 1', [
        stage.tenant,
      ])
    const right = await statuses()
    await stage.rows("UPDATE card.cards SET status = 'wrong' WHERE tenant_id = $1", [stage.tenant])
    await replay([...hours(0, 9), '--again', '--yes'])
    expect(await statuses()).toEqual(right)
    // What was handled again is in the inbox, or the next copy would be handled as well.
    expect((await stage.outcomes()).map((line) => line.slice(0, 8))).toEqual([
      'evt_0001',
      'evt_0002',
      'evt_0003',
      'evt_0004',
    ])
  })

  it('leaves to the group what it has not come to, so that nothing overtakes', async () => {
    await loseEffects('effects and inbox')
    await stage.stop()
    await write([cardEvent(7, stage.tenant)], beginMs + 5 * HOUR_MS)
    const { out } = await replay([...hours(4, 9), '--yes'])
    expect(out).toMatch(/card\.activated +│ 1 /)
    expect(out).toContain('1 records of the partition are still before the group')
    expect(await history()).toEqual(['evt_0004'])
  })

  it('has nothing to do for a group that never ran, and says so', async () => {
    await loseEffects('effects')
    const { code, err } = await replay([...hours(0, 9), '--service', 'nobody'])
    expect(code).toBe(1)
    expect(err).toMatch(/^the group \S+\.nobody has handled nothing yet[^\n]*\n$/)
  })

  it('refuses a tenant that is parked, whose order it would break', async () => {
    await loseEffects('effects and inbox')
    await stage.rows('INSERT INTO runtime.parked_tenants VALUES ($1, $2, false, $3)', [
      stage.group(),
      stage.tenant,
      'fingerprint',
    ])
    const { code, err } = await replay([...hours(0, 9), '--yes'])
    expect(code).toBe(1)
    expect(err).toMatch(/^the tenant is parked in [^\n]*\n$/)
    expect(await history()).toEqual([])
  })

  it('may be interrupted anywhere and begun anew, and each event has its effect once', async () => {
    const events = Array.from({ length: 3000 }, (_, i) => cardEvent(i, stage.tenant))
    for (let i = 0; i < events.length; i += 100) await write(events.slice(i, i + 100))
    const consumer = stage.start()
    await untilHandled(events.length)
    await stage.stop(consumer)
    await stage.rows('DELETE FROM card.history WHERE topic = $1', [stage.topic()])
    await stage.rows('DELETE FROM runtime.inbox WHERE topic = $1', [stage.topic()])

    const stop = new AbortController()
    const args = replayArgs([...hours(0, 20), '--yes'])
    const first = runHere(args, stop.signal)
    await eventually(async () => (await history()).length > 0, { ...soon, everyMs: 5 })
    stop.abort()
    await expect(first).rejects.toThrow(/^stopped before the end; \d+ events so far/)
    const done = await history()
    expect(done.length).toBeLessThan(events.length)

    const lines = await runHere(args, new AbortController().signal)
    expect(lines.at(-1)).toMatch(new RegExp(`\\b${done.length} duplicate\\b`))
    expect(await history()).toHaveLength(events.length)
    expect(await stage.outcomes()).toHaveLength(events.length)
    expect((await audit()).map(({ outcome }) => (outcome as { state: string }).state)).toEqual([
      'begun',
      'stopped',
      'begun',
      'done',
    ])
  })
})
