import { isUtf8 } from 'node:buffer'
import type { Envelope } from '#core/envelope.ts'
import { parseEnvelope } from '#core/envelope.ts'
import type { ApiVersion, EndpointId, EventId, TenantId } from '#core/ids.ts'
import { scanJson } from '#core/json-scan.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS, domainOf } from '#core/routing.ts'
import type { TypedEvent } from '#platform/avro/event-decoder.ts'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import type { EventEncoder, EventToEncode } from '#platform/avro/event-encoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import type { CheckFinding } from './check-finding.ts'
import type { SchemaFolder } from './schema-files.ts'
import type { SampleFile } from './version-folder.ts'

/** What the samples of a version prove. */
export interface SampleCheck {
  readonly findings: readonly CheckFinding[]
  /** Event types with a sample. */
  readonly types: readonly string[]
  /** Keys under `data` that the schemas do not hold; they travel in `raw` alone. */
  readonly unknownFields: number
}

type Finding = Omit<CheckFinding, 'file'>

/** The codec of one domain. */
export interface Codec {
  readonly encoder: EventEncoder
  /** Inferred fields as strict as the others, so that a misfit is named instead of written null. */
  readonly strict: EventEncoder
  readonly decode: ReturnType<typeof compileEventDecoder>['decode']
}

const SCHEMA_ID = 1
const ENDPOINT = 'whk_00000000000000000000000000' as EndpointId

function finding(rule: CheckFinding['rule'], path: string, message: string): Finding {
  return { path, rule, message }
}

function withoutInference(schemaText: string): string {
  return JSON.stringify(
    JSON.parse(schemaText, (key, value) => (key === 'inferred' ? undefined : value)),
  )
}

function codecOf(schemaText: string): Codec {
  const decoder = compileEventDecoder({ schemaText })
  return {
    encoder: compileEventEncoder({ schemaText, schemaId: SCHEMA_ID }),
    strict: compileEventEncoder({ schemaText: withoutInference(schemaText), schemaId: SCHEMA_ID }),
    decode: (value) => decoder.decode(value),
  }
}

function eventOf(envelope: Envelope, text: string, raw: Buffer): EventToEncode {
  return {
    envelope,
    previousAttributesText: scanJson(text).previousAttributes,
    endpointId: ENDPOINT,
    receivedAtMs: envelope.createdMs,
    staleSignature: false,
    raw,
  }
}

/** What came out of the decoder, as the encoder takes it: the typed fields in place of the JSON. */
function asRead(event: TypedEvent, envelope: Envelope): EventToEncode {
  return {
    envelope: {
      ...envelope,
      id: event.id as EventId,
      type: event.type,
      createdMs: event.created,
      tenantId: event.tenantId as TenantId,
      liveMode: event.liveMode,
      apiVersion: event.apiVersion as ApiVersion,
      data: event.resources,
    },
    previousAttributesText: event.previousAttributes,
    endpointId: event.endpointId,
    receivedAtMs: event.receivedAt,
    staleSignature: event.staleSignature,
    raw: event.raw,
  }
}

/** The bytes, their reading and the bytes again must agree, and `raw` be the file. */
export function bytesFindings(
  codec: Pick<Codec, 'encoder' | 'decode'>,
  event: EventToEncode,
  value: Buffer,
): readonly Finding[] {
  const decoded = codec.decode(value)
  if (!decoded.ok) {
    return [finding('sample-bytes', '', `what was written cannot be read (${decoded.reason})`)]
  }
  if (!decoded.event.raw.equals(event.raw)) {
    return [finding('sample-bytes', 'raw', 'raw comes back changed')]
  }
  const again = codec.encoder.encode(asRead(decoded.event, event.envelope))
  if (again.ok && again.value.equals(value)) return []
  return [finding('sample-bytes', '', 'what was read is written as other bytes')]
}

