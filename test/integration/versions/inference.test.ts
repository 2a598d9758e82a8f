import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { LogRecord } from '../../fixtures/log-reader.ts'
import type { FieldChange } from '../../fixtures/schema-changes.ts'
import { changeField } from '../../fixtures/schema-changes.ts'
import { newEndpoint, sampleFor } from '../ingress/stage.ts'
import { QuarantineStage } from '../quarantine/stage.ts'

const VERSION = '2032-06-06'
/** As short as an ingress allows, so that what waits for them is short as well. */
const SETTINGS = { CATALOGUE_LEASE_MS: '2000', RECORD_DEADLINE_MS: '1000' }
const endpoint = newEndpoint()

let stage: QuarantineStage
let folder: string

beforeAll(async () => {
  stage = await QuarantineStage.set([endpoint], SETTINGS)
  folder = join(stage.ingress.folder.path, VERSION)
})

afterAll(async () => {
  await stage.stop()
})

/** An event type that no version has, about a resource that no version has. */
async function send(cents: number): Promise<{ readonly status: number; readonly body: string }> {
  const refund = { id: `ref_${cents}`, amount_cents: cents, reason: cents % 2 === 0 ? 'x' : null }
  const own = { type: 'card.refunded', api_version: VERSION, data: { refund } }
  const body = await sampleFor(endpoint, undefined, undefined, own)
  return { status: (await stage.ingress.send(body, endpoint)).status, body }
}

async function edit(changes: Readonly<Record<string, FieldChange>>): Promise<void> {
  const file = join(folder, 'card.avsc')
  const schema = JSON.parse(await readFile(file, 'utf8'))
  for (const [path, change] of Object.entries(changes)) changeField(schema, path, change)
  await writeFile(file, JSON.stringify(schema))
}

/** What somebody reads who has the registry and none of our code. */
async function decoded({ value }: LogRecord) {
  const registry = new RegistryClient({ url: inject('registryUrl') })
  const text = await registry.schemaText(schemaIdOf(value ?? Buffer.alloc(0)) ?? 0)
  if (text.kind !== 'ok' || text.value === null) throw new Error('no schema')
  const read = compileEventDecoder({ schemaText: text.value }).decode(value ?? Buffer.alloc(0))
  if (!read.ok) throw new Error(read.reason)
  return read.event
}

it('a resource that nobody knew goes from its first events to a typed topic: infer, edit, check, add', async () => {
  await eventually(async () => (await send(2)).status === 202, { withinMs: 30_000 })
  const sent = [await send(1250), await send(1251)]
  expect(sent.map(({ status }) => status)).toEqual([202, 202])

  const inferred = await stage.runVerb(['schemas', 'infer', '--version', VERSION, '--out', folder])
  expect(inferred.fault).toBeNull()
  const report = inferred.lines.join('\n')
  expect(report).toMatch(/\+ card\.refunded: \d+; not sampled in the version before/)
  expect(report).toMatch(/\+ refund: new resource: record \(seen in (\d+) of \1\)/)
  expect(report).toMatch(/\+ refund\.amount_cents: new: long \(seen in (\d+) of \1\)/)
  expect(report).not.toMatch(/ref_\d|125[01]/)

  // A person says what is personal data and what is certain; once wrongly, once rightly.
  const amount = (type: string): FieldChange => {
    return ({ name }) => ({ name, type: ['null', type], default: null, doc: 'Refunded, in cents.' })
  }
  const check = () => stage.runVerb(['schemas', 'check', folder])
  await edit({ 'refund.amount_cents': amount('int') })
  const wrong = await check()
  expect([wrong.fault?.exitCode, wrong.lines.join('\n')]).toEqual([
    1,
    expect.stringContaining('card.avsc: refund.amount_cents: int is not used'),
  ])
  await edit({ 'refund.amount_cents': amount('long') })
  const right = await check()
  expect([right.fault, right.lines.join('\n')]).toEqual([
    null,
    expect.stringContaining('+ refund (record)'),
  ])

  const added = await stage.runVerb(['versions', 'add', folder, '--json'])
  expect(added.fault).toBeNull()
  const { state, released, stayed } = JSON.parse(added.lines[0] ?? '')
  expect([state, stayed]).toEqual(['active', 0])
  await eventually(async () => (await send(1252)).status === 200, { withinMs: 10_000 })

  const records = await stage.ingress.records('card')
  const events = await Promise.all(records.map(decoded))
  expect(events.length).toBeGreaterThan(released)
  const byBody = new Map(events.map((event) => [event.raw.toString(), event.resources.refund]))
  expect(sent.map(({ body }) => byBody.get(body))).toEqual([
    { id: 'ref_1250', amount_cents: 1250n, reason: 'x' },
    { id: 'ref_1251', amount_cents: 1251n, reason: null },
  ])
})
