import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import { boundedAgent } from './bounded-agent.ts'
import type { RegistryIdentity } from './registry-access.ts'
import { registryAccess } from './registry-access.ts'
import type { RegistryAnswer } from './registry-answer.ts'
import { answerOfLibraryError } from './registry-answer.ts'
import { registryLibrary } from './registry-library.ts'
import type { RegistryRequest, RegistryTransport } from './registry-requests.ts'
import { registryRequest } from './registry-requests.ts'
import { isSameSchema } from './schema-identity.ts'

/** Inside a version every change is additive and optional, for readers old and new. */
export const SUBJECT_LEVEL = COMPATIBILITY.FULL_TRANSITIVE

export interface RegistryClientOptions {
  /** Base of Confluent's API; may carry `user:password@`. */
  readonly url: string
  readonly identity?: RegistryIdentity
  /** Limit of each request; a hung registry would leave calls pending for ever. */
  readonly timeoutMs?: number
  readonly now?: () => number
}

const CLIENT_ID = 'event-router'
const DEFAULT_TIMEOUT_MS = 2000
/** Our largest schema has 9 KiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** An id that was not found is asked for again after this. */
const NEGATIVE_CACHE_MS = 10_000
/** Ids are 32 bits wide in Confluent's frame. */
const LARGEST_ID = 0x7fff_ffff

function isId(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= LARGEST_ID
}

function nonsense(reason: string): RegistryAnswer<never> {
  return { kind: 'nonsense', reason }
}

function expired(timeoutMs: number): {
  readonly promise: Promise<RegistryAnswer<never>>
  readonly cancel: () => void
} {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<RegistryAnswer<never>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'unreachable', reason: 'TimeoutError' }), timeoutMs)
  })
  return { promise, cancel: () => clearTimeout(timer) }
}

/**
 * The schema registry with the rules of `client-pitfalls.md`, section 3: a time-out round every
 * call, no repeats of its own, errors told apart by their transport, unknown ids remembered. An id
 * is believed only when the registry answers with the very schema for it.
 * One instance per process, since the library keeps its options in a module-wide object.
 */
export class RegistryClient {
  readonly #transport: RegistryTransport
  readonly #subjectPrefix: string
  readonly #now: () => number
  readonly #library: SchemaRegistry
  readonly #texts = new Map<number, string>()
  readonly #unknownUntil = new Map<number, number>()

