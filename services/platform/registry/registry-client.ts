import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { RegistryAddress } from './registry-address.ts'
import { registryAddress } from './registry-address.ts'
import type { RegistryAnswer } from './registry-answer.ts'
import { answerOfLibraryError } from './registry-answer.ts'
import type { RegistryRequest } from './registry-requests.ts'
import { registryRequest } from './registry-requests.ts'

/** Inside a version every change is additive and optional, for readers old and new. */
export const SUBJECT_LEVEL = COMPATIBILITY.FULL_TRANSITIVE

export interface RegistryClientOptions {
  /** Base of Confluent's API; may carry `user:password@`. */
  readonly url: string
  /** Limit of each call; a hung registry would leave calls pending for ever. */
  readonly timeoutMs?: number
  readonly now?: () => number
}

const CLIENT_ID = 'event-router'
const DEFAULT_TIMEOUT_MS = 2000
/** An id that was not found is asked for again after this. */
const NEGATIVE_CACHE_MS = 10_000

function subjectPath(subject: string): string {
  return encodeURIComponent(subject)
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
 * call, no repeats of its own, errors told apart by their transport, unknown ids remembered.
 * One instance per process, since the library keeps its options in a module-wide object.
 */
export class RegistryClient {
  readonly #address: RegistryAddress
  readonly #timeoutMs: number
  readonly #now: () => number
  readonly #library: SchemaRegistry
  readonly #texts = new Map<number, string>()
  readonly #unknownUntil = new Map<number, number>()

  constructor({ url, timeoutMs = DEFAULT_TIMEOUT_MS, now = Date.now }: RegistryClientOptions) {
    this.#address = registryAddress(url)
    this.#timeoutMs = timeoutMs
    this.#now = now
    const { baseUrl: host, credentials } = this.#address
    this.#library = new SchemaRegistry({
      host,
      clientId: CLIENT_ID,
      retry: { retries: 0 },
      middlewares: [
        () => ({ request: async (request) => request.enhance({ timeout: this.#timeoutMs }) }),
      ],
      ...(credentials === null ? {} : { auth: credentials }),
    })
  }

  /** The subject's own compatibility level, or null when it has none. */
  async compatibility(subject: string): Promise<RegistryAnswer<string | null>> {
    const answer = await this.#ask({ method: 'GET', path: `/config/${subjectPath(subject)}` })
    if (answer.kind !== 'ok') return answer
    const level = answer.value?.compatibilityLevel
    return { kind: 'ok', value: typeof level === 'string' ? level : null }
  }

  /** Sets the level; to be done before the first version is registered. */
  async setCompatibility(subject: string): Promise<RegistryAnswer<null>> {
    const answer = await this.#ask({
      method: 'PUT',
      path: `/config/${subjectPath(subject)}`,
      body: { compatibility: SUBJECT_LEVEL },
    })
    return answer.kind === 'ok' ? { kind: 'ok', value: null } : answer
  }

  /** The id under which exactly this schema is registered in the subject, or null. */
  async registeredId(subject: string, schema: string): Promise<RegistryAnswer<number | null>> {
    const path = `/subjects/${subjectPath(subject)}`
    const answer = await this.#ask({ method: 'POST', path, body: { schema } })
    if (answer.kind !== 'ok') return answer
    const id = answer.value?.id
    return { kind: 'ok', value: typeof id === 'number' ? id : null }
  }

  /** Every schema registered in the subject, oldest first; none where there is no such subject. */
  async registeredSchemas(subject: string): Promise<RegistryAnswer<readonly string[]>> {
    const path = `/subjects/${subjectPath(subject)}/versions`
    const versions = await this.#ask({ method: 'GET', path })
    if (versions.kind !== 'ok') return versions
    const texts: string[] = []
    for (const version of Object.values(versions.value ?? {})) {
      const answer = await this.#ask({ method: 'GET', path: `${path}/${String(version)}` })
      if (answer.kind !== 'ok') return answer
      if (typeof answer.value?.schema === 'string') texts.push(answer.value.schema)
    }
    return { kind: 'ok', value: texts }
  }

  /** Whether the subject, under its own level, would take the schema beside those it holds. */
  async isCompatible(subject: string, schema: string): Promise<RegistryAnswer<boolean>> {
    const path = `/compatibility/subjects/${subjectPath(subject)}/versions`
    const answer = await this.#ask({ method: 'POST', path, body: { schema } })
    if (answer.kind !== 'ok') return answer
    return { kind: 'ok', value: answer.value?.is_compatible === true }
  }

  /** Registers a schema in a subject whose level is set, and returns its id. */
  async register(subject: string, schema: string): Promise<RegistryAnswer<number>> {
    const { promise, cancel } = expired(this.#timeoutMs)
    try {
      const registered = this.#library
        .register({ type: SchemaType.AVRO, schema }, { subject, compatibility: SUBJECT_LEVEL })
        .then(({ id }) => ({ kind: 'ok', value: id }) as const)
        .catch((error: unknown) => answerOfLibraryError(error, CLIENT_ID))
      return await Promise.race([registered, promise])
    } finally {
      cancel()
    }
  }

  /** The schema with this id, or null when the registry does not know it. */
  async schemaText(id: number): Promise<RegistryAnswer<string | null>> {
    const known = this.#texts.get(id)
    if (known !== undefined) return { kind: 'ok', value: known }
    if ((this.#unknownUntil.get(id) ?? 0) > this.#now()) return { kind: 'ok', value: null }
    const answer = await this.#ask({ method: 'GET', path: `/schemas/ids/${id}` })
    if (answer.kind !== 'ok') return answer
    const text = answer.value?.schema
    if (typeof text !== 'string') {
      this.#unknownUntil.set(id, this.#now() + NEGATIVE_CACHE_MS)
      return { kind: 'ok', value: null }
    }
    this.#texts.set(id, text)
    return { kind: 'ok', value: text }
  }

  #ask(request: RegistryRequest) {
    return registryRequest(this.#address, request, this.#timeoutMs)
  }
}
