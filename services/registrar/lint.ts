import type { Domain } from '#core/routing.ts'
import { recordName } from '#core/routing.ts'
import { fieldAttributeFindings, recordAttributeFindings } from './lint-attributes.ts'
import type { Json, LintFinding } from './lint-finding.ts'
import { finding, isJsonObject } from './lint-finding.ts'
import type { Place } from './lint-resources.ts'
import { duplicateFieldFindings, joined, resourceFieldFindings } from './lint-resources.ts'

export type { LintFinding }

/** The folder and file a schema stands in. */
export interface SchemaPlace {
  readonly version: string
  readonly domain: string
}

interface EnvelopeField {
  readonly name: string
  readonly type: unknown
  /** undefined: the field has no default. */
  readonly default?: unknown
}

const timestamp = { type: 'long', logicalType: 'timestamp-millis' }

/** In this order, before the resources. */
const ENVELOPE: readonly EnvelopeField[] = [
  { name: 'id', type: 'string' },
  { name: 'type', type: 'string' },
  { name: 'created', type: timestamp },
  { name: 'tenant_id', type: 'string' },
  { name: 'live_mode', type: 'boolean' },
  { name: 'api_version', type: 'string' },
  { name: 'endpoint_id', type: 'string' },
  { name: 'received_at', type: timestamp },
  { name: 'stale_signature', type: 'boolean', default: false },
]
const PREVIOUS_ATTRIBUTES: EnvelopeField = {
  name: 'previous_attributes',
  type: ['null', 'string'],
  default: null,
}
/** The sender introduced previous_attributes in this version (contract, section 6). */
const PREVIOUS_ATTRIBUTES_SINCE = '2026-05-19'

/** Whose the resources are that we know; a version may bring others. */
const RESOURCE_DOMAINS: ReadonlyMap<unknown, string> = new Map([
  ['pass', 'pass'],
  ['pass_template', 'pass'],
  ['scan', 'pass'],
  ['card', 'card'],
  ['transaction', 'card'],
  ['dispute', 'card'],
  ['settlement', 'settlement'],
  ['payout', 'settlement'],
  ['cardholder', 'compliance'],
  ['program', 'program'],
])
const ENVELOPE_NAMES: ReadonlySet<unknown> = new Set([
  ...ENVELOPE.map(({ name }) => name),
  PREVIOUS_ATTRIBUTES.name,
  'raw',
])

function envelopeOf(version: string): readonly EnvelopeField[] {
  return version >= PREVIOUS_ATTRIBUTES_SINCE ? [...ENVELOPE, PREVIOUS_ATTRIBUTES] : ENVELOPE
}

function sameJson(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function piiFindings(field: Json, path: string): LintFinding[] {
  if (field.pii === true) return []
  return [finding(path, 'pii-missing', 'may hold anything, so it holds personal data: pii')]
}

/** The first fields of the record must be the envelope, in order, with the exact types. */
function envelopeFindings(fields: readonly unknown[], version: string): LintFinding[] {
  return envelopeOf(version).flatMap((law, index) => {
    const field = fields[index]
    if (!isJsonObject(field) || field.name !== law.name) {
      return [finding(law.name, 'envelope-field', `field ${index + 1} must be ${law.name}`)]
    }
    const findings = fieldAttributeFindings(field, law.name)
    if (!sameJson(field.type, law.type) || !sameJson(field.default, law.default)) {
      findings.push(finding(law.name, 'envelope-field', 'has another type or default than the law'))
    }
    return law === PREVIOUS_ATTRIBUTES ? [...findings, ...piiFindings(field, law.name)] : findings
  })
}

function rawFindings(field: unknown): LintFinding[] {
  if (!isJsonObject(field) || field.name !== 'raw') {
    return [finding('raw', 'raw', 'the last field must be raw')]
  }
  const findings = [...fieldAttributeFindings(field, 'raw'), ...piiFindings(field, 'raw')]
  if (field.type === 'bytes' && !Object.hasOwn(field, 'default')) return findings
  return [...findings, finding('raw', 'raw', 'raw is bytes, without a default')]
}

/** Why a key under `data` cannot be a resource of this domain, or null. */
export function resourceObjection(name: unknown, domain: string): string | null {
  if (ENVELOPE_NAMES.has(name)) return 'is a name of the envelope, and no resource'
  if (domain === 'other') return 'would be a resource of the domain other, which has none: read raw'
  const owner = RESOURCE_DOMAINS.get(name) ?? domain
  return owner === domain ? null : `is a resource of the domain ${owner}`
}

function foreignFindings(field: unknown, { domain }: SchemaPlace): LintFinding[] {
  const name = isJsonObject(field) ? field.name : undefined
  const objection = resourceObjection(name, domain)
  return objection === null ? [] : [finding(joined('', name), 'foreign-resource', objection)]
}

function rootFindings(schema: Json, namespace: string, name: string): LintFinding[] {
  const findings = recordAttributeFindings(schema, '')
  if (schema.name !== name) findings.push(finding('', 'record-name', `the record is ${name}`))
  if (schema.namespace !== namespace) {
    findings.push(finding('', 'namespace', `the namespace is ${namespace}`))
  }
  return findings
}

/**
 * Everything that a schema file must not be: what `avsc` or other readers get wrong, and what
 * departs from the form of the record. Pure; no finding means that the encoder and the decoder
 * compile it. The rules are listed in schemas/README.md.
 */
export function lintSchema(schema: unknown, where: SchemaPlace): readonly LintFinding[] {
  if (!isJsonObject(schema) || schema.type !== 'record' || !Array.isArray(schema.fields)) {
    return [finding('', 'root', 'the file holds one record')]
  }
  const fullName = recordName(where.version, where.domain as Domain)
  const dot = fullName.lastIndexOf('.')
  const namespace = fullName.slice(0, dot)
  const name = fullName.slice(dot + 1)
  const seen = new Set([name])
  const place: Place = { path: '', namespace, enclosing: [name], seen, depth: 0, pii: false }
  const fields: readonly unknown[] = schema.fields
  const resources = fields
    .slice(0, fields.at(-1) === undefined ? 0 : -1)
    .filter((field, index) => !isEnvelopeField(field, index, where.version))
  return [
    ...rootFindings(schema, namespace, name),
    ...duplicateFieldFindings(fields, ''),
    ...envelopeFindings(fields, where.version),
    ...resources.flatMap((field) => foreignFindings(field, where)),
    ...resources.flatMap((field) => resourceFieldFindings(field, place)),
    ...rawFindings(fields.at(-1)),
  ]
}

function isEnvelopeField(field: unknown, index: number, version: string): boolean {
  return isJsonObject(field) && envelopeOf(version)[index]?.name === field.name
}
