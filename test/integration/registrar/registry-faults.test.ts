import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { register } from '#registrar/register.ts'
import type { Registration } from '#registrar/registration.ts'
import { registrationLines } from '#registrar/report.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import type { Doorkeeper, DoorRequest } from '../../fixtures/registry-door.ts'
import { jsonAnswer, openDoor } from '../../fixtures/registry-door.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const VERSION = '2026-05-19' as ApiVersion
const SECRET = 'hunter2.hunter2'

interface Run {
  readonly registration: Registration
  readonly requests: readonly DoorRequest[]
}

/** Registers one version through a door, with topics of its own. */
async function through(keeper: Doorkeeper, topicPrefix: string): Promise<Run> {
  const folder = await temporaryFolder('schemas')
  onTestFinished(() => folder.remove())
  await cp(`schemas/${VERSION}`, join(folder.path, VERSION), { recursive: true })
  const door = await openDoor(inject('registryUrl'), keeper)
  const settings = loadSettings(REGISTRAR_SETTINGS, {
    KAFKA_BROKERS: inject('kafkaBrokers'),
    TOPIC_PREFIX: topicPrefix,
    SCHEMA_REGISTRY_URL: door.url,
    SCHEMA_REGISTRY_TOKEN: SECRET,
    SCHEMAS_FOLDER: folder.path,
  })
  return { registration: await register(settings, log), requests: door.requests }
}

async function isInCatalogue(topicPrefix: string): Promise<boolean> {
  const brokers = [inject('kafkaBrokers')]
  const connection = { brokers, clientId: 'test', ssl: false, sasl: null }
  const catalogue = await readCatalogue(connection, `${topicPrefix}.control`, log, 20_000)
  return catalogue?.has(VERSION) === true
}

function words(registration: Registration): string {
  return registrationLines(registration).join('\n')
}

function isWrite({ method, path }: DoorRequest): boolean {
  return method === 'PUT' || path.endsWith('/versions')
}

const readOnly: Doorkeeper = (request, passOn) =>
  isWrite(request) ? jsonAnswer(403, { error_code: 40301, message: 'Forbidden' }) : passOn()

describe('a registration', () => {
  it('shows its token with every request, and nobody else', async () => {
    const { registration, requests } = await through((_, passOn) => passOn(), 'doortoken')
    expect(registration.kind).toBe('done')
    const shown = new Set(requests.map(({ headers }) => headers.authorization))
    expect([...shown]).toEqual([`Bearer ${SECRET}`])
    const refused: Doorkeeper = ({ headers }) =>
      jsonAnswer(401, { error_code: 401, message: `who is this? ${headers.host}` })
    const { registration: failed } = await through(refused, 'doortoken')
    expect(words(failed)).toContain('check SCHEMA_REGISTRY_USERNAME')
    expect(`${words(failed)}${words(registration)}`).not.toContain(SECRET)
  })

  it('of what is there already needs no right to write', async () => {
    await through((_, passOn) => passOn(), 'doorread')
    const { registration } = await through(readOnly, 'doorread')
    expect(registration).toMatchObject({ kind: 'done', changes: [] })
  })

  it('of something new is refused in words, before the catalogue knows of it', async () => {
    const nothingYet: Doorkeeper = (request, passOn, response) => {
      const isLookUp = request.method === 'POST' && !isWrite(request)
      const unknown = jsonAnswer(404, { error_code: 40401, message: 'Subject not found.' })
      return isLookUp ? unknown : readOnly(request, passOn, response)
    }
    const { registration } = await through(nothingYet, 'doornew')
    expect(words(registration)).toMatch(/does not let us write \(HTTP 403: Forbidden\)/)
    expect(await isInCatalogue('doornew')).toBe(false)
  })

  it('goes on when the registry is away for a moment', async () => {
    let asked = 0
    const { registration } = await through((_, passOn, response) => {
      asked += 1
      if (asked > 8 || asked % 4 > 1) return passOn()
      if (asked % 4 === 1) return jsonAnswer(503, { error_code: 50003, message: 'no leader' })
      response.destroy()
      return null
    }, 'doormoment')
    expect(registration.kind).toBe('done')
  })

  it('stops at a registry that gives ids of other schemas, before the catalogue knows of them', async () => {
    const { registration } = await through(
      (request, passOn) =>
        request.method === 'POST' ? jsonAnswer(200, { id: 1, version: 1 }) : passOn(),
      'doorlies',
    )
    expect(words(registration)).toMatch(/the registry gives id 1, which is another schema/)
    expect(await isInCatalogue('doorlies')).toBe(false)
  })
})
