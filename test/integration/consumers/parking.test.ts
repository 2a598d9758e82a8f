import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import type { DomainEvent } from '#consumers/runtime/contract.ts'
import { asideEntries, causeSummaries, parkedTenants } from '#consumers/runtime/dead-letters.ts'
import type { HandlerOutcome, HandlerWork } from '#consumers/runtime/handler.ts'
import { releaseAside, releaseTenant, skipHead } from '#consumers/runtime/release.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { historyOfTenant, outcomesOfTenant, queueOfTenant } from './parked-rows.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 30_000 }

type Behaviour = (event: DomainEvent, work: HandlerWork) => Promise<HandlerOutcome | undefined>

const fine: Behaviour = async () => undefined
let behaviour: Behaviour = fine
let calls: string[] = []

const domain = {
  ...cardConsumer,
  handle: async (event: DomainEvent, work: HandlerWork) => {
    calls.push(event.id)
    return await behaviour(event, work)
  },
}

let stage: Stage

beforeEach(async () => {
  behaviour = fine
  calls = []
  stage = await Stage.set(domain)
})

afterEach(async () => {
  await stage.clear()
})

/** Tenants of one partition, so that they share batches. */
function tenant(n: number): string {
  return `${stage.tenant}_${n}`
}

function event(of: string, n: number, status = `s${n}`): Body {
  return {
    id: `evt_${of.slice(-2)}_${String(n).padStart(4, '0')}`,
    type: 'card.activated',
    created: new Date(Date.parse('2026-11-20T10:00:00Z') + n * 1000).toISOString(),
    tenant_id: of,
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: 'card_1', status } },
    previous_attributes: null,
  }
}

function idOf(body: Body): string {
  return String(body.id)
}

function outcomesOf(of: string) {
  return outcomesOfTenant(stage, of)
}

function queueOf(of: string) {
  return queueOfTenant(stage, of)
}

function historyOf(of: string) {
  return historyOfTenant(stage, of)
}

async function releaseOptions() {
  const schema = await readFile(
    new URL('../../../schemas/2026-05-19/card.avsc', import.meta.url),
    'utf8',
  )
  const decoder = compileEventDecoder({ schemaText: schema })
  const { database } = stage
  return {
    database,
    domain,
    writer: new BatchWriter({ database, domain, handlerDeadlineMs: 1000 }),
    context: {
      mode: 'sandbox' as const,
      schemaIdOf,
      decoderOf: () => (value: Uint8Array) => decoder.decode(value),
    },
  }
}

async function keyOf(of: string) {
  const [found] = await parkedKeys(of)
  if (found === undefined) throw new Error('not parked')
  return found
}

async function parkedKeys(of: string) {
  return await stage.database.session((connection) => parkedTenants(connection, { tenantId: of }))
}

/** In one partition, whatever the key: members of a batch. */
const together = { partition: 0 }

