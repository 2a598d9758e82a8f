import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { ApiVersion } from '#core/ids.ts'
import { DOMAINS } from '#core/routing.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { register } from '#registrar/register.ts'
import type { Registration } from '#registrar/registration.ts'
import { registrationLines } from '#registrar/report.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { API, gateToKafka } from '../../fixtures/kafka-gate.ts'
import { registrarSettings } from '../../fixtures/registrar-settings.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const connection: KafkaConnection = {
  brokers: [inject('kafkaBrokers')],
  clientId: 'register-test',
  ssl: false,
  sasl: null,
}

function done(registration: Registration): Extract<Registration, { kind: 'done' }> {
  if (registration.kind !== 'done') throw new Error(JSON.stringify(registration))
  return registration
}

async function topicsOf(prefix: string): Promise<string[]> {
  const admin = kafkaClient(connection, log, 2).admin()
  await admin.connect()
  const names = await admin.listTopics()
  await admin.disconnect()
  return names.filter((name) => name.startsWith(`${prefix}.`))
}

async function createTopic(topic: string, numPartitions: number): Promise<void> {
  const admin = kafkaClient(connection, log, 2).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false })
  await eventually(async () => (await admin.listTopics()).includes(topic), { withinMs: 20_000 })
  await admin.disconnect()
}

/** A copy of the newest version under another name, so that its subjects are new. */
async function newVersion(folder: string, version: string): Promise<void> {
  await mkdir(join(folder, version))
  for (const domain of DOMAINS) {
    const text = await readFile(`schemas/2026-05-19/${domain}.avsc`, 'utf8')
    const renamed = text
      .replaceAll('2026-05-19', version)
      .replaceAll('2026_05_19', version.replaceAll('-', '_'))
    await writeFile(join(folder, version, `${domain}.avsc`), renamed)
  }
}

/** The real registry behind a door that notes method and path of each request. */
async function recordingRegistry(): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = await fetch(`${inject('registryUrl')}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

describe('schemas register', () => {
  it('makes everything the first time and changes nothing the second time', async () => {
    const first = done(await register(registrarSettings('regtwice'), log))
    expect(first.changes.filter(({ kind }) => kind === 'topic_created')).toHaveLength(16)
    expect(first.changes.filter(({ kind }) => kind === 'entry_written')).toHaveLength(3)
    const second = done(await register(registrarSettings('regtwice'), log))
    expect(second.changes).toEqual([])
    expect(second.differences).toEqual([])
    expect(second.subjects).toHaveLength(18)
  })

  it('makes the versions of a first installation active, all or none, whenever it dies', async () => {
    const gate = await gateToKafka(inject('kafkaBrokers'))
    onTestFinished(() => gate.close())
    const first = done(await register(registrarSettings('regfirst', 'schemas', gate.address), log))
    const versions = [...first.states.keys()]
    expect(versions).toHaveLength(3)
    expect(new Set(first.states.values())).toEqual(new Set(['active']))
    // Kafka takes a request to one partition whole or not at all.
    const written = gate.requests.filter(
      ({ api, body }) => api === API.produce && body.includes('regfirst.control'),
    )
    expect(written).toHaveLength(1)
    for (const version of versions) expect(written[0]?.body.includes(version)).toBe(true)
  })

  it('writes to the catalogue what the registry answers by id', async () => {
    done(await register(registrarSettings('regids'), log))
    const catalogue = await readCatalogue(connection, 'regids.control', log, 20_000)
    const card = catalogue?.get('2026-05-19' as ApiVersion)?.domains.card
    expect(card?.subject).toBe('com.qairopay.events.v2026_05_19.CardEvent')
    const registry = new RegistryClient({ url: inject('registryUrl') })
    const answer = await registry.schemaText(card?.schemaId ?? -1)
    expect(answer.kind === 'ok' && JSON.parse(answer.value ?? '')).toEqual(
      JSON.parse(card?.schema ?? ''),
    )
  })

  it('sets the level of every subject before its first version', async () => {
    const folder = await temporaryFolder('schemas')
    onTestFinished(() => folder.remove())
    await newVersion(folder.path, '2031-01-01')
    const { url, requests } = await recordingRegistry()
    done(
      await register(
        { ...registrarSettings('regorder', folder.path), schemaRegistryUrl: url },
        log,
      ),
    )
    const levels = requests.filter((request) => request.startsWith('PUT /config/'))
    expect(levels).toHaveLength(6)
    for (const level of levels) {
      const version = `${level.replace('PUT /config/', 'POST /subjects/')}/versions`
      expect(requests).toContain(version)
      expect(requests.indexOf(level)).toBeLessThan(requests.indexOf(version))
    }
  })

  it('leaves every subject at FULL_TRANSITIVE', async () => {
    const { subjects } = done(await register(registrarSettings('reglevels'), log))
    const registry = new RegistryClient({ url: inject('registryUrl') })
    for (const { subject } of subjects) {
      const level = await registry.compatibility(subject)
      expect([subject, level]).toEqual([subject, { kind: 'ok', value: 'FULL_TRANSITIVE' }])
    }
  })

  it('refuses a topic with another number of partitions, names it, and changes nothing', async () => {
    await createTopic('regparts.sandbox.card', 6)
    expect(await register(registrarSettings('regparts'), log)).toEqual({
      kind: 'partitions_differ',
      conflicts: [{ topic: 'regparts.sandbox.card', declared: 12, found: 6 }],
    })
    expect(await topicsOf('regparts')).toEqual(['regparts.sandbox.card'])
  })

  it('refuses a folder with one broken schema before anything is made', async () => {
    const folder = await temporaryFolder('schemas')
    onTestFinished(() => folder.remove())
    await cp('schemas/2026-05-19', join(folder.path, '2026-05-19'), { recursive: true })
    await writeFile(join(folder.path, '2026-05-19', 'card.avsc'), '{"type":"record"}')
    const registration = await register(registrarSettings('regbroken', folder.path), log)
    expect(registration.kind).toBe('bad_schemas')
    expect(await topicsOf('regbroken')).toEqual([])
  })

  it('registers a version that comes later and leaves the others as they are', async () => {
    const folder = await temporaryFolder('schemas')
    onTestFinished(() => folder.remove())
    await mkdir(folder.path, { recursive: true })
    await cp('schemas/2026-02-01', join(folder.path, '2026-02-01'), { recursive: true })
    done(await register(registrarSettings('reglater', folder.path), log))
    await cp('schemas/2026-05-19', join(folder.path, '2026-05-19'), { recursive: true })
    const later = done(await register(registrarSettings('reglater', folder.path), log))
    expect(later.changes.filter(({ kind }) => kind === 'entry_written')).toEqual([
      // Events of it may be waiting: whoever releases them makes it active.
      { kind: 'entry_written', version: '2026-05-19', state: 'unknown' },
    ])
    expect(registrationLines(later).join('\n')).toContain('`versions release 2026-05-19`')
    const again = done(await register(registrarSettings('reglater', folder.path), log))
    expect(again.changes).toEqual([])
  })

  it('says which part of the world is away', async () => {
    const away = { ...registrarSettings('regaway'), schemaRegistryUrl: 'http://127.0.0.1:9' }
    expect(await register(away, log)).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/registry cannot be reached/),
    })
    const noKafka = { ...registrarSettings('regaway'), kafkaBrokers: ['127.0.0.1:9'] }
    expect(await register(noKafka, log)).toMatchObject({ kind: 'failed', step: 'topics' })
  })
})
