import { Type } from 'typebox'
import {
  KAFKA_SETTINGS,
  LOG_SETTINGS,
  REGISTRY_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { Settings } from '#platform/config/settings.ts'
import { optional, setting, wholeNumber } from '#platform/config/settings.ts'

/** Everything that the registrar can be told. */
export const REGISTRAR_SETTINGS = {
  ...LOG_SETTINGS,
  ...KAFKA_SETTINGS,
  ...REGISTRY_SETTINGS,
  schemasFolder: setting(
    'SCHEMAS_FOLDER',
    Type.String({ minLength: 1 }),
    'schemas',
    'Folder with one folder of Avro schemas for each API version.',
  ),
  replicationFactor: optional(
    'KAFKA_REPLICATION_FACTOR',
    wholeNumber(1, 15),
    'Copies of each partition of new topics; without it the number of brokers, at most 3.',
    '3',
  ),
} as const

export type RegistrarSettings = Settings<typeof REGISTRAR_SETTINGS>
