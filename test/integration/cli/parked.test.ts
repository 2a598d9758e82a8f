import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from '../consumers/stage.ts'
import { Stage } from '../consumers/stage.ts'

const soon = { withinMs: 60_000 }
const TENANTS = 3

let stage: Stage

function tenant(n: number): string {
  return `${stage.tenant}_${n}`
}

function event(of: string, n: number): Body {
  return {
    id: `evt_${of.slice(-2)}_${n}`,
    type: 'card.activated',
    created: new Date(Date.parse('2026-11-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: of,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: 'card_1', status: `s${n}` } },
    previous_attributes: null,
  }
}

beforeAll(async () => {
  // Stands for the release with the bug; the CLI has the one without.
  const broken = async () => {
    throw new TypeError('a bug')
  }
  stage = await Stage.set({ ...cardConsumer, handle: broken })
  const tenants = Array.from({ length: TENANTS }, (_, n) => tenant(n))
  await stage.send(tenants.flatMap((of) => [event(of, 1), event(of, 2)]))
  const consumer = stage.start()
  await eventually(async () => (await waiting()) === BigInt(2 * TENANTS), soon)
  await stage.stop(consumer)
})

afterAll(async () => {
  await stage.clear()
})

async function waiting(): Promise<bigint> {
  const [row] = await stage.rows(
    'SELECT count(*) AS n FROM runtime.parked_events WHERE group_id = $1',
    [stage.group()],
  )
  return row?.n as bigint
}

async function parked(...args: readonly string[]) {
  return await runCli(['parked', ...args], {
    environment: {
      KAFKA_BROKERS: inject('kafkaBrokers'),
      DATABASE_URL: inject('databaseUrl'),
      TOPIC_PREFIX: stage.prefix,
    },
  })
}

async function audited(): Promise<readonly string[]> {
  const rows = await stage.rows(
    "SELECT action, actor FROM runtime.audit WHERE arguments->>'group' = $1 ORDER BY id",
    [stage.group()],
  )
  return rows.map(({ action, actor }) => `${action} by ${actor}`)
}

describe('the operator of parked tenants', () => {
  it('sees one cause for all of them, and who waits for what', async () => {
    const list = await parked('list', '--group', stage.group(), '--json')
    const causes = list.out.trim().split('\n')
    expect(causes).toHaveLength(1)
    expect(JSON.parse(causes[0] ?? '')).toMatchObject({
      errorClass: 'TypeError',
      eventType: 'card.activated',
      apiVersion: '2026-05-19',
      tenants: TENANTS,
      waiting: 2 * TENANTS,
    })
    const show = await parked('show', '--tenant', tenant(0))
    expect(show.out).toContain(`evt_${tenant(0).slice(-2)}_1`)
    expect(show.out).not.toContain('a bug')
  })

  it('may look first: a dry run changes nothing', async () => {
    const run = await parked('release', '--group', stage.group(), '--dry-run')
    expect(run.out).toContain(`would handle ${2 * TENANTS} waiting events of ${TENANTS} tenants`)
    expect(await waiting()).toBe(BigInt(2 * TENANTS))
  })

  it('tries one, skips one, releases the rest after a canary, and all of it is audited', async () => {
    const group = ['--group', stage.group(), '--actor', 'ada']
    const retried = await parked('retry', '--tenant', tenant(0), ...group)
    expect([retried.code, retried.out]).toEqual([0, expect.stringContaining('1 events')])
    const skipped = await parked('skip', '--tenant', tenant(1), ...group)
    expect(skipped.out).toContain(`skipped evt_${tenant(1).slice(-2)}_1`)
    const released = await parked('release', ...group, '--canary', '2')
    expect([released.code, released.err]).toEqual([0, ''])
    expect(released.out).toContain('handled 4 events')
    expect(await waiting()).toBe(0n)
    const outcomes = await stage.outcomes()
    expect(outcomes.filter((line) => line.includes(' applied '))).toHaveLength(2 * TENANTS - 1)
    expect(outcomes.filter((line) => line.includes(' skipped'))).toHaveLength(1)
    expect(await audited()).toEqual([
      'parked.retry by ada',
      'parked.skip by ada',
      'parked.release by ada',
    ])
    expect((await parked('list', '--group', stage.group())).out).toContain('nothing is parked')
  })

  it.each([
    [['release'], 2, 'say what to release'],
    [['skip'], 2, 'say which tenant'],
    [['retry', '--tenant', 'tnt_nobody'], 1, 'is not parked'],
    [['park'], 2, 'unknown verb park'],
  ] as const)('%j says in one line what is wrong', async (args, code, words) => {
    const run = await parked(...args)
    expect([run.code, run.out]).toEqual([code, ''])
    expect(run.err).toMatch(new RegExp(`^[^\n]*${words}[^\n]*\n$`))
  })
})
