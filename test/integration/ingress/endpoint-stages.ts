import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { EndpointBook } from '#cli/endpoint-book.ts'
import { DatabaseBook } from '#cli/endpoint-database-book.ts'
import { FileBook } from '#cli/endpoint-file-book.ts'
import { storePlace, watchedEndpoints } from '#ingress/endpoint-place.ts'
import { ENDPOINT_SETTINGS } from '#ingress/endpoint-settings.ts'
import type { WatchedEndpoints } from '#ingress/endpoint-store.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import { ownDatabase } from '../../fixtures/own-database.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { gateTo } from '../consumers/gate.ts'

/** A store of endpoints that a test can write, break, take away and bring back. */
export interface StoreStage {
  readonly environment: Readonly<Record<string, string>>
  readonly lines: string[]
  /** Whether a fault of one endpoint leaves all others unknown as well. */
  readonly isRefusedWhole: boolean
  book(): EndpointBook
  watch(pollMs?: number): Promise<WatchedEndpoints>
  /** Makes what is there unusable, and usable again. */
  spoil(): Promise<void>
  mend(): Promise<void>
  /** Nobody reaches the store until it is back. */
  away(): Promise<void>
  back(): Promise<void>
  clear(): Promise<void>
}

function keyText(id: string, byte: number): string {
  return `${id}:${Buffer.alloc(32, byte).toString('base64')}`
}

class Watching {
  readonly lines: string[] = []
  readonly #environment: Readonly<Record<string, string>>
  readonly #open: WatchedEndpoints[] = []

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment
  }

  async watch(pollMs = 100): Promise<WatchedEndpoints> {
    const settings = loadSettings(ENDPOINT_SETTINGS, this.#environment)
    const write = (line: string) => void this.lines.push(line)
    const log = createLogger({ service: 'test', level: 'info', destination: { write } })
    const watched = watchedEndpoints({ ...settings, endpointsPollMs: pollMs }, log, () => {})
    this.#open.push(watched)
    await watched.start()
    return watched
  }

  async stop(): Promise<void> {
    for (const watched of this.#open.splice(0)) await watched.stop()
  }
}

export async function fileStage(): Promise<StoreStage> {
  const folder = await temporaryFolder('endpoints')
  const file = join(folder.path, 'endpoints.json')
  const environment = { ENDPOINTS_FILE: file }
  const watching = new Watching(environment)
  let good = ''
  const book = new FileBook(file, (line) => void watching.lines.push(line))
  await writeFile(file, '{"endpoints":[]}')
  return {
    environment,
    lines: watching.lines,
    isRefusedWhole: true,
    book: () => book,
    watch: (pollMs) => watching.watch(pollMs),
    spoil: async () => {
      good = await readFile(file, 'utf8')
      await writeFile(file, good.slice(0, -10))
    },
    mend: () => writeFile(file, good),
    away: () => rename(file, `${file}.away`),
    back: () => rename(`${file}.away`, file),
    clear: async () => {
      await watching.stop()
      await folder.remove()
    },
  }
}

export async function databaseStage(): Promise<StoreStage> {
  const own = await ownDatabase(inject('databaseUrl'))
  const gate = await gateTo(own.url)
  const environment = {
    ENDPOINTS_STORE: 'postgres',
    ENDPOINTS_DATABASE_URL: gate.url,
    ENDPOINTS_KEYS: keyText('a', 1),
  }
  const watching = new Watching(environment)
  const sql = (text: string) =>
    own.database.session((session) => session.query({ text, values: [] }))
  const place = storePlace(loadSettings(ENDPOINT_SETTINGS, environment))
  if (!('kind' in place) || place.kind !== 'postgres') throw new Error('no place')
  const { keys } = place
  return {
    environment,
    lines: watching.lines,
    isRefusedWhole: false,
    book: () => new DatabaseBook({ kind: 'postgres', url: own.url, keys }),
    watch: (pollMs) => watching.watch(pollMs),
    // Each endpoint gets the sealed secrets of the next one, as an attacker would have it.
    spoil: async () => {
      await sql('CREATE TABLE kept AS SELECT id, secrets FROM endpoints.endpoints')
      await sql('UPDATE endpoints.revision SET value = value + 1')
      await sql(`UPDATE endpoints.endpoints AS e SET revision = r.value, secrets = (
        SELECT o.secrets FROM kept AS o WHERE o.id <> e.id LIMIT 1) FROM endpoints.revision AS r`)
    },
    mend: async () => {
      await sql('UPDATE endpoints.revision SET value = value + 1')
      await sql(`UPDATE endpoints.endpoints AS e SET revision = r.value, secrets = k.secrets
        FROM kept AS k, endpoints.revision AS r WHERE k.id = e.id`)
      await sql('DROP TABLE kept')
    },
    away: async () => gate.shut(),
    back: async () => gate.open(),
    clear: async () => {
      await watching.stop()
      await gate.close()
      await own.remove()
    },
  }
}
