import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiVersion } from '#core/ids.ts'
import { apiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import { lintSchema } from './lint.ts'

/** One API version as its folder declares it: one schema for each domain, as compact JSON. */
export interface SchemaFolder {
  readonly version: ApiVersion
  readonly schemas: Readonly<Record<Domain, string>>
}

/** What is wrong with a schema file, with the place in words. */
export interface SchemaFault {
  /** `<version>/<domain>.avsc` */
  readonly file: string
  /** Where in the schema; empty for the file as a whole. */
  readonly path: string
  readonly message: string
}

/** The text of each file of a version's folder; null where the file is missing. */
export interface SchemaTexts {
  readonly version: ApiVersion
  readonly texts: Readonly<Record<Domain, string | null>>
}

export interface SchemaReading {
  readonly folders: readonly SchemaFolder[]
  /** One fault is enough to refuse its folder as a whole. */
  readonly faults: readonly SchemaFault[]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checkedSchema(
  version: ApiVersion,
  domain: Domain,
  text: string | null,
): { readonly schema: string; readonly faults: readonly SchemaFault[] } {
  const file = `${version}/${domain}.avsc`
  const broken = (message: string) => ({ schema: '', faults: [{ file, path: '', message }] })
  if (text === null) return broken('the file is missing')
  const schema = parsed(text)
  if (schema === undefined) return broken('the file is no JSON')
  const findings = lintSchema(schema, { version, domain })
  const faults = findings.map(({ path, message }) => ({ file, path, message }))
  return { schema: JSON.stringify(schema), faults }
}

/** Checks all files of all versions with the linter. Pure. */
export function checkedFolders(versions: readonly SchemaTexts[]): SchemaReading {
  const folders: SchemaFolder[] = []
  const faults: SchemaFault[] = []
  for (const { version, texts } of versions) {
    const checked = DOMAINS.map(
      (domain) => [domain, checkedSchema(version, domain, texts[domain])] as const,
    )
    const found = checked.flatMap(([, result]) => result.faults)
    faults.push(...found)
    if (found.length > 0) continue
    const schemas = Object.fromEntries(checked.map(([domain, { schema }]) => [domain, schema]))
    folders.push({ version, schemas: schemas as Record<Domain, string> })
  }
  return { folders, faults }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * Reads every folder whose name is a version, oldest first, and checks it. Null when the folder of
 * folders is not there.
 */
export async function readSchemaFolders(root: string): Promise<SchemaReading | null> {
  const names = await readdir(root).catch(() => null)
  if (names === null) return null
  const versions = names.map(apiVersion).filter((version) => version !== null)
  const texts = versions.sort().map(async (version): Promise<SchemaTexts> => {
    const pairs = DOMAINS.map(
      async (domain) => [domain, await textOf(join(root, version, `${domain}.avsc`))] as const,
    )
    const perDomain = Object.fromEntries(await Promise.all(pairs))
    return { version, texts: perDomain as Record<Domain, string | null> }
  })
  return checkedFolders(await Promise.all(texts))
}
