import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCommand } from '#cli/program.ts'
import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { storeProblems } from '#ingress/endpoint-place.ts'
import { ENDPOINT_STORE_SETTINGS } from '#ingress/endpoint-settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import type { SettingDefinitions } from '#platform/config/settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import { type ImageTarget, imageTargets, settingsOf } from '../fixtures/image-targets.ts'

type Values = Readonly<Record<string, string | number>>

interface Service {
  readonly image?: string
  readonly build?: { readonly target: string }
  readonly pull_policy?: string
  readonly command?: readonly string[]
  readonly profiles?: readonly string[]
  readonly environment: Values
  readonly ports?: readonly string[]
  readonly volumes?: readonly (string | { readonly source: string; readonly target: string })[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly restart?: string
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly mem_limit?: string
  readonly init?: boolean
}

const run = promisify(execFile)
const file = fileURLToPath(new URL('../../docker-compose.yml', import.meta.url))
const text = readFileSync(file, 'utf8')

/** As compose would: variables that are not set take their default, and `$$` is a dollar. */
const substituted = text
  .replaceAll(/(?<!\$)\$\{\w+:-([^}]*)\}/g, (_, fallback: string) => fallback)
  .replaceAll('$$', '$')
const { services } = parse(substituted, { merge: true }) as { services: Record<string, Service> }
const raw = parse(text, { merge: true }) as { services: Record<string, Service> }

const targets = imageTargets()
const all = Object.entries(services)
const built = all.filter(([, { build }]) => build !== undefined)
const foreign = all.filter(([, { build }]) => build === undefined)

function service(name: string): Service {
  const found = services[name]
  if (found === undefined) throw new Error(`there is no service ${name}`)
  return found
}

function targetOf({ build }: Service): ImageTarget {
  const target = targets.get(build?.target ?? '')
  if (target === undefined) throw new Error(`the Dockerfile has no target ${build?.target}`)
  return target
}

function environmentOf(each: Service): Record<string, string> {
  const given = Object.entries(each.environment).map(([name, value]) => [name, String(value)])
  return { ...targetOf(each).environment, ...Object.fromEntries(given) }
}

/** What a service can be told; the command line takes what any of its verbs takes. */
function definitionsOf(each: Service): SettingDefinitions {
  const target = targetOf(each)
  if (target.name !== 'cli') return settingsOf(target)
  if (each.environment.KAFKA_BROKERS === undefined) return ENDPOINT_STORE_SETTINGS
  return { ...CONSUMER_SETTINGS, ...REGISTRAR_SETTINGS, ...ENDPOINT_STORE_SETTINGS }
}

describe.each(built)('%s', (name, each) => {
  it('is built from the target of its name, and never pulled under it', () => {
    const target = name === 'endpoints' ? 'cli' : name
    expect(targetOf(each)).toMatchObject({ name: target, command: expect.any(Array) })
    expect(each.pull_policy).toBe('build')
  })

  it('is given only variables that it knows, with values that it takes', () => {
    const definitions = definitionsOf(each)
    const environment = environmentOf(each)
    const known = Object.values(definitions).map(({ variable }) => variable)
    if (targetOf(each).name === 'cli') known.push('INGRESS_URL')
    const own = Object.keys(environment).filter((name) => !/^(?:NODE|MALLOC)_/.test(name))
    expect(known).toEqual(expect.arrayContaining(own))
    expect(() => loadSettings(definitions, environment)).not.toThrow()
  })

  it('can change nothing in its image and has no capability', () => {
    const hardened = { read_only: true, cap_drop: ['ALL'], init: true }
    expect(each).toMatchObject({ ...hardened, security_opt: ['no-new-privileges:true'] })
    expect(each.cap_add).toBeUndefined()
  })

  it('comes back after a failure, unless a person runs it', () => {
    const isJob = name === 'registrar' || name === 'endpoints'
    const usual = isJob ? 'on-failure:5' : 'unless-stopped'
    expect(each.restart).toBe(name === 'cli' ? undefined : usual)
  })
})

