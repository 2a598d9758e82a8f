import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import type { EndpointStorePlace } from '#ingress/endpoint-place.ts'
import { storePlace } from '#ingress/endpoint-place.ts'
import { ENDPOINT_STORE_SETTINGS } from '#ingress/endpoint-settings.ts'
import type { Environment } from '#platform/config/environment.ts'
import {
  DATABASE_SETTINGS,
  KAFKA_SETTINGS,
  REGISTRY_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { SettingDefinitions, Settings } from '#platform/config/settings.ts'
import { loadSettings, SettingsFault } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import type { Finding } from './finding.ts'
import { fault, ok } from './finding.ts'

const KAFKA_GROUP = {
  ...KAFKA_SETTINGS,
  replicationFactor: REGISTRAR_SETTINGS.replicationFactor,
  modes: CONSUMER_SETTINGS.modes,
  service: CONSUMER_SETTINGS.service,
} as const

/** Settings of one part, or all that is wrong with them, each with its variable. */
export type Given<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly string[] }

/** What the examination is told of each part; one that is unusable does not hide the others. */
export interface DoctorSettings {
  readonly kafka: Given<Settings<typeof KAFKA_GROUP>>
  readonly registry: Given<Settings<typeof REGISTRY_SETTINGS>>
  readonly database: Given<Settings<typeof DATABASE_SETTINGS>>
  readonly endpoints: Given<EndpointStorePlace>
}

function given<Definitions extends SettingDefinitions>(
  definitions: Definitions,
  environment: Environment,
): Given<Settings<Definitions>> {
  try {
    return { ok: true, value: loadSettings(definitions, environment) }
  } catch (error) {
    if (error instanceof SettingsFault) return { ok: false, problems: error.problems }
    throw error
  }
}

function endpointPlace(environment: Environment): Given<EndpointStorePlace> {
  const settings = given(ENDPOINT_STORE_SETTINGS, environment)
  if (!settings.ok) return settings
  const place = storePlace(settings.value)
  return 'kind' in place ? { ok: true, value: place } : { ok: false, problems: place }
}

/** Reads the settings of every part as its services read them. */
export function doctorSettings(environment: Environment): DoctorSettings {
  return {
    kafka: given(KAFKA_GROUP, environment),
    registry: given(REGISTRY_SETTINGS, environment),
    database: given(DATABASE_SETTINGS, environment),
    endpoints: endpointPlace(environment),
  }
}

/** @param source where the settings come from, in words */
export function settingsFindings(settings: DoctorSettings, source: string): readonly Finding[] {
  const problems = Object.values(settings).flatMap((each) => (each.ok ? [] : each.problems))
  if (problems.length === 0) return [ok('settings', source)]
  return problems.map((problem) =>
    fault('settings', problem, 'set it as the services have it, or start the local stack'),
  )
}
