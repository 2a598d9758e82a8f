import type { Envelope } from '#core/envelope.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS, domainOf } from '#core/routing.ts'
import type { EncodeResult, EventEncoder } from '#platform/avro/event-encoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import { readEventSchema } from '#platform/avro/event-schema.ts'
import { exactData } from '#platform/avro/exact-integers.ts'
import type { RehearsalFinding } from './rehearsal-finding.ts'
import { FindingTally } from './rehearsal-finding.ts'
import type { ObservedValue } from './rehearsed-value.ts'
import { fieldObservations, refusalObservations } from './rehearsed-value.ts'
import { guessedRenamings, isWithin } from './renaming.ts'
import { describedFields } from './schema-fields.ts'
import type { SchemaFolder } from './schema-files.ts'
import type { SchemaFit } from './schema-fit.ts'
import { compileFit } from './schema-fit.ts'
import { valueKind, valueShape } from './value-shape.ts'

/** An event as it lies on a topic, read by the ingress's own reader of bodies. */
export interface TrafficEvent {
  readonly envelope: Envelope
  readonly previousAttributesText: string | null
  /** The body as signed. */
  readonly raw: Buffer
  /** `<topic>/<partition>/<offset>` */
  readonly at: string
  /** Milliseconds since the epoch at which it was written. */
  readonly timeMs: number
  readonly isSetAside: boolean
}

/** A candidate, and the traffic that it is held against. */
export interface RehearsalPlan {
  readonly candidate: SchemaFolder
  /** Version of the bodies. */
  readonly traffic: ApiVersion
  /** The schemas that type these bodies today; null when nobody knows any. */
  readonly registered: Readonly<Record<Domain, string>> | null
  /** Most samples of one finding. */
  readonly samples: number
}

interface RehearsedDomain {
  readonly domain: Domain
  readonly events: number
  /** Fields of resources that no event had a value in. */
  readonly neverSeen: readonly string[]
}

/** What was removed and may live on under another name; a guess. */
interface GuessedName {
  readonly domain: Domain
  readonly from: string
  readonly to: string
}

export interface RehearsalResult {
  readonly version: ApiVersion
  readonly traffic: ApiVersion
  readonly isRegistered: boolean
  readonly events: number
  /** Of these, how many waited in the quarantine. */
  readonly fromQuarantine: number
  /** How many the encoder of the candidate refuses. */
  readonly setAside: number
  readonly domains: readonly RehearsedDomain[]
  readonly findings: readonly RehearsalFinding[]
  readonly leftOut: { readonly harm: number; readonly notes: number }
  readonly renamings: readonly GuessedName[]
}

const PREVIOUS_ATTRIBUTES = 'previous_attributes'
/** Envelopes hold any type that has its form; above this many they are somebody's data. */
const MOST_TYPES = 200
const OTHER_TYPES = '(other types)'
/** Of one event type, beside each other. */
const MOST_UNKNOWN_NAMES = 40
const RECEIVED = 'whk_00000000000000000000000000'
const NO_SCHEMA_ID = 0

type Fit = (data: object) => SchemaFit

/** A schema ready for the events of its domain. */
class SchemaView {
  readonly encoder: EventEncoder
  readonly hasResources: boolean
  readonly #fit: Fit
  readonly #hasPreviousAttributes: boolean

  constructor(schemaText: string) {
    const schema = readEventSchema(schemaText)
    this.encoder = compileEventEncoder({ schemaText, schemaId: NO_SCHEMA_ID })
    this.hasResources = schema.resources.length > 0
    this.#fit = compileFit(schema.resources)
    this.#hasPreviousAttributes = schema.hasPreviousAttributes
  }

  /** How the event lies in the schema, `previous_attributes` as a field of its own. */
  fit({ envelope, raw, previousAttributesText }: TrafficEvent): SchemaFit {
    const quick = this.#fit(envelope.data)
    const exact = quick.inexact ? exactData(raw) : null
    const fit = exact === null ? quick : this.#fit(exact)
    if (previousAttributesText === null) return fit
    if (this.#hasPreviousAttributes) {
      return { ...fit, held: new Set([...fit.held, PREVIOUS_ATTRIBUTES]) }
    }
    const unknown = new Map([...fit.unknown, [PREVIOUS_ATTRIBUTES, envelope.previousAttributes]])
    return { ...fit, unknown }
  }
}

/** One domain of a candidate, event by event. */
class DomainRehearsal {
  readonly domain: Domain
  readonly #candidate: SchemaView
  readonly #candidateText: string
  readonly #registered: SchemaView | null
  readonly #registeredText: string | null
  readonly #shownNames: ReadonlySet<string>
  readonly #seen = new Set<string>()
  readonly #unknownNames = new Map<string, Set<string>>()
  #events = 0

  constructor(domain: Domain, candidate: string, registered: string | null) {
    this.domain = domain
    this.#candidateText = candidate
    this.#registeredText = registered
    this.#candidate = new SchemaView(candidate)
    this.#registered = registered === null ? null : new SchemaView(registered)
    const today = this.#registered?.encoder.fieldNames ?? []
    this.#shownNames = new Set([...this.#candidate.encoder.fieldNames, ...today])
  }

