import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '#cli/program.ts'
import type { Terminal } from '#cli/terminal.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import type { CliRun } from '../../fixtures/cli.ts'
import { runCli } from '../../fixtures/cli.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { retyped, writeCandidate } from '../../fixtures/schema-changes.ts'
import { abandonedTailGroups } from '../../fixtures/tail-groups.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import type { HttpAnswer } from '../ingress/stage.ts'
import { IngressStage, newEndpoint, sampleFor } from '../ingress/stage.ts'
import { rehearseIn } from './rehearsals.ts'

const CURRENT = '2026-05-19'
const NEXT = '2026-09-01'
const SECRET = 'Confidential Coffee 4711'
const log = createLogger({ service: 'test', level: 'silent' })
const endpoints = [newEndpoint(), newEndpoint({ live_mode: true })] as const
const [first, live] = endpoints

let stage: IngressStage
let folder: TemporaryFolder
let environment: Readonly<Record<string, string>>
const sent = new Map<string, HttpAnswer>()

interface Finding {
  readonly place: string
  readonly type: string
  readonly effect: string
  readonly events: number
  readonly samples: readonly { readonly at: string; readonly shape: string }[]
}

function coordinate(name: string): string {
  const at = sent.get(name)?.at
  return `${at?.topic}/${at?.partition}/${at?.offset}`
}

async function send(name: string, endpoint: typeof first, ...body: readonly unknown[]) {
  const [type, version, changes] = body as [string, string, object]
  const text = await sampleFor(endpoint, type, version, changes as Record<string, unknown>)
  await sendUntilTaken(name, text, endpoint)
  return text
}

/** Again while the ingress asks for it, as the sender does. */
async function sendUntilTaken(name: string, text: string, endpoint: typeof first): Promise<void> {
  const isTaken = async () => {
    const answer = await stage.send(text, endpoint)
    sent.set(name, answer)
    return answer.status !== 503
  }
  await eventually(isTaken, { withinMs: 30_000 })
}

async function mark(name: string): Promise<void> {
  const at = sent.get(name)?.at
  if (at == null) throw new Error(name)
  const connection = { brokers: [stage.brokers], clientId: 'test', ssl: false, sasl: null }
  const producer = kafkaClient(connection, log, 2).producer()
  await producer.connect()
  const headers = { marker: 'released', of: at.offset, to: 'elsewhere/0/0' }
  const messages = [{ partition: at.partition, key: first.tenant_id, value: null, headers }]
  await producer.send({ topic: at.topic, messages })
  await producer.disconnect()
}

/** Its own groups have members while it reads, and are gone once it has ended. */
async function leftGroups(): Promise<readonly string[]> {
  return await abandonedTailGroups(stage.brokers, 'event-router-cli')
}

beforeAll(async () => {
  folder = await temporaryFolder('rehearse')
  stage = await IngressStage.set({ endpoints })
  // Its folder holds no known version: what types the traffic today is in the catalogue.
  environment = {
    KAFKA_BROKERS: stage.brokers,
    TOPIC_PREFIX: stage.prefix,
    SCHEMAS_FOLDER: '/nowhere',
  }
  const card = { id: 'card_1', status: 'active', network: SECRET }
  await send('card', first, 'card.created', CURRENT, { data: { card } })
  await send('live card', live, 'card.created', CURRENT, {})
  await send('transaction', first, 'card.transaction.authorized', CURRENT, {})
  await send('old', first, 'card.transaction.authorized', '2026-02-01', {})
  const transaction = { id: 'txn_1', amount_cents: SECRET, currency: 'USD' }
  await send('misfit', first, 'card.transaction.declined', CURRENT, { data: { transaction } })
  const next = { api_version: NEXT }
  await send('next', first, 'pass.installed', CURRENT, next)
  const text = await send('released', first, 'pass.removed', CURRENT, next)
  expect([...sent.values()].map(({ status }) => status)).toEqual([
    200, 200, 200, 200, 202, 202, 202,
  ])
  // A release: the event once more on its domain topic, and the marker.
  await stage.register(await stage.copyOfVersion(CURRENT, NEXT))
  const isRouted = async () => {
    const probe = await sampleFor(live, 'pass.removed', CURRENT, next)
    return (await stage.send(probe, live)).status === 200
  }
  await eventually(isRouted, { withinMs: 30_000 })
  await sendUntilTaken('again', text.replace(/evt_\w+/, 'evt_released'), first)
  expect(sent.get('again')?.at?.topic).toBe(stage.topic('pass'))
  await mark('released')
})

afterAll(async () => {
  await stage.stop()
  await folder.remove()
})

async function rehearse(candidate: string, ...args: readonly string[]): Promise<CliRun> {
  return await rehearseIn(environment, candidate, ...args)
}

async function candidate(
  name: string,
  date = NEXT,
  changes: Parameters<typeof writeCandidate>[3] = new Map(),
) {
  return await writeCandidate(join(folder.path, name), CURRENT, date, changes)
}

