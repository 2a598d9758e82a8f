import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { readLog } from '../../fixtures/log-reader.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, newEndpoint, nowSeconds, sampleFor, ulid } from './stage.ts'

const POLICIES = ['quarantine', 'reject', 'accept'] as const
type Policy = (typeof POLICIES)[number]

const endpoint = newEndpoint()
const secret = endpoint.secrets[0]?.value ?? ''
const stages = new Map<Policy, IngressStage>()

beforeAll(async () => {
  for (const policy of POLICIES) {
    const oldHeader = String(policy !== 'reject')
    const settings = { STALE_SIGNATURE: policy, OLD_SIGNATURE_HEADER: oldHeader }
    // One beside the other on the same topics: every body is of one of them alone.
    const beside = [...stages.values()].map(({ prefix }) => ({ prefix }))[0]
    stages.set(policy, await IngressStage.set({ endpoints: [endpoint], settings, ...beside }))
  }
})

afterAll(async () => {
  await Promise.all([...stages.values()].map((stage) => stage.stop()))
})

function stageOf(policy: Policy): IngressStage {
  const stage = stages.get(policy)
  if (stage === undefined) throw new Error('no stage')
  return stage
}

/** What became of a webhook, in two words. */
function outcomeOf({ status, body }: HttpAnswer): readonly [number, unknown] {
  const code = (body.error as { code?: unknown } | undefined)?.code
  return [status, code ?? body.set_aside ?? (body.duplicate === true ? 'duplicate' : 'stored')]
}

/** As the sender would: what cannot be judged yet, for want of a fresh catalogue, is sent again. */
async function post(
  policy: Policy,
  body: Buffer,
  headers: Record<string, string | string[]>,
): Promise<HttpAnswer> {
  return await eventually(
    async () => {
      const answer = await stageOf(policy).raw(body, endpoint.id, headers)
      return outcomeOf(answer)[1] === 'catalogue_unavailable' ? null : answer
    },
    { withinMs: 30_000 },
  )
}

describe('the old signature header', () => {
  const OLD = 'X-QairoPay-Signature'
  const NEW = 'QairoPay-Signature'

  const countOf = async (policy: Policy, header: string) => {
    const metric = await stageOf(policy)
      .metrics.getSingleMetric('ingress_verified_webhooks_total')
      ?.get()
    return metric?.values.find(({ labels }) => labels.header === header)?.value
  }

  it('is as good as the new one where that is missing, and is counted apart', async () => {
    const before = [await countOf('quarantine', OLD), await countOf('quarantine', NEW)]
    const body = Buffer.from(await sampleFor(endpoint, 'card.created', '2025-11-01'))
    const value = signatureHeader(secret, body, nowSeconds())
    expect(outcomeOf(await post('quarantine', body, { [OLD]: value }))).toEqual([200, 'stored'])
    const again = await post('quarantine', body, { [NEW]: value })
    expect(outcomeOf(again)).toEqual([200, 'duplicate'])
    const after = [await countOf('quarantine', OLD), await countOf('quarantine', NEW)]
    expect(after).toEqual(before.map((count) => (count ?? Number.NaN) + 1))
    const line = stageOf('quarantine').logLines.find((text) => text.includes(`"${OLD}"`))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ endpoint_id: endpoint.id, outcome: 'stored' })
  })

  it('does not count beside a new one, whatever either says', async () => {
    const body = Buffer.from(await sampleFor(endpoint))
    const good = signatureHeader(secret, body, nowSeconds())
    const wrong = signatureHeader('wrong', body, nowSeconds())
    const before = await countOf('quarantine', OLD)
    const both = (fresh: string | string[], old: string | string[]) =>
      post('quarantine', body, { [NEW]: fresh, [OLD]: old })
    expect(outcomeOf(await both(wrong, good))).toEqual([400, 'invalid_signature'])
    expect(outcomeOf(await both('nonsense', good))).toEqual([400, 'malformed_header'])
    expect(outcomeOf(await both([good, good], good))).toEqual([400, 'malformed_header'])
    expect(outcomeOf(await both(good, 'nonsense'))).toEqual([200, 'stored'])
    expect(outcomeOf(await both(good, [wrong, wrong]))).toEqual([200, 'duplicate'])
    expect(await countOf('quarantine', OLD)).toBe(before)
  })

  it('that stands there twice is malformed', async () => {
    const body = Buffer.from(await sampleFor(endpoint))
    const value = signatureHeader(secret, body, nowSeconds())
    const answer = await post('quarantine', body, { [OLD]: [value, value] })
    expect(outcomeOf(answer)).toEqual([400, 'malformed_header'])
  })

  it('is not read when it is switched off', async () => {
    const body = Buffer.from(await sampleFor(endpoint))
    const value = signatureHeader(secret, body, nowSeconds())
    const answer = await post('reject', body, { [OLD]: value })
    expect(outcomeOf(answer)).toEqual([400, 'malformed_header'])
    expect(outcomeOf(await post('reject', body, { [NEW]: value }))).toEqual([200, 'stored'])
    expect(await countOf('reject', OLD)).toBe(0)
  })
})