  /** Whether the encoder takes the event. */
  take(event: TrafficEvent, type: string, tally: FindingTally): boolean {
    this.#events += 1
    const { envelope, previousAttributesText, raw, at, timeMs } = event
    const encoded = this.#candidate.encoder.encode({
      envelope,
      previousAttributesText,
      endpointId: RECEIVED,
      receivedAtMs: timeMs,
      staleSignature: false,
      raw,
    })
    const fit = this.#candidate.fit(event)
    for (const path of fit.held) this.#seen.add(path)
    const today = this.#registered?.fit(event) ?? null
    for (const { value, ...observed } of this.#observations(type, encoded, fit, today)) {
      const shape = () => valueShape(value, this.#shownNames)
      const seen = valueKind(value)
      const observation = { domain: this.domain, type, seen, ...observed }
      tally.add(observation, { at, tenant: envelope.tenantId, timeMs, shape })
    }
    return encoded.ok
  }

  result(): RehearsedDomain {
    const neverSeen = this.#events === 0 ? [] : this.#neverSeen()
    return { domain: this.domain, events: this.#events, neverSeen }
  }

  #neverSeen(): readonly string[] {
    const { resources } = readEventSchema(this.#candidateText)
    const tops = new Set(resources.map(({ name }) => name))
    const missing = describedFields(this.#candidateText)
      .map(({ path }) => path)
      .filter((path) => tops.has(path.split(/[.[]/)[0] ?? '') && !this.#seen.has(path))
    return missing.filter((path) => !missing.some((outer) => isWithin(path, outer)))
  }

  renamings(): readonly GuessedName[] {
    if (this.#registeredText === null) return []
    const before = describedFields(this.#registeredText)
    return guessedRenamings(before, describedFields(this.#candidateText)).map(({ from, to }) => ({
      domain: this.domain,
      from: from.path,
      to: to.path,
    }))
  }

  #observations(type: string, encoded: EncodeResult, fit: SchemaFit, today: SchemaFit | null) {
    return [
      ...fieldObservations(fit, today),
      ...refusalObservations(encoded, fit, today),
      ...this.#unknownObservations(type, fit, today),
    ]
  }

  #unknownObservations(type: string, { unknown }: SchemaFit, today: SchemaFit | null) {
    const base = { expected: null, nulls: null, asToday: false } as const
    return [...unknown].flatMap(([path, value]): ObservedValue[] => {
      if (today?.held.has(path) === true) return [{ ...base, effect: 'lost', path, value }]
      // Where no field is declared at all, every key is unknown, and that says nothing.
      if (!this.#candidate.hasResources) return []
      return [{ ...base, effect: 'unknown', path: this.#boundedPath(type, path), value }]
    })
  }

  /** Names that no schema bounds are bounded here: many beside each other are one. */
  #boundedPath(type: string, path: string): string {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('.') + 1))
    const key = `${type} ${parent}`
    const names = this.#unknownNames.get(key) ?? new Set()
    this.#unknownNames.set(key, names)
    if (names.has(path)) return path
    if (names.size === MOST_UNKNOWN_NAMES) return `${parent}*`
    names.add(path)
    return path
  }
}

/** A candidate held against traffic, event by event; values are forgotten at once. */
export class Rehearsal {
  readonly #plan: RehearsalPlan
  readonly #domains: ReadonlyMap<Domain, DomainRehearsal>
  readonly #tally: FindingTally
  readonly #types = new Set<string>()
  #events = 0
  #fromQuarantine = 0
  #setAside = 0

  constructor(plan: RehearsalPlan) {
    const { candidate, registered, samples } = plan
    this.#plan = plan
    this.#tally = new FindingTally(samples)
    this.#domains = new Map(
      DOMAINS.map((domain) => [
        domain,
        new DomainRehearsal(domain, candidate.schemas[domain], registered?.[domain] ?? null),
      ]),
    )
  }

  /** Version of the bodies that it is held against. */
  get traffic(): ApiVersion {
    return this.#plan.traffic
  }

  get events(): number {
    return this.#events
  }

  take(event: TrafficEvent): void {
    this.#events += 1
    if (event.isSetAside) this.#fromQuarantine += 1
    const { type } = event.envelope
    const domain = this.#domains.get(domainOf(type))
    if (domain?.take(event, this.#boundedType(type), this.#tally) === false) this.#setAside += 1
  }

  result(): RehearsalResult {
    const { candidate, traffic, registered } = this.#plan
    const domains = [...this.#domains.values()]
    return {
      version: candidate.version,
      traffic,
      isRegistered: registered !== null,
      events: this.#events,
      fromQuarantine: this.#fromQuarantine,
      setAside: this.#setAside,
      domains: domains.map((one) => one.result()),
      findings: this.#tally.findings(),
      leftOut: this.#tally.leftOut,
      renamings: domains.flatMap((one) => one.renamings()),
    }
  }

  #boundedType(type: string): string {
    if (this.#types.has(type)) return type
    if (this.#types.size === MOST_TYPES) return OTHER_TYPES
    this.#types.add(type)
    return type
  }
}
