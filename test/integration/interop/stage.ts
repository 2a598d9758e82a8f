import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject } from 'vitest'
import { partitionOf } from '#core/murmur2.ts'
import { domainOf, EVENT_PARTITIONS, recordName } from '#core/routing.ts'
import { eventBody, sampleBody, sampleTypes, sampleVersions } from '#local/samples.ts'
import { expectedFields, registeredSchema } from '../../fixtures/registered-schema.ts'
import type { StockEvent } from '../../fixtures/stock-reader.ts'
import { exactJson } from '../../fixtures/stock-reader.ts'
import type { DeclaredEndpoint, IngressStage } from '../ingress/stage.ts'
import { newEndpoint, ulid } from '../ingress/stage.ts'

type Fields = Readonly<Record<string, unknown>>

/** A webhook that was answered 200. */
export interface SentEvent {
  readonly endpoint: DeclaredEndpoint
  /** The body as signed. */
  readonly text: string
  readonly topic: string
  readonly offset: string
  /** Milliseconds since the epoch, before and after the request. */
  readonly sentBetween: readonly [number, number]
}

/** As many tenants as partitions, one in each. */
export function endpointPerPartition(): DeclaredEndpoint[] {
  const found = new Map<number, DeclaredEndpoint>()
  while (found.size < EVENT_PARTITIONS) {
    const endpoint = newEndpoint()
    found.set(partitionOf(Buffer.from(endpoint.tenant_id), EVENT_PARTITIONS), endpoint)
  }
  return [...found.values()]
}

/** A sample with a new id for this endpoint; numbers beyond 2^53 as they are written. */
async function sampleText(
  endpoint: DeclaredEndpoint,
  version: string,
  type: string,
  changes: Fields = {},
): Promise<string> {
  return JSON.stringify({
    ...(await sampleBody(type, version)),
    id: `evt_${ulid()}`,
    tenant_id: endpoint.tenant_id,
    live_mode: endpoint.live_mode,
    ...changes,
  })
}

async function sendOne(
  stage: IngressStage,
  endpoint: DeclaredEndpoint,
  text: string,
): Promise<SentEvent> {
  const before = Date.now()
  const answer = await stage.send(text, endpoint)
  expect([text.slice(0, 200), answer.status, answer.body]).toMatchObject([{}, 200, {}])
  const { topic = '', offset = '' } = answer.at ?? {}
  return { endpoint, text, topic, offset, sentBetween: [before, Date.now()] }
}

/** Every sample of every version, from every endpoint. */
export async function sendEverySample(
  stage: IngressStage,
  endpoints: readonly DeclaredEndpoint[],
): Promise<SentEvent[]> {
  const sent: SentEvent[] = []
  for (const version of await sampleVersions()) {
    for (const type of await sampleTypes(version)) {
      const all = endpoints.map(async (endpoint) =>
        sendOne(stage, endpoint, await sampleText(endpoint, version, type)),
      )
      sent.push(...(await Promise.all(all)))
    }
  }
  return sent
}

const EXTREMES = [
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '-4503599627370497',
  '0',
]
/** Quotes, control characters, composed and decomposed letters, astral and private characters. */
const STRANGE = '"\\\u0001\n\u2028 e\u0301 \u00e9 \u{1f9fe} \u{10ffff} \ufeff'

/** What the samples do not show: the ends of every range, nothing at all, and what nobody knows. */
export async function sendExtremes(
  stage: IngressStage,
  endpoint: DeclaredEndpoint,
): Promise<SentEvent[]> {
  const version = '2026-05-19'
  const authorized = (changes: Fields) =>
    sampleText(endpoint, version, 'card.transaction.authorized', changes)
  const transaction = (amount: string) =>
    eventBody(`{"transaction":{"id":"txn_1","amount_cents":${amount},"unheard_of":1.5}}`)
  const texts = await Promise.all([
    ...EXTREMES.map((amount) => authorized({ data: transaction(amount) })),
    authorized({ data: {} }),
    authorized({ data: { transaction: null, card: { id: STRANGE, spending_controls: null } } }),
    authorized({ created: '1969-12-31T23:59:59.999Z' }),
    authorized({ created: '2026-05-19T10:00:00.123456Z' }),
    authorized({ data: { transaction: { id: '', note: 'x'.repeat(300_000) } } }),
    authorized({ type: 'loyalty.points.granted', data: { points: { amount: 3 } } }),
  ])
  const sent: SentEvent[] = []
  for (const text of texts) sent.push(await sendOne(stage, endpoint, text))
  return sent
}

/** A version of which nobody has heard, with a field that the others lack; its folder. */
export async function newVersionFolder(stage: IngressStage, date: string): Promise<string> {
  const folder = await stage.copyOfVersion('2026-05-19', date)
  const file = join(folder, date, 'card.avsc')
  const schema = JSON.parse(await readFile(file, 'utf8'))
  const card = schema.fields.find(({ name }: { name: string }) => name === 'card')
  card.type[1].fields.push({
    name: 'limit_cents',
    type: ['null', 'long'],
    default: null,
    doc: 'New.',
  })
  await writeFile(file, JSON.stringify(schema))
  return folder
}

/** Sends a card of the new version, with its new field. */
export async function sendNewVersion(
  stage: IngressStage,
  endpoint: DeclaredEndpoint,
  date: string,
): Promise<SentEvent> {
  const data = eventBody('{"card":{"id":"card_1","limit_cents":9007199254740993}}')
  const changes = { api_version: date, data }
  return await sendOne(
    stage,
    endpoint,
    await sampleText(endpoint, '2026-05-19', 'card.created', changes),
  )
}

function previousAttributes(body: Fields): Fields {
  if (!Object.hasOwn(body, 'previous_attributes')) return {}
  const { previous_attributes: previous } = body
  return { previous_attributes: previous === null ? null : JSON.stringify(previous) }
}

/**
 * What a client must print for a sent event, read off the body and the registry's schema alone;
 * `received_at` is the client's own, when it lies within the request.
 */
export async function expectedOf(sent: SentEvent, found: StockEvent): Promise<StockEvent> {
  const { endpoint, text, topic, offset, sentBetween } = sent
  const body = exactJson(text) as Fields
  const schema = await registeredSchema(inject('registryUrl'), found.schema_id)
  const receivedAt = Number(found.event.received_at)
  const [from, to] = sentBetween
  const envelope = {
    ...body,
    ...previousAttributes(body),
    created: Date.parse(String(body.created)),
    endpoint_id: endpoint.id,
    received_at: receivedAt >= from && receivedAt <= to ? receivedAt : `${from} to ${to}`,
    stale_signature: false,
    raw: Buffer.from(text).toString('base64'),
  }
  const ownKeys = new Set(Object.keys(envelope))
  const data = Object.entries(body.data as Fields).filter(([name]) => !ownKeys.has(name))
  return {
    topic,
    partition: partitionOf(Buffer.from(endpoint.tenant_id), EVENT_PARTITIONS),
    offset,
    key: endpoint.tenant_id,
    headers: {
      ce_id: String(body.id),
      ce_type: String(body.type),
      ce_source: `/qairopay/${endpoint.live_mode ? 'live' : 'sandbox'}/${endpoint.tenant_id}`,
      ce_specversion: '1.0',
    },
    schema_id: found.schema_id,
    event: expectedFields(schema.fields, { ...Object.fromEntries(data), ...envelope }),
  }
}

/** Full name of the record that the event must be written as. */
export function recordNameOf({ text }: SentEvent): string {
  const { type, api_version: version } = exactJson(text) as Fields
  return recordName(String(version), domainOf(String(type)))
}
