import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import type { CatalogueEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { VersionState } from '#core/versions.ts'
import { createLogger } from '#platform/log.ts'
import { catalogueEnd, changeCatalogue } from '#registrar/catalogue-change.ts'
import { keepingSchemas } from '#registrar/catalogue-merge.ts'
import { readCatalogue } from '#registrar/catalogue-reader.ts'
import { writeCatalogue } from '#registrar/catalogue-writer.ts'
import { register } from '#registrar/register.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { API, gateToKafka } from '../../fixtures/kafka-gate.ts'
import { registrarSettings } from '../../fixtures/registrar-settings.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const BEFORE = '2026-02-01' as ApiVersion
const VERSION = '2026-05-19' as ApiVersion
const PREFIX = 'regrace'
const WITHIN_MS = 20_000
const log = createLogger({ service: 'test', level: 'silent' })
const connection = {
  brokers: [inject('kafkaBrokers')],
  clientId: 'catalogue-change-test',
  ssl: false,
  sasl: null,
}
const writing = { connection, topic: `${PREFIX}.control`, log, withinMs: WITHIN_MS }

async function entryNow(): Promise<CatalogueEntry> {
  const entry = (await readCatalogue(connection, writing.topic, log, WITHIN_MS))?.get(VERSION)
  if (entry === undefined) throw new Error('no entry')
  return entry
}

/** The entry as a folder with other schemas would have made it. */
function withOtherSchemas(entry: CatalogueEntry, state: VersionState): CatalogueEntry {
  const card = { ...entry.domains.card, schemaId: entry.domains.card.schemaId + 100_000 }
  return { ...entry, state, domains: { ...entry.domains, card } }
}

async function written(entry: CatalogueEntry): Promise<void> {
  expect(await writeCatalogue(writing, [entry])).toBeNull()
}

describe('two who write to the catalogue at once', () => {
  it('lose nothing of each other: a registrar’s schemas, a command’s state', async () => {
    const folder = await temporaryFolder('schemas')
    onTestFinished(() => folder.remove())
    // The first version of all would be active at once.
    for (const version of [BEFORE, VERSION]) {
      await cp(`schemas/${version}`, join(folder.path, version), { recursive: true })
      const done = await register(registrarSettings(PREFIX, folder.path), log)
      expect(done.kind).toBe('done')
    }
    const registered = await entryNow()

    // The registrar has read `unknown`, and its write is under way.
    await written(withOtherSchemas(registered, 'unknown'))
    const gate = await gateToKafka(inject('kafkaBrokers'))
    onTestFinished(() => gate.close())
    const isWrite = ({ api, body }: { api: number; body: Buffer }) =>
      api === API.produce && body.includes(writing.topic)
    gate.hold(isWrite)
    const late = register(registrarSettings(PREFIX, folder.path, gate.address), log)
    await eventually(async () => gate.requests.some(isWrite), { withinMs: WITHIN_MS })
    await written(withOtherSchemas(registered, 'draining'))
    gate.release()
    const outcome = await late
    expect(outcome.kind === 'done' && outcome.states.get(VERSION)).toBe('draining')
    expect(await entryNow()).toEqual({ ...registered, state: 'draining' })

    // A command that decided before, and a registrar that wrote other schemas since.
    const entry = { ...registered, state: 'active' } as const
    const end = await catalogueEnd(writing)
    const other = withOtherSchemas(registered, 'draining')
    await written(other)
    const merging = keepingSchemas('draining')
    const change = await changeCatalogue(writing, { entries: [entry], end }, merging)
    expect(change.kind).toBe('changed')
    expect(await entryNow()).toEqual({ ...other, state: 'active' })
  })

  it('of whom one was late and took the state back: the other writes over it', async () => {
    const entry = await entryNow()
    const end = await catalogueEnd(writing)
    const late = withOtherSchemas(entry, 'unknown')
    await written(late)
    expect(await entryNow()).toEqual({ ...late, state: 'active', isTakenBack: true })
    const wanted = { entries: [{ ...entry, state: 'retired' as const }], end }
    const change = await changeCatalogue(writing, wanted, keepingSchemas('active'))
    expect(change.kind).toBe('changed')
    expect(await entryNow()).toEqual({ ...late, state: 'retired' })
  })

  it('of whom one changed the state: the other writes nothing over it and says so', async () => {
    const entry = await entryNow()
    const end = await catalogueEnd(writing)
    const other = withOtherSchemas(entry, 'active')
    await written(other)
    const wanted = { entries: [{ ...entry, state: 'active' as const }], end }
    expect(await changeCatalogue(writing, wanted, keepingSchemas('retired'))).toEqual({
      kind: 'failed',
      why: `somebody else wrote that ${VERSION} is active while it was retired`,
    })
    expect(await entryNow()).toEqual(other)
  })
})