function fitFindings(
  codec: Codec,
  event: EventToEncode,
): { readonly findings: readonly Finding[]; readonly unknownFields: number } {
  const strict = codec.strict.encode(event)
  if (!strict.ok) {
    const message = `does not hold what the schema says (${strict.expected})`
    return { findings: [finding('sample-misfit', strict.path, message)], unknownFields: 0 }
  }
  const encoded = codec.encoder.encode(event)
  if (!encoded.ok) {
    return { findings: [finding('sample-misfit', encoded.path, 'does not fit')], unknownFields: 0 }
  }
  return {
    findings: bytesFindings(codec, event, encoded.value),
    unknownFields: encoded.unknownFields,
  }
}

/** The text of a sample and its envelope, or why there is none. */
function envelopeOf(bytes: Buffer): { envelope: Envelope; text: string } | Finding {
  if (!isUtf8(bytes)) return finding('sample-json', '', 'is no UTF-8')
  const text = bytes.toString('utf8')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return finding('sample-json', '', 'is no JSON')
  }
  if (scanJson(text).repeatedKey) return finding('sample-json', '', 'repeats a key at the top')
  const parsed = parseEnvelope(body)
  if (parsed.ok) return { envelope: parsed.envelope, text }
  return finding('sample-envelope', parsed.fault.field, `must be ${parsed.fault.expected}`)
}

function nameFindings(name: string, envelope: Envelope, version: string): readonly Finding[] {
  const findings: Finding[] = []
  if (name !== `${envelope.type}.json`) {
    findings.push(finding('sample-name', 'type', 'is not the event type that names the file'))
  }
  if (envelope.apiVersion !== version) {
    findings.push(finding('sample-version', 'api_version', `must be ${version}`))
  }
  return findings
}

/** A sample whose resources the schema does not know proves nothing of it. */
function unknownFindings(envelope: Envelope, schemaText: string): readonly Finding[] {
  const names = Object.keys(envelope.data)
  const { fields } = JSON.parse(schemaText) as { fields: readonly { name: string }[] }
  const known = new Set(fields.map((field) => field.name))
  const [stranger] = names.filter((name) => !known.has(name))
  if (domainOf(envelope.type) === 'other' || stranger === undefined) return []
  // The name itself is the sample's, but a sample holds no real data.
  return [finding('sample-unknown', `data.${stranger}`, 'is no resource of the schema')]
}

function repeatedIds(ids: ReadonlyMap<string, string>): readonly CheckFinding[] {
  const seen = new Set<string>()
  return [...ids].flatMap(([file, id]) => {
    if (!seen.has(id)) {
      seen.add(id)
      return []
    }
    const message = 'another sample of this version has the same id'
    return [{ file, path: 'id', rule: 'sample-id' as const, message }]
  })
}

/**
 * Takes every sample through the codec: JSON to Avro, back, and to Avro again, byte for byte.
 * Pure. The schemas must have passed the linter.
 */
export function checkSamples(
  { version, schemas }: SchemaFolder,
  samples: readonly SampleFile[],
): SampleCheck {
  const codecs = Object.fromEntries(
    DOMAINS.map((domain) => [domain, codecOf(schemas[domain])]),
  ) as Record<Domain, Codec>
  const ids = new Map<string, string>()
  let unknownFields = 0
  const findings = samples.flatMap(({ name, bytes }): CheckFinding[] => {
    const file = `${version}/samples/${name}`
    const read = envelopeOf(bytes)
    if (!('envelope' in read)) return [{ file, ...read }]
    const { envelope, text } = read
    ids.set(file, envelope.id)
    const domain = domainOf(envelope.type)
    const fit = fitFindings(codecs[domain], eventOf(envelope, text, bytes))
    unknownFields += fit.unknownFields
    return [
      ...nameFindings(name, envelope, version),
      ...unknownFindings(envelope, schemas[domain]),
      ...fit.findings,
    ].map((found) => ({ file, ...found }))
  })
  const none: readonly CheckFinding[] =
    samples.length > 0
      ? []
      : [{ file: version, path: '', rule: 'no-samples', message: 'no sample proves the schemas' }]
  return {
    findings: [...none, ...findings, ...repeatedIds(ids)],
    types: samples.map(({ name }) => name.replace(/\.json$/, '')),
    unknownFields,
  }
}
