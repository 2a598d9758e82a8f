import type { OutgoingRecord } from '#core/commit.ts'
import type { EndpointSet } from './endpoints.ts'
import type { RecordSpan } from './record-span.ts'
import { spanRecord } from './record-span.ts'

/** How often and when a secret verified a webhook, as one process of an ingress saw it. */
export interface SecretUse {
  readonly matched: number
  /** Milliseconds since the epoch. */
  readonly firstAtMs: number
  readonly lastAtMs: number
}

/** What a record of the usage topic says. */
export interface SecretUseRecord extends SecretUse {
  readonly endpointId: string
  readonly secretId: string
}

interface Counted {
  matched: number
  readonly firstAtMs: number
  lastAtMs: number
  /** What `matched` was when it was last written. */
  written: number
}

/** The parts may hold a slash; the key must be one of its own for each secret and process. */
function keyOf(parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/')
}

/** Reads a record of the usage topic; null when it is something else. */
export function secretUse(key: string, value: string): SecretUseRecord | null {
  try {
    const [endpointId = '', secretId = '', instance = ''] = key.split('/').map(decodeURIComponent)
    const { matched, first_at, last_at } = JSON.parse(value)
    const firstAtMs = Date.parse(first_at)
    const lastAtMs = Date.parse(last_at)
    const sound = Number.isSafeInteger(matched) && matched > 0 && instance !== ''
    if (!sound || Number.isNaN(firstAtMs) || Number.isNaN(lastAtMs)) return null
    return { endpointId, secretId, matched, firstAtMs, lastAtMs }
  } catch {
    return null
  }
}

/**
 * Counts in memory, since the start of the process. Only webhooks that were verified are counted,
 * so there are never more entries than secrets were loaded.
 */
export class SecretUsage {
  readonly #topic: string
  readonly #instance: string
  readonly #byEndpoint = new Map<string, Map<string, Counted>>()

  /** @param instance a name that no other process has, nor had */
  constructor(topic: string, instance: string) {
    this.#topic = topic
    this.#instance = instance
  }

  /** On the way of every webhook: two look-ups and an addition. */
  matched(endpointId: string, secretId: string, atMs: number): void {
    let secrets = this.#byEndpoint.get(endpointId)
    if (secrets === undefined) {
      secrets = new Map()
      this.#byEndpoint.set(endpointId, secrets)
    }
    const counted = secrets.get(secretId)
    if (counted === undefined) {
      secrets.set(secretId, { matched: 1, firstAtMs: atMs, lastAtMs: atMs, written: 0 })
      return
    }
    counted.matched += 1
    counted.lastAtMs = atMs
  }

  /** Records of what has matched since it was last written, each with what to call then. */
  unwritten(): { readonly record: OutgoingRecord; readonly written: () => void }[] {
    return [...this.#byEndpoint].flatMap(([endpointId, secrets]) =>
      [...secrets]
        .filter(([, { matched, written }]) => matched > written)
        .map(([secretId, counted]) => this.#recordOf(endpointId, secretId, counted)),
    )
  }

  /** The record that says from when to when this process has written down what matched. */
  recorded(span: RecordSpan): OutgoingRecord {
    return spanRecord(this.#topic, this.#instance, span)
  }

  /** Forgets the secrets that are not in the set any more. */
  keepLoaded(endpoints: EndpointSet | null): void {
    for (const [endpointId, secrets] of this.#byEndpoint) {
      const loaded = new Set(endpoints?.get(endpointId)?.secrets.map(({ id }) => id))
      for (const secretId of secrets.keys()) if (!loaded.has(secretId)) secrets.delete(secretId)
      if (secrets.size === 0) this.#byEndpoint.delete(endpointId)
    }
  }

  #recordOf(endpointId: string, secretId: string, counted: Counted) {
    const { matched, firstAtMs, lastAtMs } = counted
    const value = JSON.stringify({
      matched,
      first_at: new Date(firstAtMs).toISOString(),
      last_at: new Date(lastAtMs).toISOString(),
    })
    const record = {
      topic: this.#topic,
      partition: 0,
      key: keyOf([endpointId, secretId, this.#instance]),
      value: Buffer.from(value),
      headers: {},
    }
    const written = () => {
      counted.written = matched
    }
    return { record, written }
  }
}
