import { parseEnvelope } from '#core/envelope.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS, domainOf } from '#core/routing.ts'
import { FieldTrie } from './field-trie.ts'
import type { InferenceNote } from './inferred-schema.ts'
import { inferredSchema } from './inferred-schema.ts'
import type { Json } from './lint-finding.ts'
import type { SchemaFolder } from './schema-files.ts'
import { fittedSample, syntheticBody } from './synthetic-sample.ts'
import type { KnownVersion } from './version-check.ts'

/** A record of a quarantine topic. */
export interface QuarantinedRecord {
  /** The body as signed; null for the mark of a release. */
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

/** What is proposed for one domain. */
export interface InferredDomain {
  readonly domain: Domain
  readonly events: number
  readonly schema: Json
  readonly notes: readonly InferenceNote[]
  /** Keys that could be no names, were too deep or too many; each occurrence. */
  readonly ignored: number
}

/** An event type that was seen. */
export interface SeenEventType {
  readonly type: string
  readonly events: number
  /** The version before has no sample of it. */
  readonly isNew: boolean
}

/** A folder of a version to start from. */
export interface InferredVersion {
  readonly domains: readonly InferredDomain[]
  /** By name; the first so many. */
  readonly types: readonly SeenEventType[]
  /** By event type; every value is made up. */
  readonly samples: ReadonlyMap<string, Json>
}

/** Some hundred bytes each, for each of six domains. */
const MAX_PLACES = 5000
const MAX_TYPES = 200

/** Gathers, from quarantined events of one unknown version, what its schemas may be. */
export class VersionInference {
  readonly #version: ApiVersion
  readonly #tries: ReadonlyMap<Domain, FieldTrie>
  readonly #events = new Map<Domain, number>()
  /** One made-up body for each event type; the real one is forgotten at once. */
  readonly #bodies = new Map<string, { readonly body: Json; events: number }>()
  #unreadable = 0

  constructor(version: ApiVersion) {
    this.#version = version
    this.#tries = new Map(DOMAINS.map((domain) => [domain, new FieldTrie(MAX_PLACES)]))
  }

  /** Events of the version so far. */
  get events(): number {
    return [...this.#events.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Records that were set aside for this version and are no events of it. */
  get unreadable(): number {
    return this.#unreadable
  }

  /** Takes a record, if it was set aside because nobody knew this version. */
  take({ value, headers }: QuarantinedRecord): void {
    const isOurs = headers.reason === 'unknown_version' && headers.api_version === this.#version
    if (value === null || !isOurs) return
    const parsed = parseEnvelope(parsedJson(value))
    if (!parsed.ok || parsed.envelope.apiVersion !== this.#version) {
      this.#unreadable += 1
      return
    }
    const { envelope } = parsed
    const domain = domainOf(envelope.type)
    this.#tries.get(domain)?.add(envelope.data)
    this.#events.set(domain, (this.#events.get(domain) ?? 0) + 1)
    const known = this.#bodies.get(envelope.type)
    if (known !== undefined) known.events += 1
    else if (this.#bodies.size < MAX_TYPES) {
      this.#bodies.set(envelope.type, { body: syntheticBody(envelope), events: 1 })
    }
  }

  /** What is proposed, from the nearest known version on. */
  proposal({ folder, types }: KnownVersion): InferredVersion {
    const domains = DOMAINS.map((domain) => this.#domain(domain, folder))
    const schemas = new Map(domains.map(({ domain, schema }) => [domain, schema]))
    const samples = [...this.#bodies].flatMap(([type, { body }], i) => {
      const sample = fittedSample(body, schemas.get(domainOf(type)) ?? {}, i + 1)
      return sample === null ? [] : [[type, sample] as const]
    })
    const seen = [...this.#bodies]
      .map(([type, { events }]) => ({ type, events, isNew: !types.includes(type) }))
      .sort((a, b) => (a.type < b.type ? -1 : 1))
    return { domains, types: seen, samples: new Map(samples) }
  }

  #domain(domain: Domain, base: SchemaFolder): InferredDomain {
    const trie = this.#tries.get(domain) ?? new FieldTrie(1)
    const { schema, notes } = inferredSchema({
      version: this.#version,
      domain,
      base: base.schemas[domain],
      baseVersion: base.version,
      data: trie.root,
    })
    const events = this.#events.get(domain) ?? 0
    return { domain, events, schema, notes, ignored: trie.ignored }
  }
}

function parsedJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'))
  } catch {
    return null
  }
}

/** The nearest version to start from: the newest that is older, or else the oldest. */
export function baseOf(
  version: ApiVersion,
  known: readonly KnownVersion[],
): KnownVersion | undefined {
  const ordered = known.toSorted((a, b) => (a.folder.version < b.folder.version ? -1 : 1))
  return ordered.filter(({ folder }) => folder.version < version).at(-1) ?? ordered[0]
}