describe('a signature outside the tolerance', () => {
  type Row = readonly [
    what: string,
    body: (id: string) => Promise<string>,
    outcomes: Readonly<Record<Policy, readonly [number, string]>>,
  ]

  const event = (changes: Readonly<Record<string, unknown>>) => (id: string) =>
    sampleFor(endpoint, undefined, undefined, { id, ...changes })
  const same = (status: number, word: string) => ({
    quarantine: [status, word] as const,
    reject: [status, word] as const,
    accept: [status, word] as const,
  })
  const late = { reject: [425, 'timestamp_out_of_tolerance'] } as const

  const rows: readonly Row[] = [
    [
      'of a good event',
      event({}),
      { ...late, quarantine: [202, 'stale_signature'], accept: [200, 'stored'] },
    ],
    [
      'of a body that is no JSON',
      async (id) => `no json ${id}`,
      { ...late, quarantine: [202, 'malformed'], accept: [202, 'malformed'] },
    ],
    [
      'of an unknown version',
      event({ api_version: '2031-01-01' }),
      { ...late, quarantine: [202, 'stale_signature'], accept: [202, 'unknown_version'] },
    ],
    [
      'of a body that does not fit its schema',
      event({ data: { transaction: { id: 7 } } }),
      { ...late, quarantine: [202, 'stale_signature'], accept: [202, 'schema_mismatch'] },
    ],
    [
      'of an event of another tenant',
      event({ tenant_id: `tnt_${ulid()}` }),
      same(403, 'tenant_mismatch'),
    ],
    ['of an event of the other mode', event({ live_mode: true }), same(403, 'mode_mismatch')],
  ]

  const cases = POLICIES.flatMap((policy) =>
    // To the future not by a second: the clock moves on while a request waits for a busy machine.
    [-301, 900, -86_400, 86_400].flatMap((seconds) =>
      rows.map(([what, bodyOf, outcomes]) => ({ policy, seconds, what, bodyOf, outcomes })),
    ),
  )

  it('comes to what the policy says, and lies where the answer says', async () => {
    const sent = await Promise.all(
      cases.map(async (one) => {
        const id = `evt_${ulid()}`
        const body = Buffer.from(await one.bodyOf(id))
        const value = signatureHeader(secret, body, nowSeconds() + one.seconds)
        const answer = await post(one.policy, body, { 'QairoPay-Signature': value })
        return { ...one, body, answer }
      }),
    )
    for (const { policy, seconds, what, outcomes, answer } of sent) {
      const name = `${policy} ${seconds} ${what}`
      expect([name, ...outcomeOf(answer)]).toEqual([name, ...outcomes[policy]])
    }
    const stage = stageOf('accept')
    const topics = [stage.topic('quarantine'), stage.topic('card')]
    const records = await readLog({ brokers: stage.brokers, topics })
    const aside = records.filter(({ topic }) => topic === topics[0])
    const stored = records.filter(({ topic }) => topic === topics[1])
    const valueIn = (among: typeof records, body: Buffer) =>
      among.find(({ value }) => value?.includes(body))
    for (const policy of POLICIES) {
      for (const { what, body, answer } of sent.filter((one) => one.policy === policy)) {
        const [status, word] = outcomeOf(answer)
        const record = valueIn(aside, body)
        const reason = status === 202 || status === 403 ? word : undefined
        expect([what, record?.headers.reason]).toEqual([what, reason])
        expect([what, valueIn(stored, body) !== undefined]).toEqual([what, status === 200])
      }
    }
  })

  it.each(POLICIES)('comes to what is known of the id first: %s', async (policy) => {
    const text = await sampleFor(endpoint)
    const sendAt = async (body: Buffer, seconds: number) => {
      const value = signatureHeader(secret, body, nowSeconds() + seconds)
      return outcomeOf(await post(policy, body, { 'QairoPay-Signature': value }))
    }
    expect(await sendAt(Buffer.from(text), 0)).toEqual([200, 'stored'])
    expect(await sendAt(Buffer.from(text), -3600)).toEqual([200, 'duplicate'])
    expect(await sendAt(Buffer.from(`${text} `), -3600)).toEqual([202, 'id_conflict'])
  })

  it('is told by the record and by the line about it where it was accepted', async () => {
    const body = Buffer.from(await sampleFor(endpoint))
    const value = signatureHeader(secret, body, nowSeconds() - 3600)
    await post('accept', body, { 'QairoPay-Signature': value })
    const { id } = JSON.parse(body.toString())
    const line = stageOf('accept').logLines.find((text) => text.includes(id))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'info', stale_signature: true })
  })

  it.each([-240, 300])('is not what lies %i s from now', async (seconds) => {
    const body = Buffer.from(await sampleFor(endpoint))
    const value = signatureHeader(secret, body, nowSeconds() + seconds)
    const answer = await post('reject', body, { 'QairoPay-Signature': value })
    expect(outcomeOf(answer)).toEqual([200, 'stored'])
  })
})
