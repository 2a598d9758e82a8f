import { watchedEndpoints } from '#ingress/endpoint-place.ts'
import { ENDPOINT_STORE_SETTINGS } from '#ingress/endpoint-settings.ts'
import type { EndpointSet } from '#ingress/endpoints.ts'
import type { Environment } from '#platform/config/environment.ts'
import { createLogger } from '#platform/log.ts'
import { failure } from './fault.ts'
import { cliSettings } from './stack-address.ts'

const NEVER_MS = 3_600_000

/**
 * Reads the endpoints once, as the ingress would.
 *
 * @throws CliFault that says what is wrong, without a word of the store's contents.
 */
export async function readEndpoints(environment: Environment): Promise<EndpointSet> {
  const settings = cliSettings(ENDPOINT_STORE_SETTINGS, environment)
  const log = createLogger({ service: 'cli', level: 'silent' })
  const watched = watchedEndpoints({ ...settings, endpointsPollMs: NEVER_MS }, log, () => {})
  await watched.start()
  await watched.stop()
  const endpoints = watched.current()
  if (endpoints === null) {
    const where = settings.endpointsFile ?? 'ENDPOINTS_DATABASE_URL'
    throw failure(`the endpoints in ${where}: ${watched.problem() ?? 'unreadable'}`)
  }
  return endpoints
}
