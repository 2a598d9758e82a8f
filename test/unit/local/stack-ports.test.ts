import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePorts } from '#local/parts/ports.ts'
import { LOCAL_SETTINGS } from '#local/settings.ts'
import { openings, portConflict, stackPorts } from '#local/stack-ports.ts'
import { loadSettings } from '#platform/config/settings.ts'

const ports = {
  ingress: 1,
  management: 2,
  kafka: 3,
  kafkaController: 4,
  registry: 5,
  postgres: 6,
  services: [7, 8, 9, 10, 11, 12],
}

describe('the ports that the stack opens', () => {
  it('each have a setting that moves them', () => {
    const variables = openings(ports, loadSettings(LOCAL_SETTINGS, {})).map((each) => each.variable)
    expect(variables).toEqual([
      'INGRESS_PORT',
      'MANAGEMENT_PORT',
      ...Array.from({ length: 6 }, () => 'SERVICES_MANAGEMENT_PORT'),
      'KAFKA_PORT',
      'KAFKA_CONTROLLER_PORT',
      'REGISTRY_PORT',
      'POSTGRES_PORT',
    ])
  })

  it('are none of a part that the user replaced', () => {
    const settings = loadSettings(LOCAL_SETTINGS, {
      KAFKA_BROKERS: 'kafka:9092',
      SCHEMA_REGISTRY_URL: 'http://registry',
      DATABASE_URL: 'postgres://db/x',
    })
    expect(openings(ports, settings).map(({ port }) => port)).toEqual([1, 2, 7, 8, 9, 10, 11, 12])
  })

  it('must differ from one another', () => {
    const settings = loadSettings(LOCAL_SETTINGS, {})
    expect(portConflict(openings(ports, settings))).toBeNull()
    expect(portConflict(openings({ ...ports, registry: 1 }, settings))).toBe(
      'INGRESS_PORT and REGISTRY_PORT are both 1: give one of them another port.',
    )
  })
})

it('says which port is busy and which setting moves it', async () => {
  const [busy = 0, ...free] = await freePorts(6)
  const names = ['INGRESS', 'KAFKA', 'KAFKA_CONTROLLER', 'REGISTRY', 'POSTGRES']
  const others = names.map((name, i) => [`${name}_PORT`, String(free[i])])
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(busy, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const environment = { ...Object.fromEntries(others), MANAGEMENT_PORT: String(busy) }
  const settings = loadSettings(LOCAL_SETTINGS, environment)
  await expect(stackPorts(settings)).rejects.toThrow(
    new RegExp(`Port ${busy} for the management .* in use: .*MANAGEMENT_PORT.*PORTS=auto`),
  )
})

it('takes free ports when told to, whatever the settings say', async () => {
  const settings = loadSettings(LOCAL_SETTINGS, { PORTS: 'auto' })
  const chosen = Object.values(await stackPorts(settings)).flat()
  expect(new Set(chosen).size).toBe(12)
  expect(chosen).not.toContain(8080)
})
