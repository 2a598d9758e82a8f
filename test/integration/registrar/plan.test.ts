import { randomInt } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { planRegistration, register } from '#registrar/register.ts'
import { planLines, registrationLines } from '#registrar/report.ts'
import { runCli } from '../../fixtures/cli.ts'
import { registrarSettings } from '../../fixtures/registrar-settings.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const connection: KafkaConnection = {
  brokers: [inject('kafkaBrokers')],
  clientId: 'plan-test',
  ssl: false,
  sasl: null,
}
// A registry that has just started may take longer than a registration would wait.
const registry = new RegistryClient({ url: inject('registryUrl'), timeoutMs: 20_000 })

/** A copy of the newest version under a date that no other test uses: its subjects are new. */
async function newVersion() {
  const folder = await temporaryFolder('schemas')
  onTestFinished(() => folder.remove())
  const version = `${randomInt(2100, 9999)}-01-01`
  await mkdir(join(folder.path, version, 'samples'), { recursive: true })
  const copy = async (file: string) => {
    const text = await readFile(join('schemas/2026-05-19', file), 'utf8')
    const renamed = text
      .replaceAll('2026-05-19', version)
      .replaceAll('2026_05_19', version.replaceAll('-', '_'))
    await writeFile(join(folder.path, version, file), renamed)
  }
  for (const domain of DOMAINS) await copy(`${domain}.avsc`)
  await copy('samples/card.created.json')
  return { path: folder.path, version, card: join(folder.path, version, 'card.avsc') }
}

/** Everything of Kafka and the registry that a registration may touch. */
async function world(prefix: string, version: string) {
  const admin = kafkaClient(connection, log, 2).admin()
  await admin.connect()
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${prefix}.`))
  const ends = await Promise.all(topics.sort().map((topic) => admin.fetchTopicOffsets(topic)))
  await admin.disconnect()
  const subjects = await Promise.all(
    DOMAINS.map(async (domain) => {
      const subject = recordName(version, domain)
      return [await registry.compatibility(subject), await registry.registeredSchemas(subject)]
    }),
  )
  return { topics, ends, subjects }
}

describe('schemas plan', () => {
  it('names what register then does, says it twice alike, and changes nothing', async () => {
    const { path, version } = await newVersion()
    const before = await world('plantest', version)
    const first = await planRegistration(registrarSettings('plantest', path), log)
    expect(await planRegistration(registrarSettings('plantest', path), log)).toEqual(first)
    expect(await world('plantest', version)).toEqual(before)
    const planned = planLines(first)
    expect(planned.at(-1)).toBe('29 changes would be made; nothing was changed.')

    const done = registrationLines(await register(registrarSettings('plantest', path), log)).join(
      '\n',
    )
    expect(done).toContain('29 changes made.')
    for (const domain of DOMAINS) {
      expect(planned).toContain(`would register ${recordName(version, domain)}`)
      expect(done).toContain(`registered ${recordName(version, domain)} with id`)
    }
    expect(planned).toContain(`would write catalogue entry ${version} (active)`)
    const after = await world('plantest', version)
    expect(after).not.toEqual(before)
    const last = planLines(await planRegistration(registrarSettings('plantest', path), log))
    expect(last).toEqual([expect.stringMatching(/^Nothing would change/)])
    expect(await world('plantest', version)).toEqual(after)
  })
})

describe('schemas check', () => {
  it('asks the registry, and names the field where the registry only says no', async () => {
    const { path, version, card } = await newVersion()
    const environment = { SCHEMA_REGISTRY_URL: inject('registryUrl') }
    const run = (...args: readonly string[]) =>
      runCli(['schemas', 'check', join(path, version), ...args], { environment })
    const unknown = await run()
    expect([unknown.code, unknown.err]).toEqual([0, ''])
    expect(unknown.out).toContain('registry: knows nothing of this version')
    expect(unknown.out).toContain('differs from 2026-05-19')

    const subject = recordName(version, 'card')
    const text = await readFile(card, 'utf8')
    await registry.setCompatibility(subject)
    await registry.register(subject, text)
    expect((await run()).out).toContain('registry: holds 1 schemas of it')

    await writeFile(card, text.replace('"name": "status"', '"name": "status", "pii": true'))
    expect((await run()).code).toBe(0)

    const amount = /("name": "amount_cents",\s+"type": \["null", )"long"/
    await writeFile(card, text.replace(amount, '$1"string"'))
    const refused = await run('--json')
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('2 findings')])
    const [{ findings, registry: verdict }] = JSON.parse(refused.out).versions
    expect(findings).toMatchObject([
      { rule: 'field-retyped', path: 'transaction.amount_cents' },
      { rule: 'registry-refuses', file: `${version}/card.avsc` },
    ])
    expect(verdict).toEqual({ kind: 'asked', refused: ['card'] })
    expect(await registry.registeredSchemas(subject)).toMatchObject({ value: { length: 1 } })
  })

  it('is not content with a registry that does not answer, unless told to ask none', async () => {
    const environment = { SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9' }
    const away = await runCli(['schemas', 'check', 'schemas/2026-05-19'], { environment })
    expect(away.code).toBe(1)
    expect(away.err).toMatch(/^[^\n]*registry does not answer; use --offline[^\n]*\n$/)
    const offline = ['schemas', 'check', 'schemas/2026-05-19', '--offline']
    expect((await runCli(offline, { environment })).code).toBe(0)
  })
})
