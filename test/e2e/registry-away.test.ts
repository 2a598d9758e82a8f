import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleBody, sampleTypes, sampleVersions, stamped } from '#local/samples.ts'
import { createSender } from '#local/sender.ts'
import { selectOne } from '../fixtures/database-row.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { SeparateServices } from '../fixtures/separate-services.ts'
import { startSeparateServices } from '../fixtures/separate-services.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const soon = { withinMs: 90_000 }
const declared = [
  {
    id: 'whk_away',
    tenant_id: 'tnt_away',
    live_mode: false,
    secrets: [{ id: 'k1', value: 'secret of away' }],
  },
]

let folder: TemporaryFolder
let services: SeparateServices

beforeAll(async () => {
  folder = await temporaryFolder('registry-away')
  services = await startSeparateServices(folder.path, declared, ['ingress', 'consumer-card'])
})

afterAll(async () => {
  await services?.stop()
  await folder.remove()
})

/** Sends every card sample of every version and waits until each had its effect. */
async function sendAndSee(): Promise<void> {
  const { ingressUrl, endpoints, databaseUrl } = services
  const sender = createSender({ ingressUrl, endpoints })
  const ids: string[] = []
  try {
    for (const version of await sampleVersions()) {
      const types = (await sampleTypes(version)).filter((type) => type.startsWith('card.'))
      for (const type of types) {
        const stamp = { tenantId: 'tnt_away', liveMode: false, now: Date.now() }
        const event = stamped(await sampleBody(type, version), stamp)
        expect(await sender.send(event)).toMatchObject({ kind: 'answered', status: 200 })
        ids.push(String(event.id))
      }
    }
  } finally {
    sender.close()
  }
  const list = ids.map((id) => `'${id}'`).join(',')
  const text = `SELECT count(*) AS n FROM card.history WHERE event_id IN (${list})`
  await eventually(async () => (await selectOne(databaseUrl, text))?.n === BigInt(ids.length), soon)
}

describe('without the registry', () => {
  it('running services go on, and new processes of them start and work', async () => {
    await sendAndSee()
    await services.stopRegistry()
    await sendAndSee()
    await Promise.all([
      services.killAndRestart('ingress'),
      services.killAndRestart('consumer-card'),
    ])
    await sendAndSee()
    const aside = 'SELECT count(*) AS n FROM runtime.set_aside'
    expect(await selectOne(services.databaseUrl, aside)).toEqual({ n: 0n })
  })
})