  constructor(options: RegistryClientOptions) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, now = Date.now } = options
    const access = registryAccess(options.url, options.identity)
    const bounds = { lifetimeMs: timeoutMs, bytes: MAX_ANSWER_BYTES }
    const agent = boundedAgent(access.baseUrl, access.tls, bounds)
    this.#transport = { access, agent, timeoutMs, maxBytes: MAX_ANSWER_BYTES }
    this.#subjectPrefix = access.subjectPrefix
    this.#now = now
    this.#library = registryLibrary(this.#transport, CLIENT_ID)
  }

  /** The subject's own compatibility level, or null when it has none. */
  async compatibility(subject: string): Promise<RegistryAnswer<string | null>> {
    const answer = await this.#ask({ method: 'GET', path: `/config/${this.#path(subject)}` })
    if (answer.kind !== 'ok') return answer
    const level = answer.value?.compatibilityLevel
    return { kind: 'ok', value: typeof level === 'string' ? level : null }
  }

  /** Sets the level; to be done before the first version is registered. */
  async setCompatibility(subject: string): Promise<RegistryAnswer<null>> {
    const answer = await this.#ask({
      method: 'PUT',
      path: `/config/${this.#path(subject)}`,
      body: { compatibility: SUBJECT_LEVEL },
    })
    return answer.kind === 'ok' ? { kind: 'ok', value: null } : answer
  }

  /** The id under which exactly this schema is registered in the subject, or null. */
  async registeredId(subject: string, schema: string): Promise<RegistryAnswer<number | null>> {
    const path = `/subjects/${this.#path(subject)}`
    const answer = await this.#ask({ method: 'POST', path, body: { schema } })
    if (answer.kind !== 'ok') return answer
    return answer.value === null
      ? { kind: 'ok', value: null }
      : await this.#confirmed(answer.value.id, schema)
  }

  /** Every schema registered in the subject, oldest first; none where there is no such subject. */
  async registeredSchemas(subject: string): Promise<RegistryAnswer<readonly string[]>> {
    const path = `/subjects/${this.#path(subject)}/versions`
    const versions = await this.#ask({ method: 'GET', path, answer: 'list' })
    if (versions.kind !== 'ok') return versions
    const texts: string[] = []
    for (const version of Object.values(versions.value ?? {})) {
      if (!isId(version)) return nonsense('a version that is no number')
      const answer = await this.#ask({ method: 'GET', path: `${path}/${version}` })
      if (answer.kind !== 'ok') return answer
      const text = answer.value?.schema
      if (typeof text !== 'string') return nonsense(`an answer without a schema for ${subject}`)
      texts.push(text)
    }
    return { kind: 'ok', value: texts }
  }

  /** Whether the subject, under its own level, would take the schema beside those it holds. */
  async isCompatible(subject: string, schema: string): Promise<RegistryAnswer<boolean>> {
    const path = `/compatibility/subjects/${this.#path(subject)}/versions`
    const answer = await this.#ask({ method: 'POST', path, body: { schema } })
    if (answer.kind !== 'ok') return answer
    const verdict = answer.value?.is_compatible
    if (answer.value !== null && typeof verdict !== 'boolean') {
      return nonsense('a verdict that is neither yes nor no')
    }
    return { kind: 'ok', value: verdict === true }
  }

  /** Registers a schema in a subject whose level is set, and returns its id. */
  async register(subject: string, schema: string): Promise<RegistryAnswer<number>> {
    // The library asks for the level first.
    const { promise, cancel } = expired(2 * this.#transport.timeoutMs)
    const name = `${this.#subjectPrefix}${subject}`
    try {
      const registered = this.#library
        .register(
          { type: SchemaType.AVRO, schema },
          { subject: name, compatibility: SUBJECT_LEVEL },
        )
        .then(({ id }) => ({ kind: 'ok', value: id as unknown }) as const)
        .catch((error: unknown) => answerOfLibraryError(error, CLIENT_ID))
      const answer = await Promise.race([registered, promise])
      return answer.kind === 'ok' ? await this.#confirmed(answer.value, schema) : answer
    } finally {
      cancel()
    }
  }

  /** The schema with this id, or null when the registry does not know it. */
  async schemaText(id: number): Promise<RegistryAnswer<string | null>> {
    const known = this.#texts.get(id)
    if (known !== undefined) return { kind: 'ok', value: known }
    if ((this.#unknownUntil.get(id) ?? 0) > this.#now()) return { kind: 'ok', value: null }
    // Ids belong to a context, which only a subject can name.
    const context = this.#subjectPrefix
    const query = context === '' ? '' : `?subject=${encodeURIComponent(context)}`
    const answer = await this.#ask({ method: 'GET', path: `/schemas/ids/${id}${query}` })
    if (answer.kind !== 'ok') return answer
    if (answer.value === null) {
      this.#unknownUntil.set(id, this.#now() + NEGATIVE_CACHE_MS)
      return { kind: 'ok', value: null }
    }
    const text = answer.value.schema
    if (typeof text !== 'string') return nonsense(`an answer without a schema for id ${id}`)
    this.#texts.set(id, text)
    return { kind: 'ok', value: text }
  }

  /** The id, when the registry answers with this schema for it. */
  async #confirmed(id: unknown, schema: string): Promise<RegistryAnswer<number>> {
    if (!isId(id)) return nonsense('an id that is no number of 31 bits')
    this.#unknownUntil.delete(id)
    const found = await this.schemaText(id)
    if (found.kind !== 'ok') return found
    if (found.value === null) {
      // A node that has not heard of it yet.
      this.#unknownUntil.delete(id)
      return { kind: 'unreachable', reason: `it gives id ${id} and does not know it` }
    }
    if (isSameSchema(found.value, schema)) return { kind: 'ok', value: id }
    this.#texts.delete(id)
    return nonsense(`id ${id}, which is another schema`)
  }

  #path(subject: string): string {
    return encodeURIComponent(`${this.#subjectPrefix}${subject}`)
  }

  #ask(request: RegistryRequest) {
    return registryRequest(this.#transport, request)
  }
}
