import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { EntriesResult, PlacedEntry } from '#ingress/endpoint-entry.ts'
import { endpointEntries } from '#ingress/endpoint-entry.ts'
import { documentOf, endpointFiles, readingFault } from '#ingress/endpoint-files.ts'
import type { EndpointBook, EndpointDecision } from './endpoint-book.ts'
import type { EndpointChange } from './endpoint-changes.ts'
import type { TextChange } from './endpoint-text.ts'
import { changedText, emptyText } from './endpoint-text.ts'
import { failure } from './fault.ts'
import { withFileLock } from './file-lock.ts'
import { replaceFile } from './file-replacement.ts'
import type { FoundEndpoints } from './found-endpoints.ts'
import { foundEndpoints } from './found-endpoints.ts'

interface EndpointFile {
  /** After all symbolic links. */
  readonly path: string
  /** Null when it is to be made. */
  readonly text: string | null
}

const FOLDER_FILE = 'endpoints.json'
const ATTEMPTS = 5

function contentOf({ path, text }: EndpointFile): unknown {
  try {
    return documentOf(path, text ?? emptyText(path))
  } catch (error) {
    throw failure(`${path} ${readingFault(error)}; repair it first`)
  }
}

function entriesOf(files: readonly EndpointFile[]): EntriesResult {
  return endpointEntries(files.map((file) => ({ name: file.path, content: contentOf(file) })))
}

function placed(result: EntriesResult): ReadonlyMap<string, PlacedEntry> {
  if (!result.ok) throw failure(`repair it first: ${result.problems.join('; ')}`)
  return result.entries
}

function found(entries: ReadonlyMap<string, PlacedEntry>): FoundEndpoints {
  return foundEndpoints([...entries.values()].map(({ entry }) => entry))
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** Kubernetes swaps `..data`; what is written below it is gone at the next swap, if it can be. */
async function refuseMounted(folder: string): Promise<void> {
  const names = await readdir(folder)
  if (names.includes('..data') || /^\.\.\d{4}_/.test(basename(folder))) {
    throw failure(
      `${folder} is a mounted Kubernetes Secret, which is changed in Kubernetes: work on a copy and apply \`endpoints export --kubernetes-secret\``,
    )
  }
}

/** Endpoints in a JSON or YAML file, or in a folder of them. */
export class FileBook implements EndpointBook {
  readonly #path: string
  readonly #audit: (line: string) => void

  /**
   * @param audit where the line about each change goes: a Secret's folder is no place for a log, so
   * whoever runs the command keeps it
   */
  constructor(path: string, audit: (line: string) => void) {
    this.#path = path
    this.#audit = audit
  }

  async read(): Promise<FoundEndpoints> {
    const files = await this.#files()
    if (files.every(({ text }) => text === null)) throw failure(`${this.#path} is not there`)
    return found(placed(entriesOf(files)))
  }

  async change(decision: EndpointDecision, actor: string) {
    const folder = (await this.#isFolder()) ? this.#path : dirname(this.#path)
    await refuseMounted(await realpath(folder))
    return await withFileLock(join(folder, '.endpoints.lock'), async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const written = await this.#attempt(decision)
        if (written === null) continue
        for (const change of written.changes) this.#audit(auditLine(change, actor, written.where))
        return written
      }
      throw failure(`${this.#path} is being changed by something else all the time`)
    }).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
        throw failure(`${folder} cannot be written (${code})`)
      }
      throw error
    })
  }

  async #isFolder(): Promise<boolean> {
    try {
      return (await stat(this.#path)).isDirectory()
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** What is there; one file to be made where there is none. */
  async #files(): Promise<readonly EndpointFile[]> {
    const isFolder = await this.#isFolder()
    const names = await endpointFiles(this.#path).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw failure(`${this.#path} ${readingFault(error)}`)
    })
    if (names.length === 0) {
      return [{ path: isFolder ? join(this.#path, FOLDER_FILE) : this.#path, text: null }]
    }
    return await Promise.all(
      names.map(async (name) => {
        const path = await realpath(name)
        return { path, text: await readFile(path, 'utf8') }
      }),
    )
  }

  /** Null when a file was changed by something that knows no lock, e.g. an editor. */
  async #attempt(decision: EndpointDecision) {
    const before = await this.#files()
    const entries = placed(entriesOf(before))
    const changes = decision(found(entries))
    const after = changedFiles(before, entries, changes, join(this.#path, FOLDER_FILE))
    checkResult(before, after, entries, changes)
    const touched = after.filter(({ text }, i) => text !== before[i]?.text)
    for (const { path } of touched) await refuseMounted(dirname(path))
    if (!isDeepStrictEqual(await this.#files(), before)) return null
    for (const { path, text } of touched) await replaceFile(path, text ?? '')
    const where = touched.map(({ path }) => path).join(', ')
    return { changes, where: where || this.#path }
  }
}

/** New endpoints of a folder go to its `endpoints.json`, or to its only file. */
function fileOfNew(files: readonly EndpointFile[]): number {
  if (files.length === 1) return 0
  return files.findIndex(({ path }) => basename(path) === FOLDER_FILE)
}

function changedFiles(
  files: readonly EndpointFile[],
  entries: ReadonlyMap<string, PlacedEntry>,
  changes: readonly EndpointChange[],
  newFile: string,
): readonly EndpointFile[] {
  const isNew = ({ entry }: EndpointChange) => !entries.has(entry.id)
  const home = fileOfNew(files)
  const texts = files.map((file, document): EndpointFile => {
    const own = changes.filter(({ entry }) => entries.get(entry.id)?.document === document)
    const change: TextChange = {
      changed: new Map(own.map(({ entry }) => [entries.get(entry.id)?.position ?? 0, entry])),
      added: document === home ? changes.filter(isNew).map(({ entry }) => entry) : [],
    }
    if (change.changed.size === 0 && change.added.length === 0) return file
    const { path, text } = file
    return { path, text: changedText(path, text ?? emptyText(path), change) }
  })
  const homeless = home === -1 ? changes.filter(isNew).map(({ entry }) => entry) : []
  if (homeless.length === 0) return texts
  const change = { changed: new Map(), added: homeless }
  const text = changedText(newFile, emptyText(newFile), change)
  return [...texts, { path: newFile, text }]
}

/** Nothing is written that would not be read back as what was meant. */
function checkResult(
  before: readonly EndpointFile[],
  after: readonly EndpointFile[],
  entries: ReadonlyMap<string, PlacedEntry>,
  changes: readonly EndpointChange[],
): void {
  const meant = new Map(found(entries).usable)
  for (const { entry } of changes) meant.set(entry.id, entry)
  const is = found(placed(entriesOf(after))).usable
  const sorted = (endpoints: FoundEndpoints['usable']) =>
    [...endpoints.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (isDeepStrictEqual(sorted(is), sorted(meant))) return
  throw failure(
    `${before.map(({ path }) => path).join(', ')}: only a person can change this safely`,
  )
}

function auditLine({ entry, action, facts }: EndpointChange, actor: string, where: string): string {
  const at = new Date().toISOString()
  return JSON.stringify({ audit: action, at, actor, endpoint: entry.id, where, ...facts })
}
