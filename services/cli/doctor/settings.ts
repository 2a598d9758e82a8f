import { Type } from 'typebox'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import type { HandledDomain, Mode } from '#core/routing.ts'
import { HANDLED_DOMAINS, MODES } from '#core/routing.ts'
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
import { loadSettings, optional, SettingsFault } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import type { Finding } from './finding.ts'
import { fault, ok } from './finding.ts'

const KAFKA_GROUP = {
  ...KAFKA_SETTINGS,
  replicationFactor: REGISTRAR_SETTINGS.replicationFactor,
} as const

const GROUP_NAME = `^(${MODES.join('|')})\\.(${HANDLED_DOMAINS.join('|')})\\.[a-z][a-z0-9-]{0,40}$`

/** What only `doctor` can be told. */
export const DOCTOR_SETTINGS = {
  consumerGroups: optional(
    'CONSUMER_GROUPS',
    Type.Array(Type.String({ pattern: GROUP_NAME }), { minItems: 1, uniqueItems: true }),
    'For `doctor`: the consumer groups that are deployed, <mode>.<domain>.<service>, separated by commas; without it every domain in MODES with CONSUMER_SERVICE.',
    'live.card.projector,sandbox.card.projector',
  ),
} as const

const GROUPS_GROUP = {
  ...DOCTOR_SETTINGS,
  modes: CONSUMER_SETTINGS.modes,
  service: CONSUMER_SETTINGS.service,
} as const

/** A consumer group that is deployed, so that it must have members. */
export interface DeployedGroup {
  readonly mode: Mode
  readonly domain: HandledDomain
  /** Last part of its name. */
  readonly service: string
}

/** Settings of one part, or all that is wrong with them, each with its variable. */
export type Given<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly string[] }

/** What the examination is told of each part; one that is unusable does not hide the others. */
export interface DoctorSettings {
  readonly kafka: Given<Settings<typeof KAFKA_GROUP>>
  readonly groups: Given<Settings<typeof GROUPS_GROUP>>
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
    groups: given(GROUPS_GROUP, environment),
    registry: given(REGISTRY_SETTINGS, environment),
    database: given(DATABASE_SETTINGS, environment),
    endpoints: endpointPlace(environment),
  }
}

function allGroups(modes: readonly Mode[], service: string): readonly DeployedGroup[] {
  return modes.flatMap((mode) => HANDLED_DOMAINS.map((domain) => ({ mode, domain, service })))
}

/** The groups that must be there; all of them where the settings of them cannot be used. */
export function deployedGroups({ groups }: DoctorSettings): readonly DeployedGroup[] {
  if (!groups.ok) return allGroups(MODES, CONSUMER_SETTINGS.service.fallback ?? '')
  const { consumerGroups, modes, service } = groups.value
  if (consumerGroups === null) return allGroups(modes, service)
  return consumerGroups.map((name) => {
    // Both are of the pattern, so they are found.
    const [mode, domain, own = ''] = name.split('.')
    return { mode: mode as Mode, domain: domain as HandledDomain, service: own }
  })
}

/** @param source where the settings come from, in words */
export function settingsFindings(settings: DoctorSettings, source: string): readonly Finding[] {
  const problems = Object.values(settings).flatMap((each) => (each.ok ? [] : each.problems))
  if (problems.length === 0) return [ok('settings', source)]
  return problems.map((problem) =>
    fault('settings', problem, 'set it as the services have it, or start the local stack'),
  )
}