describe('schemas rehearse', () => {
  it('finds nothing in a candidate that fits, and counts what was released once', async () => {
    const path = await candidate('good')
    const options = ['--since', '1h', '--mode', 'sandbox', '--json']
    const run = await runCli(['schemas', 'rehearse', path, ...options], { environment })
    // Work of more than two seconds says how far it is.
    const faults = run.err.replaceAll(/^\d+ records read, \d+ events rehearsed\n/gm, '')
    expect([run.code, faults]).toEqual([0, ''])
    const { ok, whole, foreign, versions } = JSON.parse(run.out)
    expect([ok, whole, foreign]).toEqual([true, true, 0])
    expect(versions).toMatchObject([
      { version: NEXT, traffic: NEXT, events: 2, from_quarantine: 1, failures: [], as_today: [] },
    ])
    await eventually(async () => (await leftGroups()).length === 0, { withinMs: 30_000 })
  })

  it('holds a candidate against today\u2019s traffic and says who, where and what, but no value', async () => {
    const changes = new Map([
      ['card:transaction.currency', retyped('long')],
      ['card:card.status', () => null],
    ])
    const path = await candidate('broken', NEXT, changes)
    const run = await rehearse(path, '--version', CURRENT, '--json', '--samples', '1')
    expect(run.code).toBe(1)
    expect(run.err).toMatch(/^2026-09-01: the traffic does not fit/)
    const [result] = JSON.parse(run.out).versions
    const found = (result.failures as readonly Finding[]).map(
      ({ place, type, effect, events, samples }) => [place, type, effect, events, samples.length],
    )
    expect(found).toHaveLength(3)
    expect(found).toContainEqual(['card:card.status', 'card.created', 'lost', 2, 1])
    expect(found).toContainEqual([
      'card:transaction.currency',
      'card.transaction.authorized',
      'nulled',
      1,
      1,
    ])
    expect(found).toContainEqual([
      'card:transaction.currency',
      'card.transaction.declined',
      'nulled',
      1,
      1,
    ])
    const [authorized] = (result.failures as readonly Finding[]).filter(
      ({ type }) => type === 'card.transaction.authorized',
    )
    expect(authorized?.samples).toMatchObject([
      { at: coordinate('transaction'), shape: 'string of 3' },
    ])
    // It waits for a schema that takes it; the candidate is no worse than what is registered.
    expect(result.as_today).toMatchObject([
      {
        place: 'card:transaction.amount_cents',
        effect: 'set_aside',
        samples: [{ at: coordinate('misfit') }],
      },
    ])
    expect((result.in_raw_only as readonly Finding[]).map(({ place }) => place)).toContain(
      'card:card.network',
    )
    expect([result.events, result.from_quarantine, result.would_be_set_aside]).toEqual([4, 1, 1])

    const words = await rehearse(path, '--version', CURRENT, '--mode', 'live')
    expect([words.code, words.out]).toEqual([
      1,
      expect.stringContaining('FAILS card:card.status in card.created'),
    ])
    expect(words.out).toContain(live.tenant_id)
    expect(words.out).not.toContain(first.tenant_id)
    expect(run.out + run.err + words.out + words.err).not.toContain(SECRET)

    const meant = ['--accept', 'card:card.status', 'card:transaction.currency']
    expect((await rehearse(path, '--version', CURRENT, ...meant)).code).toBe(0)
  })

  it('does not pass a candidate that nothing was there for, unless it is told to', async () => {
    const path = await candidate('unseen', '2027-01-01')
    const run = await rehearse(path)
    expect([run.code, run.err]).toEqual([1, expect.stringMatching(/nothing was there to rehearse/)])
    expect((await rehearse(path, '--allow-empty')).code).toBe(0)
    const future = await rehearse(path, '--version', CURRENT, '--since', '2100-01-01')
    expect([future.code, future.err]).toEqual([1, expect.stringMatching(/widen --since/)])
  })

  it('refuses a folder that the linter refuses, as a whole', async () => {
    const path = await candidate('int', NEXT, new Map([['card:card.status', retyped('int')]]))
    const run = await rehearse(path)
    expect([run.code, run.out]).toEqual([
      1,
      expect.stringContaining('card.status: int is not used'),
    ])
    expect(run.err).toMatch(/1 findings in the schemas; nothing was rehearsed/)
  })

  it('looks at one tenant or domain alone', async () => {
    const path = await candidate('narrow')
    const eventsOf = async (...args: readonly string[]) => {
      const run = await rehearse(path, '--version', CURRENT, '--json', ...args)
      const [{ events, domains }] = JSON.parse(run.out).versions
      const found = domains.filter((one: { readonly events: number }) => one.events > 0)
      return [events, found.map(({ domain }: { readonly domain: string }) => domain)]
    }
    expect(await eventsOf('--tenant', live.tenant_id)).toEqual([1, ['card']])
    expect(await eventsOf('--domain', 'card')).toEqual([4, ['card']])
    expect(await eventsOf('--domain', 'pass', '--allow-empty')).toEqual([0, []])
  })

  it('says how far it is, goes no faster than asked, and Ctrl-C prints the report so far', async () => {
    const stop = new AbortController()
    const lines: string[] = []
    const notes: string[] = []
    const terminal: Terminal = {
      environment: { ...environment, LOCAL_DIR: '/nowhere' },
      line: (text) => void lines.push(text),
      note: (text) => {
        notes.push(text)
        stop.abort()
      },
      stopped: stop.signal,
    }
    const args = [
      'schemas',
      'rehearse',
      await candidate('slow'),
      '--version',
      CURRENT,
      '--rate',
      '1.5',
    ]
    await expect(runCommand(args, terminal)).rejects.toThrow(/not all of the traffic was read/)
    expect(notes).toEqual([expect.stringMatching(/^\d+ records read, \d+ events rehearsed$/)])
    expect(lines.join('\n')).toMatch(/2026-09-01: 0 failures in \d events of 2026-05-19/)
    expect(lines.at(-1)).toMatch(/broke off \(stopped\)/)
    await eventually(async () => (await leftGroups()).length === 0, { withinMs: 30_000 })
  })
})
