import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import { createLogger } from '#platform/log.ts'
import type { LogRecord } from '../../fixtures/log-reader.ts'
import { newEndpoint, sampleFor, ulid } from '../ingress/stage.ts'
import type { QuarantineStage } from '../quarantine/stage.ts'

const log = createLogger({ service: 'test', level: 'silent' })

export const CANARY = 'canary.ada@example.com'
export const own = newEndpoint()
export const strange = newEndpoint()
export const wrongMode = newEndpoint()
/** Whose events come in at the endpoint of somebody else. */
export const owner = `tnt_${ulid()}`

/** One for each reason, each with personal data where nobody expects it. */
export async function setEachReasonAside(stage: QuarantineStage): Promise<void> {
  const { ingress } = stage
  const secret = { note: CANARY, data: { transaction: { id: 'txn_1', nickname: CANARY } } }
  const body = (changes: object = {}, endpoint = own) =>
    sampleFor(endpoint, 'card.transaction.authorized', '2026-05-19', { ...secret, ...changes })
  const conflict = await body()
  const answers = [
    await ingress.send(`{"email":"${CANARY}"`, own),
    await ingress.send(await stage.newEvent(own, secret), own),
    await ingress.send(await body({ data: { transaction: { id: 5, email: CANARY } } }), own),
    await ingress.send(await body({ tenant_id: owner }), strange),
    await ingress.send(await body({ live_mode: true }, wrongMode), wrongMode),
    await stage.sendLate(await body(), own),
    await ingress.send(conflict, own),
    await ingress.send(conflict.replace('txn_1', 'txn_2'), own),
  ]
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 403, 403, 202, 200, 202])
}

/** An event of a card, as consumers read it. */
export async function decoded(record: LogRecord | undefined) {
  const schemaText = await readFile('schemas/2026-05-19/card.avsc', 'utf8')
  const result = compileEventDecoder({ schemaText }).decode(record?.value ?? Buffer.alloc(0))
  if (!result.ok) throw new Error(result.reason)
  return result.event
}

/** One after the last record of every partition. */
export async function endsOf(stage: QuarantineStage): Promise<string> {
  const topics = [stage.ingress.topic('quarantine'), stage.ingress.topic('card')]
  const connection = {
    brokers: [stage.ingress.brokers],
    clientId: 'test',
    ssl: false,
    sasl: null,
  }
  const ranges = await viewCluster(connection, log, (view) => view.ranges(topics))
  return JSON.stringify([...ranges], (_, value) => (typeof value === 'bigint' ? `${value}` : value))
}
