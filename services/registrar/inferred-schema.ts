import type { Domain } from '#core/routing.ts'
import { recordName } from '#core/routing.ts'
import type { SeenField } from './field-trie.ts'
import { resourceObjection } from './lint.ts'
import type { Json } from './lint-finding.ts'
import { isJsonObject } from './lint-finding.ts'
import type { SeenType } from './seen-type.ts'
import { seenType, timesSeen, typeWord } from './seen-type.ts'

/** Something about an inferred schema that a person has to judge. */
export interface InferenceNote {
  readonly kind:
    | 'new'
    | 'retyped'
    | 'conflict'
    | 'left_out'
    | 'never_seen'
    | 'new_resource'
    | 'raw_only'
  /** As the linter writes it; names of fields, never values. */
  readonly path: string
  /** Type or reason in words. */
  readonly detail: string
  /** How often it was there, and how often what it stands in was. */
  readonly seen: number
  readonly of: number
}

export interface InferredSchema {
  readonly schema: Json
  readonly notes: readonly InferenceNote[]
}

/** What is known of a domain's events in a version that nobody has described. */
export interface InferenceSource {
  readonly version: string
  readonly domain: Domain
  /** The schema of the nearest known version, which must have passed the linter. */
  readonly base: string
  readonly baseVersion: string
  /** What was seen under `data`. */
  readonly data: SeenField
}

const ENVELOPE_KINDS = ['previous_attributes', 'raw']

class Inference {
  readonly notes: InferenceNote[] = []
  readonly #source: InferenceSource
  /** Names of records; each may stand once in a schema. */
  readonly #names: Set<string>

  constructor(source: InferenceSource) {
    this.#source = source
    const named = [...source.base.matchAll(/"name"\s*:\s*"([A-Z]\w*)"/g)]
    this.#names = new Set(named.map(([, name = '']) => name))
  }

  schema(): Json {
    const { base, baseVersion, version, domain, data } = this.#source
    const root = JSON.parse(base) as Json
    const fullName = recordName(version, domain)
    const fields = (root.fields as readonly Json[]).map((field) => {
      const seen = data.fields.get(String(field.name))
      return isResource(field)
        ? this.#known(field, String(field.name), seen, timesSeen(data))
        : field
    })
    if (domain === 'other') this.#rawOnly(data, '')
    const resources = domain === 'other' ? [] : this.#newResources(fields)
    return {
      ...root,
      namespace: fullName.slice(0, fullName.lastIndexOf('.')),
      doc: String(root.doc).replaceAll(baseVersion, version),
      // Raw is the last field, by law.
      fields: [...fields.slice(0, -1), ...resources, ...fields.slice(-1)],
    }
  }

  /** Keys under `data` that the domain did not have in the version before. */
  #newResources(fields: readonly Json[]): readonly Json[] {
    const { domain, data } = this.#source
    const known = new Set(fields.map(({ name }) => name))
    const of = timesSeen(data)
    return [...data.fields].flatMap(([name, seen]) => {
      const objection = resourceObjection(name, domain)
      if (known.has(name) && objection === null) return []
      const type = seenType(seen)
      const reason = objection ?? reasonAgainstResource(type)
      if (reason !== null) {
        this.#note('left_out', name, `${reason}; it stays in raw`, seen, of)
        return []
      }
      this.#note('new_resource', name, typeWord(type), seen, of)
      return [this.#made(name, name, type, seen, of)]
    })
  }

