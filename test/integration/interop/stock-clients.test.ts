import { randomUUID } from 'node:crypto'
import type { TestContext } from 'vitest'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { DOMAINS, EVENT_PARTITIONS, MODES } from '#core/routing.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { registeredSchema } from '../../fixtures/registered-schema.ts'
import type { StockProgram } from '../../fixtures/stock-programs.ts'
import { goProgram, javaFollower, pythonProgram } from '../../fixtures/stock-programs.ts'
import type { StockEvent } from '../../fixtures/stock-reader.ts'
import { StockReading } from '../../fixtures/stock-reader.ts'
import { IngressStage, newEndpoint } from '../ingress/stage.ts'
import type { SentEvent } from './stage.ts'
import {
  endpointPerPartition,
  expectedOf,
  newVersionFolder,
  recordNameOf,
  sendEverySample,
  sendExtremes,
  sendNewVersion,
} from './stage.ts'

const minute = 60_000
const patience = { withinMs: minute }
const LATER = '2032-04-05'

const PROGRAMS: Readonly<Record<string, () => Promise<StockProgram>>> = {
  'Java (Apache Kafka and Avro)': javaFollower,
  'Python (confluent-kafka)': pythonProgram,
  'Go (franz-go and twmb/avro)': goProgram,
}
const NAMES = Object.keys(PROGRAMS)

let stage: IngressStage
let sent: SentEvent[]
/** What each client is doing, or why this machine has no such client. */
const readings = new Map<string, StockReading | string>()

async function startReading(name: string): Promise<void> {
  const program = await PROGRAMS[name]?.()
  if (program?.kind !== 'ready') {
    const reason = `${name} is not tried: ${program?.reason}`
    // The default reporter counts what is skipped and keeps the reason to itself.
    process.stderr.write(`${reason}\n`)
    readings.set(name, reason)
    return
  }
  const topics = MODES.flatMap((mode) => DOMAINS.map((domain) => stage.topic(domain, mode)))
  const { brokers } = stage
  const question = { brokers, registry: inject('registryUrl'), topics, group: randomUUID() }
  readings.set(name, await StockReading.start(await program.commandFor(question)))
}

// A first run builds the Go client and installs the Python one; later runs find them.
beforeAll(async () => {
  const endpoints = [...endpointPerPartition(), newEndpoint({ live_mode: true })]
  stage = await IngressStage.set({ endpoints })
  const started = Promise.all(NAMES.map(startReading))
  sent = [
    ...(await sendEverySample(stage, endpoints)),
    ...(await sendExtremes(stage, stage.endpoint)),
  ]
  await started
}, 10 * minute)

afterAll(async () => {
  for (const reading of readings.values()) {
    if (typeof reading !== 'string') await reading.stop()
  }
  await stage?.stop()
})

/** The client at work, or a skipped test that says why there is none. */
function readingOf(name: string, { skip }: TestContext): StockReading {
  const reading = readings.get(name) ?? `${name} was not started`
  return typeof reading === 'string' ? skip(reading) : reading
}

function placeOf({ topic, partition, offset }: StockEvent): string {
  return `${topic}/${partition}/${offset}`
}

/** What a client has printed, by event id, once it is so many events. */
async function printed(reading: StockReading, count: number): Promise<Map<unknown, StockEvent>> {
  const { events } = reading
  await eventually(() => {
    reading.check()
    return events.length >= count
  }, patience)
  expect(new Set(events.map(placeOf)).size).toBe(events.length)
  expect(events).toHaveLength(count)
  return new Map(events.map((event) => [event.event.id, event]))
}

async function expectFound(found: StockEvent | undefined, event: SentEvent): Promise<void> {
  if (found === undefined) throw new Error(`${event.text.slice(0, 200)} was not read`)
  expect(found).toEqual(await expectedOf(event, found))
  const { namespace, name } = await registeredSchema(inject('registryUrl'), found.schema_id)
  expect(`${namespace}.${name}`).toBe(recordNameOf(event))
}

function idOf({ text }: SentEvent): unknown {
  return JSON.parse(text).id
}

let laterEvent: Promise<SentEvent> | null = null

/** An event of a version that is registered when this is first asked for. */
function later(): Promise<SentEvent> {
  laterEvent ??= (async () => {
    await stage.register(await newVersionFolder(stage, LATER))
    await stage.routes(4)
    return await sendNewVersion(stage, stage.endpoint, LATER)
  })()
  return laterEvent
}

describe.each(NAMES)('a stock client in %s', (name) => {
  it('decodes every sample of every version, from every partition, field by field', async (context) => {
    const found = await printed(readingOf(name, context), sent.length)
    for (const event of sent) await expectFound(found.get(idOf(event)), event)
    const programs = [...found.values()].filter(({ topic }) => topic === stage.topic('program'))
    expect(new Set(programs.map(({ partition }) => partition)).size).toBe(EVENT_PARTITIONS)
  })
})

// After all of the above have counted what they read.
describe.each(NAMES)('a stock client in %s that is already running', (name) => {
  it('looks up the schema of a version that is registered while it runs', async (context) => {
    const reading = readingOf(name, context)
    const event = await later()
    const found = (await printed(reading, sent.length + 1)).get(idOf(event))
    await expectFound(found, event)
    expect(found?.event.card).toMatchObject({ limit_cents: 9_007_199_254_740_993n })
  })
})
