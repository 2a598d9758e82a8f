import { Type } from 'typebox'
import { databaseUrlProblem } from '#platform/config/database-url.ts'
import type { Settings } from '#platform/config/settings.ts'
import {
  CommaList,
  checked,
  oneOf,
  optional,
  setting,
  wholeNumber,
} from '#platform/config/settings.ts'

const MINUTE_MS = 60_000

/** Where the endpoints are; the command line reads these as well. */
export const ENDPOINT_STORE_SETTINGS = {
  endpointsStore: setting(
    'ENDPOINTS_STORE',
    oneOf(['file', 'postgres']),
    'file',
    'Where the endpoints are kept: ENDPOINTS_FILE, or ENDPOINTS_DATABASE_URL with ENDPOINTS_KEYS.',
    'postgres',
  ),
  endpointsFile: optional(
    'ENDPOINTS_FILE',
    Type.String({ minLength: 1 }),
    'With the store file: JSON or YAML file with the endpoints, or a folder of such files; read again when it changes.',
    '/etc/event-router/endpoints.json',
  ),
  endpointsDatabaseUrl: checked(
    optional(
      'ENDPOINTS_DATABASE_URL',
      Type.String({ pattern: '^postgres(ql)?://' }),
      'With the store postgres: where the endpoints are, with TLS as in DATABASE_URL; the ingress needs SELECT only.',
      'postgres://ingress:…@db:5432/endpoints',
    ),
    databaseUrlProblem,
  ),
  endpointsKeys: optional(
    'ENDPOINTS_KEYS',
    CommaList,
    'With the store postgres: keys of its secrets, id:base64 of 32 bytes, separated by commas; the first one seals, all of them open.',
    '2026b:…,2026a:…',
  ),
} as const

/** What the ingress can be told about its endpoints. */
export const ENDPOINT_SETTINGS = {
  ...ENDPOINT_STORE_SETTINGS,
  endpointsPollMs: setting(
    'ENDPOINTS_POLL_MS',
    wholeNumber(100, MINUTE_MS),
    1000,
    'How often the endpoints are looked at for changes.',
  ),
  endpointUsageMs: setting(
    'ENDPOINT_USAGE_INTERVAL_MS',
    wholeNumber(100, 60 * MINUTE_MS),
    MINUTE_MS,
    'How often it is written down, at most, which secret matched last and how often.',
  ),
} as const

export type EndpointStoreSettings = Settings<typeof ENDPOINT_STORE_SETTINGS>
