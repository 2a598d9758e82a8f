import { readdirSync, readFileSync } from 'node:fs'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import type { ResourceState } from '#consumers/runtime/projection.ts'
import { reconcile, statesOf } from '#consumers/runtime/projection.ts'
import { readRecord } from '#consumers/runtime/reading.ts'
import { parseEnvelope } from '#core/envelope.ts'
import { scanJson } from '#core/json-scan.ts'
import { domainOf, modeOf } from '#core/routing.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'

type Fields = Readonly<Record<string, unknown>>

/** One golden sample of a domain, taken through the codec and the domain's projection. */
export interface GoldenProjection {
  readonly version: string
  readonly type: string
  /** `data` as the sample holds it. */
  readonly data: Readonly<Record<string, Fields>>
  readonly states: readonly ResourceState[]
}

const schemas = new URL('../../../schemas/', import.meta.url)

/** All versions that have a folder of schemas. */
export function versions(): readonly string[] {
  return readdirSync(schemas).filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name))
}

function project(domain: DomainConsumer, version: string, text: string): GoldenProjection {
  const schemaText = readFileSync(new URL(`${version}/${domain.domain}.avsc`, schemas), 'utf8')
  const parsed = parseEnvelope(JSON.parse(text))
  if (!parsed.ok) throw new Error(parsed.fault.field)
  const { envelope } = parsed
  const encoded = compileEventEncoder({ schemaText, schemaId: 1 }).encode({
    envelope,
    previousAttributesText: scanJson(text).previousAttributes,
    endpointId: 'whk_1',
    receivedAtMs: 0,
    staleSignature: false,
    raw: Buffer.from(text),
  })
  if (!encoded.ok) throw new Error(encoded.path)
  const decoder = compileEventDecoder({ schemaText })
  const record = { offset: 0n, key: Buffer.from(envelope.tenantId), value: encoded.value }
  const reading = readRecord(record, {
    mode: modeOf(envelope.liveMode),
    schemaIdOf,
    decoderOf: () => (value) => decoder.decode(value),
  })
  if (reading.kind !== 'event') throw new Error(reading.reason)
  const data = envelope.data as GoldenProjection['data']
  const states = statesOf(domain, reading.event, reading.body)
  return { version, type: envelope.type, data, states }
}

/** All golden samples of a domain in all versions. */
export function goldenProjections(domain: DomainConsumer): readonly GoldenProjection[] {
  return versions().flatMap((version) => {
    const folder = new URL(`${version}/samples/`, schemas)
    return readdirSync(folder)
      .filter((name) => domainOf(name.replace(/\.json$/, '')) === domain.domain)
      .map((name) => project(domain, version, readFileSync(new URL(name, folder), 'utf8')))
  })
}

function named(names: readonly string[], values: readonly unknown[]): Fields {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]))
}

/** Amounts of the samples are small enough for JSON numbers. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? Number(one) : one)),
  )
}

function rowOf(state: ResourceState): Fields {
  const { projection, resourceId, columns, children } = state
  const { resource, milestones = {}, states, children: below } = projection
  const times = (reconcile([state], new Map()).changes[0]?.milestones ?? []).map((ms) =>
    ms === null ? null : new Date(ms).toISOString(),
  )
  return {
    [`${resource}_id`]: resourceId,
    ...named(Object.keys(projection.columns), columns),
    ...(states === undefined ? {} : { state: state.state }),
    ...named(Object.keys(milestones), times),
    ...(below === undefined
      ? {}
      : { [below.table]: children.map((child) => named(Object.keys(below.columns), child)) }),
  }
}

/** The rows that a sample gives, by table, as its golden file holds them. */
export function goldenRows({ states }: GoldenProjection): unknown {
  return plain(Object.fromEntries(states.map((state) => [state.projection.table, rowOf(state)])))
}

/** Where the golden file of a sample is. */
export function goldenFile(domain: DomainConsumer, { version, type }: GoldenProjection): URL {
  const folder = new URL('../../vectors/golden/', import.meta.url)
  return new URL(`${domain.domain}/${version}/${type}.json`, folder)
}