describe.each(foreign)('%s', (name, { image, healthcheck }) => {
  it('has an exact version', () => {
    expect(image).toMatch(/^[a-z/-]+:\d+\.\d+[\w.-]*$/)
  })

  it('has no more capabilities than it needs, and its memory has an end', () => {
    const own = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID']
    expect(services[name]).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
    })
    expect(services[name]?.cap_add).toEqual(name === 'postgres' ? own : undefined)
  })

  it('says when it is healthy', () => {
    expect(healthcheck?.test[0]).toBe('CMD')
    expect(healthcheck?.test.length).toBeGreaterThan(1)
  })

  it('takes its secrets from variables', () => {
    const values = Object.entries(raw.services[name]?.environment ?? {})
    const secrets = values.filter(([variable]) => /PASSWORD|SECRET|TOKEN/.test(variable))
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:-local-only\}$/)
    expect(secrets).toHaveLength(name === 'postgres' ? 1 : 0)
  })
})

describe('the order of the start', () => {
  it('has every service once', () => {
    expect([...built, ...foreign]).toHaveLength(all.length)
    expect(built).toHaveLength(9)
  })

  it('starts nothing that only a person runs', () => {
    const apart = all.filter(([, { profiles }]) => profiles !== undefined)
    expect(apart.map(([name]) => name)).toEqual(['cli'])
  })

  it('waits only for what can be waited for', () => {
    const waits = all.flatMap(([, { depends_on }]) => Object.entries(depends_on ?? {}))
    expect(waits.length).toBeGreaterThan(0)
    for (const [name, { condition }] of waits) {
      const ends = name === 'registrar' || name === 'endpoints'
      expect(condition).toBe(ends ? 'service_completed_successfully' : 'service_healthy')
      if (!ends) expect(service(name).healthcheck).toBeDefined()
    }
  })

  it.each(built)('%s waits for every part whose address it is given', (name, each) => {
    const environment = environmentOf(each)
    const { DATABASE_URL, ENDPOINTS_DATABASE_URL = DATABASE_URL } = environment
    const isService = name === 'ingress' || name.startsWith('consumer-')
    const needed = [
      ...(environment.KAFKA_BROKERS === undefined ? [] : ['kafka']),
      ...(environment.SCHEMA_REGISTRY_URL === undefined ? [] : ['registry']),
      ...(ENDPOINTS_DATABASE_URL === undefined ? [] : ['postgres']),
      ...(isService ? ['registrar'] : []),
      ...(name === 'ingress' ? ['endpoints'] : []),
    ]
    expect(Object.keys(each.depends_on ?? {}).sort()).toEqual(needed.sort())
  })
})

describe('the end', () => {
  const seconds = (each: Service) => Number(each.stop_grace_period?.replace(/s$/, ''))

  it('comes after the ingress has had all of its own time', () => {
    const { drainDelayMs, drainDeadlineMs } = loadSettings(
      INGRESS_SETTINGS,
      environmentOf(service('ingress')),
    )
    const closingMs = 6000
    expect(seconds(service('ingress')) * 1000).toBeGreaterThan(
      drainDelayMs + drainDeadlineMs + closingMs,
    )
  })

  it.each(built.filter(([name]) => name.startsWith('consumer-')))(
    'comes after %s has had all of its own time',
    (_, each) => {
      const { shutdownDeadlineMs } = loadSettings(CONSUMER_SETTINGS, environmentOf(each))
      expect(seconds(each) * 1000).toBeGreaterThan(shutdownDeadlineMs)
    },
  )
})

