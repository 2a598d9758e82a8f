import { createHash } from 'node:crypto'
import type { Endpoint, EndpointSet } from './endpoints.ts'

/** Of a hash, so that a figure of Prometheus, which is a double, holds it exactly. */
const BYTES = 6

function linesOf({ id, tenantId, mode, state, secrets, decisionUrl }: Endpoint): string {
  const own = [id, tenantId, mode, state, decisionUrl?.href ?? null]
  return JSON.stringify([own, secrets.map(({ id: secret, notAfterMs }) => [secret, notAfterMs])])
}

/**
 * The same number wherever the same endpoints are loaded, and another one after any change but that
 * of a secret's value: values are left out, since who guesses one could try it against the figure.
 */
export function endpointsHash(endpoints: EndpointSet): number {
  const hash = createHash('sha256')
  for (const id of [...endpoints.keys()].sort()) {
    const endpoint = endpoints.get(id)
    if (endpoint !== undefined) hash.update(`${linesOf(endpoint)}\n`)
  }
  return hash.digest().readUIntBE(0, BYTES)
}
