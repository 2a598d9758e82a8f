import type { CatalogueEntry } from '#core/catalogue.ts'
import { schemaIdOf } from '#platform/avro/confluent-frame.ts'
import type { EventDecoder } from '#platform/avro/event-decoder.ts'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import type { LogRecord } from '#platform/kafka/log-tail.ts'
import type { RegistryClient } from '#platform/registry/registry-client.ts'
import type { Mask } from './masking.ts'
import { compileMask } from './masking.ts'
import type { ReadRecord } from './record-text.ts'

interface Reader {
  readonly decoder: EventDecoder
  readonly mask: Mask
}

export interface RecordReaderOptions {
  /** The catalogue as it is now. */
  readonly entries: () => Iterable<CatalogueEntry>
  /** For schemas that the catalogue has replaced since; null when there is no registry. */
  readonly registry: RegistryClient | null
}

/** Decodes event records by the schema id they carry: from the catalogue, else the registry. */
export class RecordReader {
  readonly #options: RecordReaderOptions
  readonly #readers = new Map<number, Reader>()

  constructor(options: RecordReaderOptions) {
    this.#options = options
  }

  async read({ value }: LogRecord): Promise<ReadRecord> {
    if (value === null) return { kind: 'unreadable', reason: 'no value' }
    const schemaId = schemaIdOf(value)
    if (schemaId === null) return { kind: 'unreadable', reason: 'no schema id' }
    const reader = await this.#readerOf(schemaId)
    if (reader === null) return { kind: 'unreadable', reason: `unknown schema id ${schemaId}` }
    const result = reader.decoder.decode(value)
    if (!result.ok) return { kind: 'unreadable', reason: result.reason }
    return { kind: 'event', event: result.event, mask: reader.mask }
  }

  async #readerOf(schemaId: number): Promise<Reader | null> {
    const known = this.#readers.get(schemaId)
    if (known !== undefined) return known
    const schemaText = this.#inCatalogue(schemaId) ?? (await this.#inRegistry(schemaId))
    if (schemaText === null) return null
    const reader = { decoder: compileEventDecoder({ schemaText }), mask: compileMask(schemaText) }
    this.#readers.set(schemaId, reader)
    return reader
  }

  #inCatalogue(schemaId: number): string | null {
    for (const { domains } of this.#options.entries()) {
      const found = Object.values(domains).find((schema) => schema.schemaId === schemaId)
      if (found !== undefined) return found.schema
    }
    return null
  }

  async #inRegistry(schemaId: number): Promise<string | null> {
    const answer = await this.#options.registry?.schemaText(schemaId)
    return answer?.kind === 'ok' ? answer.value : null
  }
}