describe('an event that its handler cannot handle', () => {
  it('parks its tenant, whose later events queue in order; the others go on in the same pass', async () => {
    const [bad, good] = [tenant(1), tenant(2)]
    const poison = event(bad, 2)
    behaviour = async ({ id }) => {
      if (id === idOf(poison)) throw new TypeError('a bug')
      return undefined
    }
    const events = [1, 2, 3, 4].flatMap((n) => [event(bad, n), event(good, n)])
    await stage.send([...events, event(bad, 3), event(bad, 2)], together)
    stage.start()
    await eventually(async () => (await outcomesOf(good)).length === 4, soon)
    await eventually(async () => (await queueOf(bad)).length === 3, soon)
    expect(await outcomesOf(bad)).toEqual([
      `${idOf(event(bad, 1))} applied`,
      `${idOf(event(bad, 2))} parked`,
      `${idOf(event(bad, 3))} parked`,
      `${idOf(event(bad, 4))} parked`,
    ])
    expect(await queueOf(bad)).toEqual([2, 3, 4].map((n) => idOf(event(bad, n))))
    expect(await historyOf(good)).toEqual([1, 2, 3, 4].map((n) => idOf(event(good, n))))
    // Tried again in place, and its effects were undone each time.
    expect(calls.filter((id) => id === idOf(poison)).length).toBeGreaterThanOrEqual(3)
    expect(await historyOf(bad)).toEqual([idOf(event(bad, 1))])
  })

  it('keeps its queue over a restart, and all of it is handled in order after the release', async () => {
    const bad = tenant(1)
    behaviour = async () => {
      throw new TypeError('a bug')
    }
    await stage.send([1, 2].map((n) => event(bad, n)))
    const first = stage.start()
    await eventually(async () => (await queueOf(bad)).length === 2, soon)
    await stage.stop(first)
    await stage.send([event(bad, 3)])
    stage.start()
    await eventually(async () => (await queueOf(bad)).length === 3, soon)

    const options = await releaseOptions()
    const unfixed = await releaseTenant(options, await keyOf(bad), 10)
    expect(unfixed).toMatchObject({ handled: 0, left: 3, failed: { errorClass: 'TypeError' } })
    behaviour = fine
    calls = []
    expect(await releaseTenant(options, await keyOf(bad), 2)).toMatchObject({ handled: 2, left: 1 })
    expect(await releaseTenant(options, await keyOf(bad), 2)).toMatchObject({ handled: 1, left: 0 })
    expect(calls).toEqual([1, 2, 3].map((n) => idOf(event(bad, n))))
    expect(await parkedKeys(bad)).toEqual([])
    await stage.send([event(bad, 4)])
    await eventually(async () => (await outcomesOf(bad)).length === 4, soon)
    expect(await outcomesOf(bad)).toEqual([1, 2, 3, 4].map((n) => `${idOf(event(bad, n))} applied`))
    expect(await historyOf(bad)).toEqual([1, 2, 3, 4].map((n) => idOf(event(bad, n))))
  })

  it('goes through when a second try helps, and costs nobody anything', async () => {
    const shaky = tenant(1)
    let failures = 0
    behaviour = async ({ id }) => {
      if (id !== idOf(event(shaky, 2)) || failures === 2) return undefined
      failures += 1
      return { kind: 'retry', reason: 'busy' }
    }
    await stage.send([1, 2, 3].map((n) => event(shaky, n)))
    stage.start()
    await eventually(async () => (await outcomesOf(shaky)).length === 3, soon)
    expect(await outcomesOf(shaky)).toEqual(
      [1, 2, 3].map((n) => `${idOf(event(shaky, n))} applied`),
    )
    expect(failures).toBe(2)
  })

  it('parks its tenant when it does not answer in time', async () => {
    const slow = tenant(1)
    behaviour = async (_event, work) =>
      await new Promise((resolve) => {
        work.signal.addEventListener('abort', () => resolve(undefined))
      })
    await stage.send([event(slow, 1)])
    stage.start({ HANDLER_TIMEOUT_MS: '200' })
    await eventually(async () => (await queueOf(slow)).length === 1, soon)
    const [cause] = await stage.database.session((connection) =>
      causeSummaries(connection, { tenantId: slow }),
    )
    expect(cause).toMatchObject({ errorClass: 'HandlerTimeout', tenants: 1, waiting: 1 })
  })

  it('is set aside alone when the handler or a constraint says so, and can be released later', async () => {
    const odd = tenant(1)
    behaviour = async ({ id }, work) => {
      if (id === idOf(event(odd, 1))) return { kind: 'set_aside', reason: 'not_ours' }
      if (id !== idOf(event(odd, 2))) return undefined
      await work.query({ text: 'SELECT 1 / 0', values: [] })
      return undefined
    }
    await stage.send([1, 2, 3].map((n) => event(odd, n)))
    stage.start()
    await eventually(async () => (await outcomesOf(odd)).length === 3, soon)
    expect(await outcomesOf(odd)).toEqual([
      `${idOf(event(odd, 1))} set_aside`,
      `${idOf(event(odd, 2))} set_aside`,
      `${idOf(event(odd, 3))} applied`,
    ])
    const entries = await stage.database.session((connection) =>
      asideEntries(connection, { tenantId: odd }),
    )
    expect(entries).toHaveLength(2)
    const options = await releaseOptions()
    const [first, second] = entries
    if (first === undefined || second === undefined) throw new Error('not set aside')
    expect(await releaseAside(options, first)).toMatchObject({ errorClass: 'not_ours' })
    behaviour = fine
    expect(await releaseAside(options, first)).toBeNull()
    expect(await releaseAside(options, second)).toBeNull()
    expect(await historyOf(odd)).toEqual([1, 2, 3].map((n) => idOf(event(odd, n))))
  })
})

describe('an outage of what a handler needs', () => {
  it('parks nobody: the batch waits, and goes on by itself', async () => {
    const tenants = [1, 2, 3].map(tenant)
    let away = true
    behaviour = async () => {
      if (away) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
      return undefined
    }
    await stage.send(
      tenants.map((of) => event(of, 1)),
      together,
    )
    const consumer = stage.start()
    const problem = () => consumer.checks.find(({ name }) => name === 'database')?.problem()
    await eventually(() => problem() !== null && calls.length > 3, soon)
    const parked = await Promise.all(tenants.map(queueOf))
    expect(parked).toEqual([[], [], []])
    away = false
    await eventually(async () => {
      const outcomes = await Promise.all(tenants.map(outcomesOf))
      return outcomes.every((found) => found[0]?.endsWith('applied'))
    }, soon)
    expect(problem()).toBeNull()
  })
})

describe('an operator', () => {
  it('may take the head out of a queue: it is skipped for good, the rest waits on', async () => {
    const bad = tenant(1)
    behaviour = async ({ id }) => {
      if (id === idOf(event(bad, 1))) return { kind: 'park', reason: 'never' }
      return undefined
    }
    await stage.send([1, 2].map((n) => event(bad, n)))
    stage.start()
    await eventually(async () => (await queueOf(bad)).length === 2, soon)
    const options = await releaseOptions()
    expect(await skipHead(options, await keyOf(bad))).toEqual({
      eventId: idOf(event(bad, 1)),
      left: 1,
    })
    expect(await releaseTenant(options, await keyOf(bad), 10)).toMatchObject({
      handled: 1,
      left: 0,
    })
    expect(await outcomesOf(bad)).toEqual([
      `${idOf(event(bad, 1))} skipped`,
      `${idOf(event(bad, 2))} applied`,
    ])
  })

  it('sees dead letters by their cause', async () => {
    const of = (n: number) => tenant(n)
    behaviour = async (found) => {
      if (found.tenantId === of(1)) throw new TypeError('one bug')
      if (found.tenantId === of(2)) throw new TypeError('one bug')
      if (found.tenantId === of(3)) return { kind: 'park', reason: 'limit' }
      return undefined
    }
    await stage.send(
      [1, 2, 3, 4].flatMap((n) => [event(of(n), 1), event(of(n), 2)]),
      together,
    )
    stage.start()
    await eventually(async () => (await outcomesOf(of(4))).length === 2, soon)
    const causes = await stage.database.session((connection) =>
      causeSummaries(connection, { groupId: stage.group() }),
    )
    const seen = causes.map(({ errorClass, tenants, waiting }) => [errorClass, tenants, waiting])
    expect(seen).toEqual([
      ['TypeError', 2, 4],
      ['limit', 1, 2],
    ])
  })
})
