import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imported } from '#cli/endpoint-changes.ts'
import { DatabaseBook } from '#cli/endpoint-database-book.ts'
import { FileBook } from '#cli/endpoint-file-book.ts'
import { EndpointFiles } from '#ingress/endpoint-files.ts'
import type { EndpointSource } from '#ingress/endpoint-store.ts'
import { EndpointTables } from '#ingress/endpoint-tables.ts'
import { sealingKeys } from '#ingress/sealing.ts'
import { createLogger } from '#platform/log.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { Target } from './measurements.ts'

const ENDPOINTS = 10_000
const log = createLogger({ service: 'bench', level: 'silent' })

function document() {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, n) => ({
    id: `whk_${String(n).padStart(26, '0')}`,
    tenant_id: `tnt_${String(n).padStart(26, '0')}`,
    live_mode: n % 2 === 0,
    secrets: ['k1', 'k2'].map((id) => ({ id, value: `whsec_${id}_${n}`.padEnd(49, 'x') })),
  }))
  return { endpoints }
}

async function secondsOf(source: EndpointSource): Promise<number> {
  const begun = performance.now()
  const reading = await source.read()
  const seconds = (performance.now() - begun) / 1000
  await source.close()
  if (reading.kind !== 'read' || reading.endpoints.size !== ENDPOINTS) throw new Error(reading.kind)
  return seconds
}

/** How long an ingress takes to load ten thousand endpoints, from both stores. */
export class EndpointsBench {
  readonly #url: string
  readonly #keys = sealingKeys([`a:${Buffer.alloc(32, 1).toString('base64')}`]) ?? new Map()
  readonly #file: number[] = []
  readonly #tables: number[] = []
  #folder: TemporaryFolder | null = null

  constructor(databaseUrl: string) {
    this.#url = databaseUrl
  }

  async start(): Promise<void> {
    this.#folder = await temporaryFolder('endpoints-bench')
    await writeFile(this.#path, JSON.stringify(document()))
    const all = await new FileBook(this.#path, () => {}).read()
    const book = new DatabaseBook({ kind: 'postgres', url: this.#url, keys: this.#keys })
    await book.change((found) => imported(found, all), 'bench')
  }

  async round(): Promise<void> {
    this.#file.push(await secondsOf(new EndpointFiles(this.#path)))
    const tables = new EndpointTables({ url: this.#url, keys: this.#keys, log })
    this.#tables.push(await secondsOf(tables))
  }

  targets(): readonly Target[] {
    const bound = { kind: 'below', value: 2 } as const
    const name = '10,000 endpoints with two secrets each, loaded from'
    return [
      { name: `${name} a JSON file`, unit: 's', values: this.#file, bound },
      { name: `${name} Postgres`, unit: 's', values: this.#tables, bound },
    ]
  }

  async close(): Promise<void> {
    await this.#folder?.remove()
  }

  get #path(): string {
    return join(this.#folder?.path ?? '', 'endpoints.json')
  }
}
