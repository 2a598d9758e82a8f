import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { catalogueMessage, ValueWriter } from '../../fixtures/published-versions.ts'
import { writeCandidate } from '../../fixtures/schema-changes.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { removeTopics } from '../../fixtures/topic-removal.ts'
import { newEndpoint, sampleFor } from '../ingress/stage.ts'
import { produce, rehearseIn } from './rehearsals.ts'

const CURRENT = '2026-05-19'
const NEXT = '2026-09-01'
const brokers = inject('kafkaBrokers')
const environment = { KAFKA_BROKERS: brokers, SCHEMAS_FOLDER: '/nowhere' }
const prefixes: string[] = []

let folder: TemporaryFolder

beforeAll(async () => {
  folder = await temporaryFolder('rehearse-others')
})

afterAll(async () => {
  for (const prefix of prefixes) await removeTopics(brokers, prefix)
  await folder.remove()
})

/** Of topics that hold what somebody else has written. */
function newPrefix(): string {
  const prefix = `t${randomUUID().slice(0, 8)}`
  prefixes.push(prefix)
  return prefix
}

async function candidate(
  name: string,
  date = NEXT,
  changes: Parameters<typeof writeCandidate>[3] = new Map(),
) {
  return await writeCandidate(join(folder.path, name), CURRENT, date, changes)
}

describe('schemas rehearse, without an ingress of ours', () => {
  it('needs no registry, catalogue or quarantine: a folder says what is typed today', async () => {
    const prefix = newPrefix()
    const body = JSON.parse(await sampleFor(newEndpoint({ live_mode: true }), 'card.created'))
    const value = await new ValueWriter('card').encode(body)
    await produce(brokers, `${prefix}.live.card`, [{ value }, { value: 'of somebody else' }])

    const path = await candidate('other', NEXT, new Map([['card:card.status', () => null]]))
    const variables = { ...environment, TOPIC_PREFIX: prefix }
    const args = [path, '--version', CURRENT] as const
    const unknown = await rehearseIn(variables, ...args)
    expect([unknown.code, unknown.out]).toEqual([0, expect.stringContaining('no schema of')])
    expect(unknown.out).toContain('+ card:card.status in card.created: no field (string)')
    expect(unknown.out).toMatch(/2 records read, 1 of them no events of ours/)
    expect(unknown.out).toMatch(/not ours to see: .*\.sandbox\.quarantine/)
    const known = await rehearseIn(variables, ...args, '--known', 'schemas')
    expect([known.code, known.out]).toEqual([1, expect.stringContaining('FAILS card:card.status')])
  })

  it('excuses nothing by a schema that is registered and does not route yet', async () => {
    const prefix = newPrefix()
    const own = { data: { card: { status: 7 } } }
    const value = await sampleFor(newEndpoint(), 'card.created', CURRENT, own)
    const headers = { reason: 'unknown_version', api_version: CURRENT }
    await produce(brokers, `${prefix}.sandbox.quarantine`, [{ value, headers }])
    const entry = await catalogueMessage(CURRENT)
    const waiting = entry.value.replace('"state":"active"', '"state":"unknown"')
    await produce(brokers, `${prefix}.control`, [{ ...entry, value: waiting }])

    const variables = { ...environment, TOPIC_PREFIX: prefix }
    const path = await candidate('waiting', CURRENT)
    const run = await rehearseIn(variables, path)
    expect([run.code, run.out]).toEqual([1, expect.stringContaining('FAILS card:card.status')])
    await produce(brokers, `${prefix}.control`, [entry])
    const routed = await rehearseIn(variables, path)
    expect([routed.code, routed.out]).toEqual([0, expect.stringContaining('as today card:card.st')])
  })

  it('says in one sentence that Kafka is away', async () => {
    const away = { ...environment, KAFKA_BROKERS: '127.0.0.1:1' }
    const run = await rehearseIn(away, await candidate('away'))
    expect(run).toEqual({ code: 1, out: '', err: 'Kafka at 127.0.0.1:1 cannot be reached' })
  })
})