  /** What families that no domain claims carry, for whoever is to decide about them. */
  #rawOnly(parent: SeenField, path: string): void {
    const of = parent.counts.get('object') ?? 0
    for (const [name, seen] of parent.fields) {
      const place = path === '' ? name : `${path}.${name}`
      this.#note('raw_only', place, typeWord(seenType(seen)), seen, of)
      this.#rawOnly(seen, place)
      if (seen.items !== null) this.#rawOnly(seen.items, `${place}[]`)
    }
  }

  #note(
    kind: InferenceNote['kind'],
    path: string,
    detail: string,
    seen: SeenField | undefined,
    of: number,
  ): void {
    this.notes.push({ kind, path, detail, seen: seen === undefined ? 0 : timesSeen(seen), of })
  }

  /** A field of the version before, in the light of what was seen. */
  #known(field: Json, path: string, seen: SeenField | undefined, of: number): Json {
    const type = seen === undefined ? null : seenType(seen)
    if (seen === undefined || type === null) {
      // Where nothing of the parent was seen, nothing is to be said about its fields.
      if (of > 0) this.#note('never_seen', path, 'kept from the version before', seen, of)
      return field
    }
    if (type.kind === 'nothing') return field
    if (type.kind === 'untyped') {
      this.#note('conflict', path, `${type.reason}; kept as it was, inferred now`, seen, of)
      return { ...field, inferred: true }
    }
    const branch = branchOf(field.type)
    const isList = isJsonObject(branch) && branch.type === 'array'
    if (type.kind === 'empty_list' && isList) return field
    const node = this.#merged(branch, type, seen, path)
    if (node !== null) return { ...field, type: ['null', node] }
    if (type.kind === 'empty_list') {
      this.#note('conflict', path, 'it was an empty list; kept as it was', seen, of)
      return { ...field, inferred: true }
    }
    this.#note('retyped', path, `is ${typeWord(type)} now`, seen, of)
    return this.#made(String(field.name), path, type, seen, of)
  }

  /** The node of before with what is new inside it; null when it is of another type now. */
  #merged(node: unknown, type: SeenType, seen: SeenField, path: string): unknown {
    if (type.kind === 'scalar') {
      const fits = node === type.type || (node === 'double' && type.type === 'long')
      return fits ? node : null
    }
    if (!isJsonObject(node)) return null
    if (type.kind === 'record' && node.type === 'record') return this.#record(node, seen, path)
    if (type.kind !== 'list' || node.type !== 'array' || seen.items === null) return null
    const items = this.#merged(node.items, type.items, seen.items, `${path}[]`)
    return items === null ? null : { ...node, items }
  }

  #record(record: Json, seen: SeenField, path: string): Json {
    const of = seen.counts.get('object') ?? 0
    const fields = (record.fields as readonly Json[]).map((field) => {
      const name = String(field.name)
      return this.#known(field, `${path}.${name}`, seen.fields.get(name), of)
    })
    const known = new Set(fields.map(({ name }) => name))
    const added = [...seen.fields].filter(([name]) => !known.has(name))
    return {
      ...record,
      fields: [...fields, ...this.#newFields(added, path, of, String(record.name))],
    }
  }

  #newFields(
    fields: readonly (readonly [string, SeenField])[],
    path: string,
    of: number,
    record: string,
  ): readonly Json[] {
    return fields.flatMap(([name, seen]) => {
      const type = seenType(seen)
      const place = `${path}.${name}`
      const reason = reasonToLeaveOut(type)
      if (reason !== null) {
        this.#note('left_out', place, `${reason}; it stays in raw`, seen, of)
        return []
      }
      this.#note('new', place, typeWord(type), seen, of)
      return [this.#made(name, place, type, seen, of, record)]
    })
  }

  #made(
    name: string,
    path: string,
    type: SeenType,
    seen: SeenField,
    of: number,
    record = '',
  ): Json {
    const node = this.#node(type, seen, path, `${record}${pascal(name)}`)
    const doc = `Inferred from traffic: seen in ${timesSeen(seen)} of ${of}; review.`
    return { name, type: ['null', node], default: null, doc, pii: true, inferred: true }
  }

  #node(type: SeenType, seen: SeenField, path: string, name: string): unknown {
    if (type.kind === 'list' && seen.items !== null) {
      return { type: 'array', items: this.#node(type.items, seen.items, `${path}[]`, name) }
    }
    if (type.kind !== 'record') return type.kind === 'scalar' ? type.type : 'string'
    const own = this.#uniqueName(name)
    const of = seen.counts.get('object') ?? 0
    const fields = this.#newFields([...seen.fields], path, of, own)
    const doc = 'Inferred from traffic; review.'
    return { type: 'record', name: own, doc, fields: fields.length > 0 ? fields : [placeholder()] }
  }

  #uniqueName(name: string): string {
    let own = name
    for (let count = 2; this.#names.has(own); count += 1) own = `${name}${count}`
    this.#names.add(own)
    return own
  }
}

/** A record whose fields were all left out still needs one; nothing will ever be in it. */
function placeholder(): Json {
  const doc = 'No field of this record could be typed; take the record out, or describe it.'
  return {
    name: 'unknown',
    type: ['null', 'string'],
    default: null,
    doc,
    pii: true,
    inferred: true,
  }
}

function reasonToLeaveOut(type: SeenType): string | null {
  if (type.kind === 'nothing') return 'only null was seen'
  if (type.kind === 'empty_list') return 'only empty lists were seen'
  return type.kind === 'untyped' ? type.reason : null
}

function reasonAgainstResource(type: SeenType): string | null {
  const reason = reasonToLeaveOut(type)
  if (reason !== null) return reason
  const held = type.kind === 'list' ? type.items : type
  return held.kind === 'record' ? null : 'is no record'
}

function pascal(name: string): string {
  return name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

function branchOf(type: unknown): unknown {
  return Array.isArray(type) ? type.find((branch) => branch !== 'null') : type
}

function isResource({ name, type }: Json): boolean {
  return Array.isArray(type) && !ENVELOPE_KINDS.includes(String(name))
}

/**
 * A schema to start from: that of the nearest known version with what was seen in it. New fields are
 * personal data and our guess until somebody says otherwise. Passes the linter. Pure.
 */
export function inferredSchema(source: InferenceSource): InferredSchema {
  const inference = new Inference(source)
  return { schema: inference.schema(), notes: inference.notes }
}
