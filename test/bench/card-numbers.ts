import { readdirSync, readFileSync } from 'node:fs'
import { cardNumberPath } from '#core/card-numbers.ts'
import { domainOf } from '#core/routing.ts'
import { readEventBody } from '#ingress/event-body.ts'
import { parseSignatureHeader, signatureHeader, signingKey, verify } from '#ingress/signature.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import { AMBIGUOUS, HARMLESS, seeded } from '../fixtures/random-ids.ts'
import { surroundings } from './machine.ts'
import { spreadOf } from './measurements.ts'

/**
 * What the scanner for card numbers costs beside the rest of the work that an event asks of the
 * process itself (verify, read, encode), measured in turn, and how often it takes something
 * harmless for a card number. HTTP and Kafka come on top of that work, so the part of an event's
 * whole cost is smaller still.
 */
const VERSION = '2026-05-19'
const ROUNDS = 21
const EVENTS = 4000
const IDS = 1_000_000
const SECRET = 'secret of the bench'
const NOW_SECONDS = 1_780_000_000

const schemas = new URL(`../../schemas/${VERSION}/`, import.meta.url)
const secrets = [{ id: 'k1', key: signingKey(SECRET), notAfterMs: null }]

const events = readdirSync(new URL('samples/', schemas)).map((file) => {
  const text = JSON.stringify(JSON.parse(readFileSync(new URL(`samples/${file}`, schemas), 'utf8')))
  const domain = domainOf(file)
  const schemaText = readFileSync(new URL(`${domain}.avsc`, schemas), 'utf8')
  const body = Buffer.from(text)
  const header = signatureHeader(SECRET, body, NOW_SECONDS)
  return { text, body, header, encoder: compileEventEncoder({ schemaText, schemaId: 1 }) }
})

function eventAt(i: number): (typeof events)[number] {
  const event = events[i % events.length]
  if (event === undefined) throw new Error('no samples')
  return event
}

function work(i: number): void {
  const { body, header, encoder } = eventAt(i)
  const parsed = parseSignatureHeader(header)
  if (parsed === null) throw new Error('malformed')
  const result = verify(parsed, body, secrets, NOW_SECONDS, 300)
  if (result.kind !== 'verified') throw new Error('invalid')
  const read = readEventBody(result.body, 64)
  if (!read.ok) throw new Error(read.detail)
  encoder.encode({
    envelope: read.envelope,
    previousAttributesText: read.previousAttributesText,
    endpointId: 'whk_bench',
    receivedAtMs: NOW_SECONDS * 1000,
    staleSignature: false,
    raw: result.body,
  })
}

function scan(i: number): void {
  if (cardNumberPath(eventAt(i).text) !== null) throw new Error('a sample holds a card number')
}

/** Microseconds of CPU an event. */
function cost(deed: (i: number) => void): number {
  const before = process.cpuUsage()
  for (let i = 0; i < EVENTS; i += 1) deed(i)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / EVENTS
}

function rateOf(make: (next: () => number) => string | number): number {
  const next = seeded(20_260_519)
  let found = 0
  for (let i = 0; i < IDS; i += 1) {
    if (cardNumberPath(JSON.stringify({ a: make(next) })) !== null) found += 1
  }
  return found
}

const rounds = Array.from({ length: ROUNDS }, () => ({ work: cost(work), scan: cost(scan) })).slice(
  1,
)
const bytes = events.reduce((sum, { body }) => sum + body.length, 0) / events.length
const micro = (values: readonly number[]) => spreadOf(values).median.toFixed(2)
const share = spreadOf(rounds.map((round) => round.scan / round.work)).median * 100
process.stdout.write(
  `${events.length} samples of ${Math.round(bytes)} B on average: verify, read and encode ` +
    `${micro(rounds.map((round) => round.work))} us, scan ${micro(rounds.map((round) => round.scan))} us ` +
    `of CPU an event, ${share.toFixed(1)} % of it\n`,
)
for (const [kind, make] of Object.entries({ ...HARMLESS, ...AMBIGUOUS })) {
  process.stdout.write(`${kind}: ${rateOf(make)} of ${IDS}\n`)
}
process.stdout.write(`${await surroundings()}\n`)
