import type { ReadingContext } from '#consumers/runtime/reading.ts'
import { Schemas } from '#consumers/runtime/schemas.ts'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { HandledDomain, Mode } from '#core/routing.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'

/**
 * How a consumer of this domain and mode reads its records, for what operators do by hand.
 *
 * @param entries the catalogue as it is now
 */
export function readingContext(
  entries: () => ReadonlyMap<string, CatalogueEntry>,
  domain: HandledDomain,
  mode: Mode,
): ReadingContext {
  const schemas = new Schemas({
    source: { entries, leaseHeld: () => true, onChange: () => {} },
    domain,
    compile: (schemaText) => {
      const decoder = compileEventDecoder({ schemaText })
      return (value) => decoder.decode(value)
    },
    waitMs: 0,
  })
  return { mode, schemaIdOf, decoderOf: (schemaId) => schemas.decoderOf(schemaId) }
}
