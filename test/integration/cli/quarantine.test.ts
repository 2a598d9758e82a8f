import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { abandonedTailGroups } from '../../fixtures/tail-groups.ts'
import { NEW_VERSION, QuarantineStage } from '../quarantine/stage.ts'
import {
  CANARY,
  decoded,
  endsOf,
  own,
  owner,
  setEachReasonAside,
  strange,
  wrongMode,
} from './quarantine-scene.ts'

const SANDBOX = ['--mode', 'sandbox'] as const

let stage: QuarantineStage

beforeAll(async () => {
  stage = await QuarantineStage.set([own, strange, wrongMode])
  await setEachReasonAside(stage)
})

afterAll(async () => {
  await stage.stop()
})

async function stats(...args: readonly string[]) {
  const ran = await stage.run(['stats', ...SANDBOX, '--json', ...args])
  return JSON.parse(ran.lines[0] ?? 'null')
}

async function released(...args: readonly string[]) {
  const ran = await stage.run(['release', ...SANDBOX, '--json', '--actor', 'ada', ...args])
  return { ...JSON.parse(ran.lines[0] ?? 'null'), fault: ran.fault }
}

async function moved(domain: 'card' | 'quarantine', mode: 'sandbox' | 'live' = 'sandbox') {
  const records = await stage.ingress.records(domain, mode)
  return records.filter(({ headers }) => headers.released_from ?? headers.marker)
}

