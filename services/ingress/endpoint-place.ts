import { SettingsFault } from '#platform/config/settings.ts'
import type { Logger } from '#platform/log.ts'
import { EndpointFiles, FILES_PACE_MS } from './endpoint-files.ts'
import type { EndpointStoreSettings } from './endpoint-settings.ts'
import { ENDPOINT_STORE_SETTINGS } from './endpoint-settings.ts'
import type { EndpointSource, WatchedEndpointsOptions } from './endpoint-store.ts'
import { WatchedEndpoints } from './endpoint-store.ts'
import { EndpointTables, TABLES_PACE_MS } from './endpoint-tables.ts'
import type { SealingKeys } from './sealing.ts'
import { sealingKeys } from './sealing.ts'

/** A store that can be opened. */
export type EndpointStorePlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly keys: SealingKeys }

/** Where the store is, or what the settings lack, each with its variable. */
export function storePlace(
  settings: EndpointStoreSettings,
): EndpointStorePlace | readonly string[] {
  const { endpointsStore, endpointsFile, endpointsDatabaseUrl, endpointsKeys } = settings
  const {
    endpointsFile: file,
    endpointsDatabaseUrl: url,
    endpointsKeys: list,
  } = ENDPOINT_STORE_SETTINGS
  const missing = ({ variable, example }: { variable: string; example: string }) =>
    `${variable}: is missing (example: ${variable}=${example})`
  if (endpointsStore === 'file') {
    return endpointsFile === null ? [missing(file)] : { kind: 'file', path: endpointsFile }
  }
  const keys = sealingKeys(endpointsKeys ?? [])
  if (endpointsDatabaseUrl !== null && keys !== null) {
    return { kind: 'postgres', url: endpointsDatabaseUrl, keys }
  }
  const malformed = 'ENDPOINTS_KEYS: must be id:base64 of 32 bytes each, every id once'
  return [
    ...(endpointsDatabaseUrl === null ? [missing(url)] : []),
    ...(endpointsKeys === null ? [missing(list)] : keys === null ? [malformed] : []),
  ]
}

/** Opens a store for reading. */
function endpointSource(
  place: EndpointStorePlace,
  log: Logger,
): { readonly source: EndpointSource; readonly paceMs: number } {
  if (place.kind === 'file') {
    return { source: new EndpointFiles(place.path), paceMs: FILES_PACE_MS }
  }
  return { source: new EndpointTables({ ...place, log }), paceMs: TABLES_PACE_MS }
}

/** What makes the settings of the store unusable, each with its variable. */
export function storeProblems(settings: EndpointStoreSettings): readonly string[] {
  const place = storePlace(settings)
  return 'kind' in place ? [] : place
}

/**
 * The endpoints where the settings say; they are not looked at before `start`.
 *
 * @throws SettingsFault when the store's own settings are missing
 */
export function watchedEndpoints(
  settings: EndpointStoreSettings & { readonly endpointsPollMs: number },
  log: Logger,
  onReload: WatchedEndpointsOptions['onReload'],
): WatchedEndpoints {
  const place = storePlace(settings)
  if (!('kind' in place)) throw new SettingsFault(place)
  const { endpointsPollMs: pollMs } = settings
  return new WatchedEndpoints({ ...endpointSource(place, log), pollMs, log, onReload })
}
