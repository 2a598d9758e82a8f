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

/** Where a copy lies is all that may tell it from another. */
function withoutOffset({ offset: _offset, ...rest }: StockEvent) {
  return rest
}

/**
 * What a client has printed, once it is so many events, by event id. Topics are at-least-once: where
 * a broker is slow to answer, the ingress writes a record again, so an event may have copies.
 */
async function printed(reading: StockReading, count: number): Promise<Map<unknown, StockEvent[]>> {
  const { events } = reading
  const byId = () => Map.groupBy(events, ({ event }) => event.id)
  await eventually(() => {
    reading.check()
    return byId().size >= count
  }, patience)
  const found = byId()
  expect(new Set(events.map(placeOf)).size).toBe(events.length)
  expect(found.size).toBe(count)
  for (const [first, ...copies] of found.values()) {
    if (first === undefined) throw new Error('an id without an event')
    for (const copy of copies) expect(withoutOffset(copy)).toEqual(withoutOffset(first))
  }
  return found
}

/** The copy that was acknowledged; the others are equal to it. */
async function expectFound(
  copies: readonly StockEvent[] | undefined,
  event: SentEvent,
): Promise<StockEvent> {
  const found = copies?.find(({ offset }) => offset === event.offset)
  if (found === undefined) throw new Error(`${event.text.slice(0, 200)} was not read`)
  expect(found).toEqual(await expectedOf(event, found))
  const { namespace, name } = await registeredSchema(inject('registryUrl'), found.schema_id)
  expect(`${namespace}.${name}`).toBe(recordNameOf(event))
  return found
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
    const programs = [...found.values()]
      .flat()
      .filter(({ topic }) => topic === stage.topic('program'))
    expect(new Set(programs.map(({ partition }) => partition)).size).toBe(EVENT_PARTITIONS)
  })
})

// After all of the above have counted what they read.
describe.each(NAMES)('a stock client in %s that is already running', (name) => {
  it('looks up the schema of a version that is registered while it runs', async (context) => {
    const reading = readingOf(name, context)
    const event = await later()
    const copies = (await printed(reading, sent.length + 1)).get(idOf(event))
    const found = await expectFound(copies, event)
    expect(found.event.card).toMatchObject({ limit_cents: 9_007_199_254_740_993n })
  })
})
