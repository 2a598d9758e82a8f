import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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

describe('consumers status', () => {
  it('is right before, while and after consumers run', async () => {
    const writtenMs = Date.now() - 600_000
    await group.write([cardEvent(1, stage.tenant, 'card.created')], writtenMs)
    await group.write([cardEvent(2, stage.tenant), cardEvent(3, group.neighbour)])
    expect(await group.statusOf()).toMatchObject({
      group: stage.group(),
      members: 0,
      lag_records: 3,
      oldest_unhandled_at: new Date(writtenMs).toISOString(),
      unhandled_types: { 'card.activated': 2, 'card.created': 1 },
      sampled_records: 3,
    })
    expect(await group.statusOf('pass')).toMatchObject({ topic_exists: false, lag_records: 0 })

    const consumer = stage.start()
    await group.untilHandled(3)
    const running = await eventually(async () => {
      const status = await group.statusOf()
      return status.members === 1 ? status : null
    }, soon)
    expect(running).toMatchObject({ state: 'Stable', lag_records: 0, oldest_unhandled_at: null })

    await stage.stop(consumer)
    await group.write([cardEvent(4, stage.tenant)])
    const stopped = await group.statusOf()
    expect(stopped).toMatchObject({ members: 0, lag_records: 1 })
    expect(stopped.oldest_unhandled_seconds).toBeLessThan(60)
    expect(await group.statusOf('card', 'live')).toMatchObject({
      topic_exists: true,
      lag_records: 0,
    })
  })

  it('counts what was set aside, and shows people a table', async () => {
    stage.start({ SCHEMA_WAIT_MS: '200' })
    await stage.sendValues([
      [stage.tenant, Buffer.from('broken')],
      [stage.tenant, null],
    ])
    const { out } = await eventually(async () => {
      const run = await group.cli(['status'])
      return /sandbox +│ card +│ projector +│ 1 +│ 0 +│ - +│ 0 +│ 2 /.test(run.out) ? run : null
    }, soon)
    expect(out).toMatch(/mode +│ domain +│ service +│ members +│ lag +│ oldest/)
  })

  it('shows a group of another service beside the usual one, each with its own backlog', async () => {
    await group.write([cardEvent(1, stage.tenant)])
    const consumer = stage.start({ CONSUMER_SERVICE: 'second' })
    await group.untilHandled(1)
    await stage.stop(consumer)
    await group.write([cardEvent(2, stage.tenant, 'card.created')])
    const { out } = await group.cli(['status'])
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
    const { code, out, err } = await group.cli(['status'], changes)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(says)
    expect(err.trim()).not.toContain('\n')
    expect(err).not.toContain('hunter2')
  })
})
