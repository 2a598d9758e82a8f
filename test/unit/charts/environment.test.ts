import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { CHART_SERVICES, LEFT_OUT, settingsByVariable } from '#cli/chart-settings.ts'
import { DOCTOR_SETTINGS } from '#cli/doctor/settings.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { ENDPOINT_STORE_SETTINGS } from '#ingress/endpoint-settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import {
  DATABASE_SETTINGS,
  KAFKA_SETTINGS,
  REGISTRY_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { SettingDefinitions } from '#platform/config/settings.ts'
import { loadSettings, SettingsFault } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import type { Manifest, PodSpec } from '../../fixtures/chart.ts'
import { CHART, component, noHelm, renderedSet, running, valueSets } from '../../fixtures/chart.ts'

/** What Node itself reads. */
const OF_NODE = ['NODE_OPTIONS']
/** What an operator adds by extraEnvVars in a set. */
const ADDED = ['TZ']

const CLI_SETTINGS: SettingDefinitions = {
  ...KAFKA_SETTINGS,
  ...REGISTRY_SETTINGS,
  ...DATABASE_SETTINGS,
  ...ENDPOINT_STORE_SETTINGS,
  replicationFactor: REGISTRAR_SETTINGS.replicationFactor,
  ...DOCTOR_SETTINGS,
}

function definitionsOf(part: string): SettingDefinitions {
  if (part === 'cli') return CLI_SETTINGS
  if (part.startsWith('consumer-')) return CHART_SERVICES.consumer
  return CHART_SERVICES[part as 'ingress' | 'registrar']
}

function variablesOf(definitions: SettingDefinitions): readonly string[] {
  return Object.values(definitions).map(({ variable }) => variable)
}

/** Values of Secrets, as they could be. */
const SECRET_VALUES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://event_router:x@db:5432/event_router',
  ENDPOINTS_DATABASE_URL: 'postgres://ingress:x@db:5432/endpoints',
  ENDPOINTS_KEYS: `2026a:${Buffer.alloc(32).toString('base64')}`,
}

function environmentOf({ containers: [container] }: PodSpec): Record<string, string> {
  return Object.fromEntries(
    container.env.map(({ name, value }) => [name, value ?? SECRET_VALUES[name] ?? 'secret']),
  )
}

/** What the settings code of a component has against what the chart sets. */
function problems(part: string, pod: PodSpec): readonly string[] {
  try {
    loadSettings(definitionsOf(part), environmentOf(pod))
    return []
  } catch (error) {
    if (!(error instanceof SettingsFault)) throw error
    return error.problems
  }
}

interface Running {
  readonly manifest: Manifest
  readonly pod: PodSpec
}

const all: (Running & { readonly part: string })[] = []
beforeAll(async () => {
  if (noHelm !== null) return
  for (const set of valueSets()) {
    const ours = running(await renderedSet(set)).filter(
      ({ manifest }) => !component(manifest).startsWith('dev-'),
    )
    all.push(...ours.map((each) => ({ ...each, part: component(each.manifest) })))
  }
})

describe.runIf(noHelm === null)('a variable that the chart sets', () => {
  it('is known to the settings of its service', () => {
    for (const { part, pod } of all) {
      const known = [...variablesOf(definitionsOf(part)), ...OF_NODE, ...ADDED]
      const names = pod.containers[0].env.map(({ name }) => name)
      expect([part, names.filter((name) => !known.includes(name))]).toEqual([part, []])
      expect([part, new Set(names).size]).toEqual([part, names.length])
    }
  })

  it('has a value that its service takes, but for files that are not on this machine', () => {
    for (const { part, pod } of all) {
      const others = problems(part, pod).filter(
        (problem) =>
          !/_(?:CA|CERT|KEY)_FILE: /.test(problem) || !/there is no such file/.test(problem),
      )
      expect([part, others]).toEqual([part, []])
    }
  })

  it('is named in digits however large it is', () => {
    const ingress = all
      .filter(({ part }) => part === 'ingress')
      .map(({ pod }) => environmentOf(pod))
    expect(ingress.map(({ QUEUE_MAX_BYTES }) => QUEUE_MAX_BYTES)).toContain('134217728')
  })
})

describe.runIf(noHelm === null).each(['ingress', 'consumer', 'registrar'] as const)(
  'a setting of the %s',
  (name) => {
    it('is set by the chart, reachable by a value, or left out for a reason', () => {
      const byValue = settingsByVariable(name).map(({ variable }) => variable)
      const bySomeSet = all
        .filter(({ part }) => part.startsWith(name))
        .flatMap(({ pod }) => pod.containers[0].env.map((variable) => variable.name))
      const reachable = new Set([...byValue, ...bySomeSet, ...Object.keys(LEFT_OUT)])
      const forgotten = variablesOf(CHART_SERVICES[name]).filter((each) => !reachable.has(each))
      expect(forgotten).toEqual([])
    })
  },
)

describe('what is left out', () => {
  it('exists, and has a reason in words', () => {
    const known = Object.values(CHART_SERVICES).flatMap((each) => variablesOf(each))
    for (const [variable, reason] of Object.entries(LEFT_OUT)) {
      expect(known).toContain(variable)
      expect(reason).toMatch(/ .* /)
    }
  })
})

describe('figures that templates repeat', () => {
  const problemsText = readFileSync(join(CHART, 'templates/_problems.tpl'), 'utf8')

  it.each([
    INGRESS_SETTINGS.drainDelayMs,
    INGRESS_SETTINGS.drainDeadlineMs,
    INGRESS_SETTINGS.queueBytes,
    INGRESS_SETTINGS.bodiesBytes,
    CONSUMER_SETTINGS.shutdownDeadlineMs,
  ])('are those of the settings: $variable', ({ variable, fallback }) => {
    expect(problemsText).toContain(`"${variable}" ${fallback})`)
  })
})
