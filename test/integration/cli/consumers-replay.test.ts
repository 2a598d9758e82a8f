import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CliRun } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Stage } from '../consumers/stage.ts'
import { cardEvent, GroupStage } from './group-stage.ts'

const soon = { withinMs: 30_000 }

let group: GroupStage
let stage: Stage

beforeEach(async () => {
  group = await GroupStage.set()
  stage = group.stage
})

afterEach(async () => {
  await stage.clear()
})

const HOUR_MS = 3_600_000

function replayArgs(changes: readonly string[]): readonly string[] {
  return ['replay', '--mode', 'sandbox', '--domain', 'card', '--tenant', stage.tenant, ...changes]
}

async function replay(changes: readonly string[]): Promise<CliRun> {
  return await group.cli(replayArgs(changes))
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
    await group.write([cardEvent(hour, stage.tenant)], beginMs + hour * HOUR_MS)
  }
  await group.write(
    [cardEvent(5, group.neighbour), cardEvent(6, group.neighbour)],
    beginMs + 2 * HOUR_MS,
  )
  stage.start()
  await group.untilHandled(6)
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
    await group.write([cardEvent(7, stage.tenant)], beginMs + 5 * HOUR_MS)
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
    for (let i = 0; i < events.length; i += 100) await group.write(events.slice(i, i + 100))
    const consumer = stage.start()
    await group.untilHandled(events.length)
    await stage.stop(consumer)
    await stage.rows('DELETE FROM card.history WHERE topic = $1', [stage.topic()])
    await stage.rows('DELETE FROM runtime.inbox WHERE topic = $1', [stage.topic()])

    const stop = new AbortController()
    const args = replayArgs([...hours(0, 20), '--yes'])
    const first = group.runHere(args, stop.signal)
    await eventually(async () => (await history()).length > 0, { ...soon, everyMs: 5 })
    stop.abort()
    await expect(first).rejects.toThrow(/^stopped before the end; \d+ events so far/)
    const done = await history()
    expect(done.length).toBeLessThan(events.length)

    const lines = await group.runHere(args, new AbortController().signal)
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
