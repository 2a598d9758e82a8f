import type { Finding } from './finding.ts'
import { fault, ok, someOf, warning } from './finding.ts'

/** A schema of the catalogue, and what the registry has of it. */
export interface HeldSchema {
  readonly subject: string
  /** The id that records carry. */
  readonly schemaId: number
  /** The id of exactly this schema in the registry; null when it has none. */
  readonly heldAs: number | null
}

export interface RegistryFacts {
  /** Null when it is not known what it should hold, since the catalogue cannot be read. */
  readonly schemas: readonly HeldSchema[] | null
}

function subjects(schemas: readonly HeldSchema[]): string {
  return someOf(schemas.map(({ subject }) => subject))
}

/** Whether readers of other teams find every schema, under the id that records carry. */
export function registryFindings({ schemas }: RegistryFacts): readonly Finding[] {
  if (schemas === null) {
    return [
      warning(
        'registry',
        'it answers; what it must hold is not known',
        'repair the catalogue first',
      ),
    ]
  }
  const missing = schemas.filter(({ heldAs }) => heldAs === null)
  const moved = schemas.filter(({ heldAs, schemaId }) => heldAs !== null && heldAs !== schemaId)
  const findings = [
    ...(missing.length === 0
      ? []
      : [
          fault(
            'registry',
            `${missing.length} of ${schemas.length} schemas are not in it: ${subjects(missing)}`,
            'run `schemas register`; a registry that was emptied gives new ids, so restore its backup instead',
          ),
        ]),
    ...(moved.length === 0
      ? []
      : [
          fault(
            'registry',
            `${moved.length} of ${schemas.length} schemas have another id than records carry: ${subjects(moved)}`,
            'restore the registry from its backup: other readers cannot decode what is on the topics',
          ),
        ]),
  ]
  if (findings.length > 0) return findings
  return [
    ok('registry', `it holds all ${schemas.length} schemas of the catalogue, under their ids`),
  ]
}