describe('the addresses', () => {
  it('are those on which Kafka lets itself be reached', () => {
    const { KAFKA_ADVERTISED_LISTENERS, KAFKA_LISTENERS } = service('kafka').environment
    const advertised = String(KAFKA_ADVERTISED_LISTENERS)
    expect(advertised).toContain('PLAINTEXT_HOST://localhost:9092')
    for (const [, { environment }] of built) {
      const { KAFKA_BROKERS = 'kafka:19092' } = environment
      expect(advertised).toContain(`PLAINTEXT://${KAFKA_BROKERS},`)
    }
    for (const port of ['9092', '19092']) expect(KAFKA_LISTENERS).toContain(`://:${port},`)
    expect(service('registry').environment.APICURIO_KAFKASQL_BOOTSTRAP_SERVERS).toBe('kafka:19092')
  })

  it('are those of Postgres, with the user and the database that it makes', () => {
    const { POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD } = service('postgres').environment
    for (const [, { environment }] of built.filter(([name]) => name.startsWith('consumer-'))) {
      expect(environment.DATABASE_URL).toBe(
        `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`,
      )
    }
    const consumer = raw.services['consumer-card']?.environment.DATABASE_URL
    expect(consumer).toContain('${POSTGRES_PASSWORD:-')
  })

  it('are open to other machines for webhooks alone', () => {
    const ports = all.flatMap(([, each]) => each.ports ?? [])
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual(['8080:8080'])
    const published = ports.map((port) => port.split(':').at(-2))
    expect(new Set(published).size).toBe(published.length)
  })
})

describe('what is kept', () => {
  it('is every schema for ever, since the registry has no other memory than Kafka', () => {
    expect(service('registry').environment).toMatchObject({
      APICURIO_STORAGE_KIND: 'kafkasql',
      APICURIO_KAFKASQL_TOPIC_RETENTION_MS: -1,
    })
  })

  it('lies on volumes, where each part writes', () => {
    const { KAFKA_LOG_DIRS } = service('kafka').environment
    expect(service('kafka').volumes).toEqual([`kafka:${KAFKA_LOG_DIRS}`])
    expect(service('postgres').volumes).toEqual(['postgres:/var/lib/postgresql'])
  })
})

describe('the endpoints', () => {
  it('are one store for the ingress and for those who change it, with keys that open', () => {
    const stores = ['ingress', 'endpoints', 'cli'].map((name) => {
      const settings = loadSettings(INGRESS_SETTINGS, {
        KAFKA_BROKERS: 'kafka:19092',
        ...environmentOf(service(name)),
      })
      expect(storeProblems(settings)).toEqual([])
      const { endpointsStore, endpointsDatabaseUrl, endpointsKeys } = settings
      return { endpointsStore, endpointsDatabaseUrl, endpointsKeys }
    })
    expect(new Set(stores.map((store) => JSON.stringify(store))).size).toBe(1)
    expect(stores[0]?.endpointsStore).toBe('postgres')
    expect(raw.services.ingress?.environment.ENDPOINTS_KEYS).toMatch(
      /^\$\{ENDPOINTS_KEYS:-local-only:/,
    )
  })

  it('begin with one for tests, by a command of the CLI that may be run again', async () => {
    const { command = [] } = service('endpoints')
    const words = ['--if-missing', '--no-print-secret', 'tnt_test_compose']
    expect(command).toEqual(expect.arrayContaining(words))
    // Without a store it gets as far as asking for one: every option is known.
    const terminal = {
      environment: { ENDPOINTS_STORE: 'postgres' },
      line: () => {},
      note: () => {},
      stopped: new AbortController().signal,
    }
    await expect(runCommand(command, terminal)).rejects.toThrow(
      'ENDPOINTS_DATABASE_URL: is missing',
    )
  })
})

it('is understood by compose itself', { timeout: 30_000 }, async ({ skip }) => {
  const version = await run('docker', ['compose', 'version']).catch(() => null)
  skip(version === null, 'no docker with the compose plugin on this machine')
  const { stderr } = await run('docker', ['compose', '--file', file, 'config', '--quiet'])
  expect(stderr).toBe('')
})
