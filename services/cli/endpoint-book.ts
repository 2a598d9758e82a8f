import type { EndpointChange } from './endpoint-changes.ts'
import type { FoundEndpoints } from './found-endpoints.ts'

/** Changes that follow from what is there; throws a CliFault to refuse. */
export type EndpointDecision = (found: FoundEndpoints) => readonly EndpointChange[]

/** A store as an operator changes it. */
export interface EndpointBook {
  read(): Promise<FoundEndpoints>
  /**
   * Decides and writes with nobody else in between, all of it or nothing; an audit line for each
   * change. The decision may be asked again when what it was based on has changed meanwhile.
   *
   * @returns what was written, and where, in words
   * @throws CliFault
   */
  change(
    decision: EndpointDecision,
    actor: string,
  ): Promise<{ readonly changes: readonly EndpointChange[]; readonly where: string }>
}
