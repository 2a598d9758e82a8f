import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { APPROVAL, DecisionServer } from '../../fixtures/decision-server.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { readLog } from '../../fixtures/log-reader.ts'
import { IngressStage, newEndpoint, nowSeconds, sampleFor, ulid } from './stage.ts'

const POLICIES = ['count', 'quarantine', 'off'] as const
type Policy = (typeof POLICIES)[number]

/** Published for tests; nobody's. */
const CARD = '4000 0012 3456 7899'
const DIGITS = CARD.replaceAll(' ', '')
const PARTS = [CARD, DIGITS, CARD.replaceAll(' ', '-'), '0012 3456', '00123456']

let service: DecisionServer
const stages = new Map<Policy, IngressStage>()
const endpoint = newEndpoint()
let deciding = newEndpoint()

beforeAll(async () => {
  service = await DecisionServer.start((response) => void response.writeHead(200).end(APPROVAL))
  deciding = newEndpoint({ decision_url: service.url })
  for (const policy of POLICIES) {
    const settings = { CARD_NUMBERS: policy }
    const endpoints = [endpoint, deciding]
    // One beside the other on the same topics: every body is of one of them alone.
    const beside = [...stages.values()].map(({ prefix }) => ({ prefix }))[0]
    stages.set(policy, await IngressStage.set({ endpoints, settings, level: 'trace', ...beside }))
  }
})

afterAll(async () => {
  await Promise.all([...stages.values()].map((stage) => stage.stop()))
  await service.stop()
})

function stageOf(policy: Policy): IngressStage {
  const stage = stages.get(policy)
  if (stage === undefined) throw new Error('no stage')
  return stage
}

async function countOf(policy: Policy, domain: string): Promise<number> {
  const metric = await stageOf(policy).metrics.getSingleMetric('ingress_card_numbers_total')?.get()
  return metric?.values.find(({ labels }) => labels.domain === domain)?.value ?? 0
}

/** An event whose merchant is named so. */
async function eventWith(name: unknown, field = 'name'): Promise<string> {
  const event = JSON.parse(await sampleFor(endpoint))
  event.data.transaction.merchant[field] = name
  return JSON.stringify(event)
}

function lineOf(policy: Policy, body: string): Readonly<Record<string, unknown>> {
  const { id } = JSON.parse(body)
  return JSON.parse(stageOf(policy).logLines.find((line) => line.includes(id)) ?? '{}')
}

describe('an event with a card number in a value', () => {
  it('is stored and counted under count, and the line names the field', async () => {
    const before = await countOf('count', 'card')
    const body = await eventWith(`paid with ${CARD} today`)
    const answer = await stageOf('count').send(body, endpoint)
    expect([answer.status, answer.body]).toEqual([200, { received: true, id: expect.anything() }])
    expect(await countOf('count', 'card')).toBe(before + 1)
    expect(lineOf('count', body)).toMatchObject({
      level: 'info',
      outcome: 'stored',
      detail: 'a card number in data.transaction.merchant.name',
    })
    expect((await stageOf('count').send(body, endpoint)).body.duplicate).toBe(true)
    expect(await countOf('count', 'card')).toBe(before + 1)
  })

  it('never reaches a domain topic under quarantine, and rings', async () => {
    const stage = stageOf('quarantine')
    const alarms = await stage.metric('ingress_alarms_total')
    const before = await countOf('quarantine', 'card')
    const bodies = [
      await eventWith(DIGITS),
      await eventWith(Number(DIGITS), 'pan'),
      await eventWith([{ [`of ${ulid()}`]: CARD.replaceAll(' ', '-') }], 'cards'),
    ]
    const answers = await Promise.all(bodies.map((body) => stage.send(body, endpoint)))
    for (const { status, body } of answers) {
      expect([status, body.set_aside]).toEqual([202, 'card_number'])
    }
    const topics = [stage.topic('quarantine'), stage.topic('card')]
    const records = await readLog({ brokers: stage.brokers, topics })
    for (const [i, body] of bodies.entries()) {
      const found = records.filter(({ value }) => value?.includes(body))
      expect(found.map(({ topic }) => topic)).toEqual([stage.topic('quarantine')])
      const where = i === 0 ? 'data.transaction.merchant.name' : 'a field that no schema knows'
      expect(found[0]?.headers).toMatchObject({
        reason: 'card_number',
        detail: `a card number in ${where}`,
      })
      expect(lineOf('quarantine', body)).toMatchObject({ level: 'error', reason: 'card_number' })
    }
    expect(await countOf('quarantine', 'card')).toBe(before + 3)
    expect(await stage.metric('ingress_alarms_total')).toBe(alarms + 3)
  })

  it('is an event like any other where nobody looks', async () => {
    const body = await eventWith(CARD)
    expect((await stageOf('off').send(body, endpoint)).status).toBe(200)
    expect(await countOf('off', 'card')).toBe(0)
    expect(lineOf('off', body)).toMatchObject({ level: 'debug', detail: null })
  })

  it('keeps the reason that it is set aside for anyway', async () => {
    const event = JSON.parse(await eventWith(CARD))
    const body = JSON.stringify({ ...event, api_version: '2031-01-01' })
    const answer = await eventually(
      async () => {
        const reply = await stageOf('quarantine').send(body, endpoint)
        return reply.status === 503 ? null : reply
      },
      { withinMs: 30_000 },
    )
    expect(answer.body.set_aside).toBe('unknown_version')
  })
})

