import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { ApiVersion } from '#core/ids.ts'
import { apiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'

/** One golden sample: a body as the sender would write it. */
export interface SampleFile {
  /** `<event type>.json` */
  readonly name: string
  readonly bytes: Buffer
}

/** The folder of one version as it lies on the disk; nothing of it is checked. */
export interface VersionFolder {
  readonly version: ApiVersion
  readonly path: string
  /** The text of each schema; null where the file is missing. */
  readonly texts: Readonly<Record<Domain, string | null>>
  readonly samples: readonly SampleFile[]
  /** Schema files that belong to no domain. */
  readonly strangers: readonly string[]
}

export interface FolderReading {
  /** Oldest first. */
  readonly versions: readonly VersionFolder[]
  /** Names of folders that are no versions. */
  readonly strangers: readonly string[]
}

const SCHEMA_SUFFIX = '.avsc'
const NAMESPACE = /"namespace"\s*:\s*"com\.qairopay\.events\.v(\d{4})_(\d\d)_(\d\d)"/

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function samplesOf(folder: string): Promise<readonly SampleFile[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  return await Promise.all(
    names.sort().map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
  )
}

/** A folder is named after its version; one under work is known by its first namespace. */
function versionOf(path: string, texts: readonly (string | null)[]): ApiVersion | null {
  const named = apiVersion(basename(path))
  if (named !== null) return named
  const match = texts.map((text) => NAMESPACE.exec(text ?? '')).find((found) => found !== null)
  return match == null ? null : apiVersion(match.slice(1).join('-'))
}

async function versionFolder(path: string): Promise<VersionFolder | null> {
  const texts = await Promise.all(
    DOMAINS.map((domain) => textOf(join(path, `${domain}${SCHEMA_SUFFIX}`))),
  )
  const version = versionOf(path, texts)
  if (version === null) return null
  const names = await readdir(path)
  const own = new Set(DOMAINS.map((domain) => `${domain}${SCHEMA_SUFFIX}`))
  return {
    version,
    path,
    texts: Object.fromEntries(DOMAINS.map((domain, i) => [domain, texts[i] ?? null])) as Record<
      Domain,
      string | null
    >,
    samples: await samplesOf(join(path, 'samples')),
    strangers: names.filter((name) => name.endsWith(SCHEMA_SUFFIX) && !own.has(name)).sort(),
  }
}

/**
 * Reads a folder of versions, or the folder of one version (one that holds schemas itself). Null
 * when it is not there.
 */
export async function readVersionFolders(root: string): Promise<FolderReading | null> {
  const path = resolve(root)
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null)
  if (entries === null) return null
  const isVersion = entries.some((entry) => entry.isFile() && entry.name.endsWith(SCHEMA_SUFFIX))
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const names = isVersion ? [basename(path)] : folders.filter((name) => apiVersion(name) !== null)
  const parent = isVersion ? dirname(path) : path
  const read = await Promise.all(names.sort().map((name) => versionFolder(join(parent, name))))
  return {
    versions: read.filter((folder) => folder !== null),
    strangers: isVersion
      ? names.filter((_, i) => read[i] === null)
      : folders.filter((name) => apiVersion(name) === null).sort(),
  }
}
