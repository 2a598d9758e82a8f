import { setTimeout as delay } from 'node:timers/promises'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { Domain } from '#core/routing.ts'
import type { Decoding } from './reading.ts'

/** The catalogue of versions, as far as the decoders need it. */
interface SchemaSource {
  entries(): ReadonlyMap<string, CatalogueEntry>
  /** Whether what is not in the entries is known not to be there. */
  leaseHeld(nowMs: number): boolean
  onChange(listener: () => void): void
}

export type Decode = (value: Uint8Array) => Decoding

export interface SchemasOptions {
  readonly source: SchemaSource
  readonly domain: Domain
  readonly compile: (schemaText: string) => Decode
  /** How long the catalogue may lag behind a record, milliseconds. */
  readonly waitMs: number
}

const POLL_MS = 100
/** An id once found unknown is not waited for again for so long. */
const UNKNOWN_FOR_MS = 60_000

/** Decoders by schema id, compiled when first used and kept. */
export class Schemas {
  readonly #options: SchemasOptions
  readonly #decoders = new Map<number, Decode>()
  readonly #unknownUntil = new Map<number, number>()

  constructor(options: SchemasOptions) {
    this.#options = options
    options.source.onChange(() => this.#unknownUntil.clear())
  }

  /** The decoder of a schema of this domain, or null when the catalogue does not have it. */
  decoderOf(schemaId: number): Decode | null {
    const known = this.#decoders.get(schemaId)
    if (known !== undefined) return known
    const { source, domain, compile } = this.#options
    for (const { domains } of source.entries().values()) {
      if (domains[domain].schemaId !== schemaId) continue
      const decode = compile(domains[domain].schema)
      this.#decoders.set(schemaId, decode)
      return decode
    }
    return null
  }

  /**
   * Waits until each id is either known or known to be unknown. An id counts as unknown only after
   * the catalogue was up to date and lacked it for `waitMs`: while Kafka is away nothing is set
   * aside.
   *
   * @returns false when `keepOn` turned false first.
   */
  async settled(schemaIds: ReadonlySet<number>, keepOn: () => boolean): Promise<boolean> {
    let freshMs = 0
    while (keepOn()) {
      const missing = [...schemaIds].filter((id) => this.#isOpen(id))
      if (missing.length === 0) return true
      if (freshMs >= this.#options.waitMs) {
        for (const id of missing) this.#unknownUntil.set(id, Date.now() + UNKNOWN_FOR_MS)
        return true
      }
      await delay(POLL_MS)
      if (this.#options.source.leaseHeld(Date.now())) freshMs += POLL_MS
    }
    return false
  }

  #isOpen(schemaId: number): boolean {
    if (this.decoderOf(schemaId) !== null) return false
    return (this.#unknownUntil.get(schemaId) ?? 0) <= Date.now()
  }
}
