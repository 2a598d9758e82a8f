import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { sortableIds } from './event-ids.ts'
import { PartFault } from './parts/part-fault.ts'
import { writePrivateJson } from './private-file.ts'

/** The file's own shape, as ENDPOINTS_FILE takes it. */
export interface EndpointsDocument {
  readonly endpoints: readonly {
    readonly id: string
    readonly tenant_id: string
    readonly live_mode: boolean
    readonly enabled: boolean
    readonly secrets: readonly { readonly id: string; readonly value: string }[]
  }[]
}

const DEMO_MODES = [false, false, true]
const SECRET_BYTES = 32

/** Endpoints of two tenants in sandbox and one in live, each with a secret of its own. */
export function newDemoEndpoints(
  now: () => number,
  random: (bytes: number) => Buffer = randomBytes,
): EndpointsDocument {
  const endpointIds = sortableIds('whk_', now)
  const tenantIds = sortableIds('tnt_', now)
  return {
    endpoints: DEMO_MODES.map((live_mode) => ({
      id: endpointIds(),
      tenant_id: tenantIds(),
      live_mode,
      enabled: true,
      secrets: [{ id: 'k1', value: `whsec_${random(SECRET_BYTES).toString('base64url')}` }],
    })),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * The endpoints in a file; made anew only where there is no file, so that what was set up with
 * them goes on working.
 *
 * @throws PartFault when the file holds something else
 */
export async function demoEndpoints(file: string): Promise<readonly Endpoint[]> {
  const text = await readFile(file, 'utf8').catch(() => null)
  const document = text === null ? newDemoEndpoints(Date.now) : parsed(text)
  const result = parseEndpoints([document])
  if (!result.ok) {
    throw new PartFault(
      `${file} cannot be used (${result.problems.join('; ')}): repair it, or remove it and new endpoints are made.`,
    )
  }
  if (text === null) await writePrivateJson(file, document)
  return [...result.endpoints.values()]
}
