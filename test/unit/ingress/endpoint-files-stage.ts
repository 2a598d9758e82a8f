import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { EndpointFiles, FILES_PACE_MS } from '#ingress/endpoint-files.ts'
import { WatchedEndpoints } from '#ingress/endpoint-store.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

/** Longer than any test: what is read then was asked for. */
export const NEVER = 600_000

/** A folder with files of endpoints, and who watches them. */
export class FilesStage {
  readonly folder: string
  readonly lines: Record<string, unknown>[] = []
  readonly reloads: [result: string, count: number][] = []
  readonly #temporary: TemporaryFolder
  readonly #running: WatchedEndpoints[] = []

  private constructor(temporary: TemporaryFolder) {
    this.#temporary = temporary
    this.folder = temporary.path
  }

  static async set(): Promise<FilesStage> {
    return new FilesStage(await temporaryFolder('endpoints'))
  }

  at(name: string): string {
    return join(this.folder, name)
  }

  /** Puts a file in its place whole, as a careful operator does. */
  async put(name: string, text: string): Promise<void> {
    await writeFile(this.at('part'), text)
    await rename(this.at('part'), this.at(name))
  }

  async watching(path: string, pollMs = 10): Promise<WatchedEndpoints> {
    const write = (line: string) => void this.lines.push(JSON.parse(line))
    const files = new WatchedEndpoints({
      source: new EndpointFiles(path),
      pollMs,
      paceMs: FILES_PACE_MS,
      log: pino({ level: 'debug' }, { write }),
      onReload: (result, count) => this.reloads.push([result, count]),
    })
    this.#running.push(files)
    await files.start()
    return files
  }

  events(): unknown[] {
    return this.lines.map(({ event }) => event)
  }

  async clear(): Promise<void> {
    for (const files of this.#running) await files.stop()
    await this.#temporary.remove()
  }
}

/** Looks at the files once more, now. */
export async function lookedAgain(files: WatchedEndpoints): Promise<void> {
  await files.stop()
  await files.start()
}
