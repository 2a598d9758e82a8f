import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { DOMAINS } from '#core/routing.ts'
import type { CheckFinding } from './check-finding.ts'
import { lintSchema } from './lint.ts'
import type { VersionFolder } from './version-folder.ts'
import { readVersionFolders } from './version-folder.ts'

/** One API version as its folder declares it: one schema for each domain, as compact JSON. */
export interface SchemaFolder {
  readonly version: ApiVersion
  readonly schemas: Readonly<Record<Domain, string>>
}

/** The text of each file of a version's folder; null where the file is missing. */
export type SchemaTexts = Pick<VersionFolder, 'version' | 'texts'>

export interface SchemaReading {
  readonly folders: readonly SchemaFolder[]
  /** One finding is enough to refuse its folder as a whole. */
  readonly faults: readonly CheckFinding[]
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
): { readonly schema: string; readonly faults: readonly CheckFinding[] } {
  const file = `${version}/${domain}.avsc`
  const broken = (message: string) => ({
    schema: '',
    faults: [{ file, path: '', rule: 'file' as const, message }],
  })
  if (text === null) return broken('the file is missing')
  const schema = parsed(text)
  if (schema === undefined) return broken('the file is no JSON')
  const faults = lintSchema(schema, { version, domain }).map((found) => ({ file, ...found }))
  return { schema: JSON.stringify(schema), faults }
}

/** Checks all files of one version with the linter. Pure. */
export function checkedFolder({ version, texts }: SchemaTexts): SchemaReading {
  const checked = DOMAINS.map(
    (domain) => [domain, checkedSchema(version, domain, texts[domain])] as const,
  )
  const faults = checked.flatMap(([, result]) => result.faults)
  if (faults.length > 0) return { folders: [], faults }
  const schemas = Object.fromEntries(checked.map(([domain, { schema }]) => [domain, schema]))
  return { folders: [{ version, schemas: schemas as Record<Domain, string> }], faults }
}

/** Checks all files of all versions with the linter. Pure. */
export function checkedFolders(versions: readonly SchemaTexts[]): SchemaReading {
  const readings = versions.map(checkedFolder)
  return {
    folders: readings.flatMap(({ folders }) => folders),
    faults: readings.flatMap(({ faults }) => faults),
  }
}

/**
 * Reads every folder whose name is a version, oldest first, or the one folder that holds schemas
 * itself, and checks them with the linter. Null when the folder is not there.
 */
export async function readSchemaFolders(root: string): Promise<SchemaReading | null> {
  const reading = await readVersionFolders(root)
  return reading === null ? null : checkedFolders(reading.versions)
}
