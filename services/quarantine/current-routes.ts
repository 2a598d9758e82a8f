import type { CatalogueEntry, RegisteredSchema } from '#core/catalogue.ts'
import type { RouteTable } from '#ingress/routes.ts'
import { compileRoutes } from '#ingress/routes.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'

function encoderOf({ schema, schemaId }: RegisteredSchema): EventEncoder | null {
  try {
    return compileEventEncoder({ schemaText: schema, schemaId })
  } catch {
    return null
  }
}

/**
 * The routes of an ingress that had this catalogue. Whoever activates a version hands in the
 * catalogue as it will be.
 */
export function routesOf(entries: Iterable<CatalogueEntry>, prefix: string): RouteTable {
  return compileRoutes(entries, prefix, encoderOf)
}