describe.each(POLICIES)('a planted card number under %s', (policy) => {
  it('shows in no line at trace level, no figure and no answer', async () => {
    const stage = stageOf(policy)
    const secret = endpoint.secrets[0]?.value ?? ''
    const event = JSON.parse(await sampleFor(endpoint))
    const told = (changes: object) => JSON.stringify({ ...event, id: `evt_${ulid()}`, ...changes })
    const twice = told({ note: 1 })
    const bodies = [
      await eventWith(CARD),
      await eventWith(Number(DIGITS), 'category_code'),
      told({ data: { [CARD]: { [DIGITS]: CARD } } }),
      told({ data: { transaction: { id: DIGITS } } }),
      told({ data: { transaction: { id: Number(DIGITS) } } }),
      told({ [DIGITS]: DIGITS }),
      told({ type: `card.${DIGITS}x`, created: CARD }),
      told({ created: CARD }),
      told({ type: `card.${DIGITS}` }),
      told({ live_mode: CARD }),
      told({ tenant_id: `tnt_${ulid()}`, note: CARD }),
      told({ live_mode: true, note: CARD }),
      told({ api_version: '2031-01-01', note: CARD }),
      twice,
      twice.replace('"note":1', `"note":"${CARD}"`),
      `{"id":"evt_1","note":"${CARD}","id":"${CARD}"}`,
      `not json ${CARD}`,
      CARD,
      `{"a":${'['.repeat(80)}"${CARD}"${']'.repeat(80)}}`,
      JSON.stringify({ type: 'card.transaction.authorization_request', pan: CARD }),
    ]
    const answers: unknown[] = []
    for (const text of bodies) {
      const body = Buffer.from(text)
      for (const age of [0, 3600]) {
        const signature = signatureHeader(secret, body, nowSeconds() - age)
        const headers = { 'QairoPay-Signature': signature, 'content-type': `text/${DIGITS}` }
        answers.push((await stage.raw(body, endpoint.id, headers)).body)
      }
      answers.push((await stage.send(body, deciding, { traceparent: CARD })).body)
      answers.push((await stage.raw(body, DIGITS, { 'QairoPay-Signature': CARD })).body)
    }
    expect(answers).toHaveLength(bodies.length * 4)
    expect(service.calls.at(-1)?.body.toString()).toContain(CARD)
    const said = stage.logLines.join('') + (await stage.metrics.metrics()) + JSON.stringify(answers)
    expect(said).toContain('webhook.received')
    for (const part of PARTS) expect(said).not.toContain(part)
  })
})