describe('the operator of the quarantine', () => {
  it('sees what there is, by reason, version and tenant', async () => {
    // The stage itself has set one aside of the version that nobody knows.
    expect(await stats()).toMatchObject({
      waiting: 8,
      released: 0,
      reasons: {
        malformed: 1,
        unknown_version: 2,
        schema_mismatch: 1,
        tenant_mismatch: 1,
        mode_mismatch: 1,
        stale_signature: 1,
        id_conflict: 1,
      },
      tenants: { [own.tenant_id]: 6, [strange.tenant_id]: 1, [wrongMode.tenant_id]: 1 },
    })
    const table = await stage.run(['stats', ...SANDBOX])
    expect(table.lines.join('\n')).toContain('8 events wait')
  })

  it.each([
    [['--reason', 'malformed'], 1],
    [['--version', NEW_VERSION], 2],
    [['--tenant', strange.tenant_id], 1],
    [['--endpoint', wrongMode.id], 1],
    [['--since', '2020-01-01T00:00:00Z'], 8],
    [['--until', '2020-01-01T00:00:00Z'], 0],
    [['--state', 'released'], 0],
  ] as const)('filters by %j', async (args, count) => {
    const list = await stage.run(['list', ...SANDBOX, ...args])
    expect(list.lines).toHaveLength(count)
  })

  it('lists the newest first, and says that there are more', async () => {
    const list = await stage.run(['list', ...SANDBOX, '--limit', '3', '--json'])
    const rows = list.lines.map((line) => JSON.parse(line))
    const times = rows.map((row) => row.received_at)
    expect(times).toEqual([...times].sort().reverse())
    expect(rows[0]).toMatchObject({
      reason: 'id_conflict',
      state: 'waiting',
      type: expect.any(String),
    })
    expect(list.notes.join()).toContain('the newest 3 of 8')
  })

  it('reads an event with everything masked that may be personal', async () => {
    const [line = ''] = (await stage.run(['list', ...SANDBOX, '--version', NEW_VERSION])).lines
    const place = line.split(' ')[0] ?? ''
    const shown = await stage.run(['show', ...SANDBOX, place])
    const text = shown.lines.join('\n')
    expect(text).toContain('reason: unknown_version')
    expect(text).toContain('masked by the schema of 2026-05-19')
    expect(text).toContain('"id": "txn_1"')
    expect(text).toContain('"nickname": "(masked)"')
    expect(text).toContain('"note": "(masked)"')
    const broken = await stage.run(['list', ...SANDBOX, '--reason', 'malformed'])
    const at = broken.lines[0]?.split(' ')[0] ?? ''
    expect((await stage.run(['show', ...SANDBOX, at])).lines.at(-1)).toBe('body: hidden, not JSON')
  })

  it('changes nothing by looking: a dry run says what would go where, and why the rest stays', async () => {
    const before = await endsOf(stage)
    const report = await released()
    expect(report).toMatchObject({ dry_run: true, end: 'done', waiting: 8, released: 0, stayed: 8 })
    const because = report.stayed_because.map((one: { reason: string }) => one.reason)
    expect(because.sort()).toEqual([
      'id_conflict',
      'malformed',
      'mode_mismatch',
      'schema_mismatch',
      'stale_signature',
      'tenant_mismatch',
      'unknown_version',
    ])
    expect([await endsOf(stage), await stage.audit()]).toEqual([before, []])
  })

  it('releases a version once it is registered, and then nothing more', async () => {
    await stage.learn()
    expect(await released('--version', NEW_VERSION)).toMatchObject({ dry_run: true, released: 2 })
    const report = await released('--version', NEW_VERSION, '--yes')
    expect(report).toMatchObject({ dry_run: false, released: 2, stayed: 0, fault: null })
    expect(await released('--version', NEW_VERSION, '--yes')).toMatchObject({ waiting: 0 })
    expect(await stats()).toMatchObject({ waiting: 6, released: 2 })
  })

  it('releases a stale one when told to', async () => {
    const filter = ['--reason', 'stale_signature'] as const
    expect(await released(...filter, '--yes')).toMatchObject({ released: 0, stayed: 1 })
    const report = await released(...filter, '--accept-stale', '--yes')
    expect(report).toMatchObject({ released: 1, stayed: 0 })
  })

  it('releases what came in at a wrong endpoint once the endpoint is that of its tenant and mode', async () => {
    const filter = (reason: string) => ['--reason', reason, '--yes'] as const
    expect(await released(...filter('tenant_mismatch'))).toMatchObject({ released: 0, stayed: 1 })
    const set = ['endpoints', 'set', '--yes', '--actor', 'ada'] as const
    await stage.runVerb([...set, strange.id, '--tenant', owner])
    await stage.runVerb([...set, wrongMode.id, '--mode', 'live'])
    expect(await released(...filter('tenant_mismatch'))).toMatchObject({
      released_to: [{ tenant: owner, mode: 'sandbox', domain: 'card', events: 1 }],
    })
    expect(await released(...filter('mode_mismatch'))).toMatchObject({
      released_to: [{ tenant: wrongMode.tenant_id, mode: 'live', domain: 'card', events: 1 }],
    })
  })

  it('finds each of them once in its topic, under its tenant, as another client reads them', async () => {
    const [cards, live, markers] = await Promise.all([
      moved('card'),
      moved('card', 'live'),
      moved('quarantine'),
    ])
    expect(cards.map(({ key }) => key).sort()).toEqual(
      [own.tenant_id, own.tenant_id, own.tenant_id, owner].sort(),
    )
    expect(live.map(({ key }) => key)).toEqual([wrongMode.tenant_id])
    const flagged = await Promise.all(cards.map(async (one) => (await decoded(one)).staleSignature))
    expect(flagged.filter(Boolean)).toHaveLength(1)
    const places = [...cards, ...live].map(
      ({ topic, partition, offset, headers }) =>
        `${headers.released_from} to ${topic}/${partition}/${offset}`,
    )
    const marked = markers.map(
      ({ topic, partition, value, headers }) =>
        `${topic}/${partition}/${headers.of} to ${value ?? headers.to}`,
    )
    expect(marked.sort()).toEqual(places.sort())
  })

  it('is told why the rest stays for good', async () => {
    const report = await released('--all', '--yes')
    expect(report).toMatchObject({ waiting: 3, released: 0, stayed: 3 })
    const table = await stage.run(['release', ...SANDBOX])
    expect(table.lines.join('\n')).toContain('consumers would take it for a copy')
  })

  it('finds what was released, and where it went', async () => {
    const list = await stage.run(['list', ...SANDBOX, '--state', 'released', '--json'])
    const rows = list.lines.map((line) => JSON.parse(line))
    expect(rows).toHaveLength(5)
    for (const row of rows) expect(row.released_to).toMatch(/\.card\/\d+\/\d+$/)
    const tail = await stage.runVerb([
      'tail',
      ...SANDBOX,
      '--domain',
      'quarantine',
      '--from-beginning',
      '--max',
      '13',
    ])
    expect(tail.lines.filter((line) => line.includes('  released '))).toHaveLength(5)
  })

  it('has shown nobody’s personal data until now', () => {
    expect(stage.said.length).toBeGreaterThan(50)
    expect(stage.said.filter((text) => text.includes(CANARY) || text.includes('canary'))).toEqual(
      [],
    )
  })

  it('gets raw bytes only by a flag that says so', async () => {
    const id = (await stage.run(['list', ...SANDBOX, '--reason', 'schema_mismatch', '--json']))
      .lines
    const { partition, offset } = JSON.parse(id[0] ?? '')
    const raw = ['show', ...SANDBOX, `${partition}/${offset}`, '--raw-personal-data'] as const
    const shown = await stage.run([...raw, '--actor', 'ada', '--json'])
    const { body_base64: base64 } = JSON.parse(shown.lines[0] ?? '')
    expect(Buffer.from(base64, 'base64').toString()).toContain(CANARY)
    const file = join(stage.ingress.folder.path, 'export.jsonl')
    const refused = await stage.run(['export', ...SANDBOX, '--to', file])
    expect(refused.fault?.message).toContain('--raw-personal-data')
    const flags = ['--to', file, '--raw-personal-data', '--actor', 'ada'] as const
    const exported = await stage.run(['export', ...SANDBOX, '--state', 'all', ...flags])
    expect(exported.lines).toEqual([expect.stringContaining('8 events')])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    const bodies = lines.map((line) => Buffer.from(JSON.parse(line).value, 'base64').toString())
    expect(bodies.filter((body) => body.includes(CANARY))).toHaveLength(7)
    const twice = await stage.run(['export', ...SANDBOX, ...flags])
    expect(twice.fault?.message).toContain('not overwritten')
  })

  it('follows them as they are only after a line of the audit', async () => {
    const args = ['tail', ...SANDBOX, '--domain', 'quarantine', '--from-beginning', '--max', '8']
    const raw = [...args, '--show-pii', '--json', '--actor', 'ada'] as const
    const count = (await stage.audit()).length
    const { lines } = await stage.runVerb(raw)
    expect(lines.filter((line) => line.includes(CANARY)).length).toBeGreaterThan(0)
    expect((await stage.audit()).slice(count)).toMatchObject([
      { action: 'quarantine.tail_raw', outcome: { state: 'begun', events: 0 } },
      { action: 'quarantine.tail_raw', outcome: { state: 'done', events: 8 } },
    ])
    const unaudited = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/x' }
    const refused = await stage.runVerb(raw, undefined, undefined, unaudited)
    expect(refused.fault?.message).toMatch(/^Postgres at 127.0.0.1:9 cannot be reached/)
    expect(refused.lines).toEqual([])
  })

  it('is in the audit with what was done, and with nothing personal', async () => {
    const lines = await stage.audit()
    expect(new Set(lines.map(({ actor }) => actor))).toEqual(new Set(['ada']))
    const actions = lines.map(({ action, outcome }) => {
      const { state } = outcome as { state?: string }
      return `${action} ${state ?? ''}`.trim()
    })
    expect(actions.slice(-5)).toEqual([
      'quarantine.show_raw',
      'quarantine.export begun',
      'quarantine.export done',
      'quarantine.tail_raw begun',
      'quarantine.tail_raw done',
    ])
    expect(actions.filter((action) => action === 'quarantine.release done')).toHaveLength(7)
    expect(lines[1]?.outcome).toMatchObject({ state: 'done', waiting: 2, released: 2 })
    expect(
      JSON.stringify(lines, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain(CANARY)
  })

  it('leaves no consumer group behind', async () => {
    const { brokers } = stage.ingress
    const gone = async () => (await abandonedTailGroups(brokers, 'event-router-cli')).length === 0
    await eventually(gone, { withinMs: 20_000 })
  })

  it('runs it as a command of its own, whose result is all that standard output has', async () => {
    const { environment } = stage
    const run = await runCli(['quarantine', 'stats', ...SANDBOX, '--json'], { environment })
    expect([run.code, run.err]).toEqual([0, ''])
    expect(JSON.parse(run.out)).toMatchObject({ waiting: 3, released: 5 })
  })

  it.each([
    [['show', ...SANDBOX], 2, 'say which'],
    [['show', ...SANDBOX, 'here'], 2, 'it must be <partition>/<offset>'],
    [['show', ...SANDBOX, '3/99999'], 1, 'no record at'],
    [['show', ...SANDBOX, '--id', 'evt_nothing'], 1, 'no such event'],
    [['release', ...SANDBOX, '--yes'], 2, 'say what to release'],
    [['list', ...SANDBOX, '--since', '2026-01-02', '--until', '2026-01-01'], 2, 'must be before'],
  ] as const)('%j says in one line what is wrong', async (args, code, words) => {
    const { fault, lines } = await stage.run(args)
    expect([fault?.exitCode, lines]).toEqual([code, []])
    expect(fault?.message).toContain(words)
  })
})
