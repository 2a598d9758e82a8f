import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { endpointEntries } from './endpoint-entry.ts'
import type { EndpointSource, SourceReading } from './endpoint-store.ts'
import { endpointSet } from './endpoints.ts'

/** A bad signature costs a look at the files' times, so it may come often. */
export const FILES_PACE_MS = 25
/** YAML that is cut off can be valid and lack endpoints, so a file is read when it is quiet. */
const QUIET_MS = 25
const MAX_QUIET_CHECKS = 40
/** 10,000 endpoints in YAML take 4 s in one go, in which no webhook is answered. */
const MOST_YAML_CHARACTERS = 1024 * 1024
const DOCUMENT = /\.(?:json|ya?ml)$/

class LargeYaml extends Error {
  constructor() {
    super('is YAML of more than 1 MiB, which would hold up all webhooks: write it as JSON')
  }
}

/** The files of a path, in a stable order: itself, or the JSON and YAML files of a folder. */
export async function endpointFiles(path: string): Promise<readonly string[]> {
  const entry = await stat(path)
  if (!entry.isDirectory()) return [path]
  const names = await readdir(path)
  return names
    .filter((name) => DOCUMENT.test(name))
    .sort()
    .map((name) => join(path, name))
}

/**
 * Changes when a file was written, replaced (also by a symbolic link), added or removed. Two
 * secrets have one length and tools keep `mtime`, but `ctime` is the kernel's own.
 */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    const { mtimeMs, ctimeMs, size, ino } = await stat(file)
    return `${file}:${ino}:${mtimeMs}:${ctimeMs}:${size}`
  })
  return (await Promise.all(stamps)).join('\n')
}

async function quietStamp(files: readonly string[], first: string): Promise<string> {
  let stamp = first
  for (let check = 0; check < MAX_QUIET_CHECKS; check += 1) {
    await delay(QUIET_MS)
    const next = await stampOf(files)
    if (next === stamp) break
    stamp = next
  }
  return stamp
}

/** JSON is YAML too, but ten thousand endpoints are read a hundred times faster as what they are. */
export function documentOf(file: string, text: string): unknown {
  if (file.endsWith('.json')) return JSON.parse(text)
  if (text.length > MOST_YAML_CHARACTERS) throw new LargeYaml()
  // The parser's warnings go to standard error and quote the line, which may hold a secret.
  return parse(text, { logLevel: 'error' })
}

/** What may be said of a file that cannot be read: both errors of parsers quote the file. */
export function readingFault(error: unknown): string {
  if (error instanceof LargeYaml) return error.message
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : ''
  return `cannot be read (${code})`
}

/** Parses one file, and says its name when that fails. */
async function contentOf(file: string): Promise<{ content: unknown } | { fault: string }> {
  try {
    return { content: documentOf(file, await readFile(file, 'utf8')) }
  } catch (error) {
    return { fault: `${basename(file)} ${readingFault(error)}` }
  }
}

/**
 * Endpoints from a JSON or YAML file, or a folder of them. A file that is being written is left
 * alone until it is quiet, and all files are of one moment: when one changed while they were read,
 * they are read again.
 */
export class EndpointFiles implements EndpointSource {
  readonly #path: string
  #stamp = ''

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<SourceReading> {
    try {
      const files = await endpointFiles(this.#path)
      // A mount that is not there yet, or gone: to know no endpoints would refuse every event.
      if (files.length === 0) return this.#away('holds no JSON or YAML file')
      const changed = await stampOf(files)
      if (changed === this.#stamp) return { kind: 'unchanged' }
      const stamp = await quietStamp(files, changed)
      const contents = await Promise.all(files.map(contentOf))
      // Written while it was read: the next look reads it again.
      if ((await stampOf(files)) !== stamp) return { kind: 'unsettled' }
      const faults = contents.flatMap((read) => ('fault' in read ? [read.fault] : []))
      if (faults.length > 0) return this.#away(...faults)
      this.#stamp = stamp
      return await this.#parsed(contents, files)
    } catch (error) {
      return this.#away(readingFault(error))
    }
  }

  async close(): Promise<void> {}

  async #parsed(contents: readonly object[], files: readonly string[]): Promise<SourceReading> {
    const documents = contents.map((read, i) => ({
      name: basename(files[i] ?? ''),
      content: 'content' in read ? read.content : null,
    }))
    const result = endpointEntries(documents)
    if (!result.ok) return { kind: 'faulty', problems: result.problems }
    const entries = [...result.entries.values()].map(({ entry }) => entry)
    return { kind: 'read', endpoints: await endpointSet(entries) }
  }

  /** Reads again next time, whatever the stamp: what comes back may be the very file of before. */
  #away(...problems: readonly string[]): SourceReading {
    this.#stamp = ''
    return { kind: 'faulty', problems }
  }
}
