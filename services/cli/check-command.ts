import { REGISTRY_SETTINGS } from '#platform/config/service-settings.ts'
import { registryOptions } from '#platform/registry/registry-access.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import { checkJson, checkLines } from '#registrar/check-report.ts'
import { registryVerdict } from '#registrar/registry-verdict.ts'
import { checkedFolder } from '#registrar/schema-files.ts'
import type { KnownVersion, RegistryVerdict, VersionCheck } from '#registrar/version-check.ts'
import { checkVersion, knownVersion } from '#registrar/version-check.ts'
import type { FolderReading, VersionFolder } from '#registrar/version-folder.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'
import { CliFault, failure, usageFault } from './fault.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface CheckOptions {
  /** Ask no registry. */
  readonly offline?: boolean
  /** Folder of the versions to hold the checked ones against. */
  readonly known?: string
  readonly json?: boolean
}

const DEFAULT_FOLDER = 'schemas'

/** Where the versions of this installation are. */
export function schemasFolder({ environment }: Terminal): string {
  return environment.SCHEMAS_FOLDER ?? DEFAULT_FOLDER
}

/**
 * The versions in a folder.
 *
 * @throws CliFault of wrong use when there are none
 */
export async function versionsIn(folder: string): Promise<FolderReading> {
  const reading = await readVersionFolders(folder)
  if (reading === null) throw usageFault(`there is no folder ${folder}`)
  if (reading.versions.length === 0) throw usageFault(`no version is in the folder ${folder}`)
  return reading
}

/** Those of the versions that have passed the linter, oldest first. */
function knownVersions(versions: readonly VersionFolder[]): readonly KnownVersion[] {
  return versions
    .map(knownVersion)
    .filter((version) => version !== null)
    .sort((a, b) => (a.folder.version < b.folder.version ? -1 : 1))
}

/** The folder's own neighbours, or those of the known folder when one version alone is checked. */
async function neighbours(
  terminal: Terminal,
  { versions }: FolderReading,
  known: string | undefined,
): Promise<readonly KnownVersion[]> {
  const others = known ?? (versions.length > 1 ? undefined : schemasFolder(terminal))
  if (others === undefined) return knownVersions(versions)
  const reading = await readVersionFolders(others)
  if (reading === null && known !== undefined) throw usageFault(`there is no folder ${known}`)
  return knownVersions(reading?.versions ?? [])
}

async function registryOf(terminal: Terminal): Promise<RegistryClient> {
  try {
    const found = await stackEnvironment(terminal.environment, ['SCHEMA_REGISTRY_URL'])
    return new RegistryClient(registryOptions(cliSettings(REGISTRY_SETTINGS, found)))
  } catch (error) {
    if (!(error instanceof CliFault)) throw error
    throw new CliFault(`${error.message}, or check with --offline`, error.exitCode)
  }
}

async function verdictOf(
  registry: RegistryClient | null,
  folder: VersionFolder,
): Promise<RegistryVerdict> {
  const [declared] = checkedFolder(folder).folders
  if (registry === null || declared === undefined) return { kind: 'not_asked' }
  return await registryVerdict(registry, declared)
}

function printed(
  terminal: Terminal,
  checks: readonly VersionCheck[],
  strangers: readonly string[],
  isOk: boolean,
): void {
  for (const name of strangers) terminal.line(`${name}: no version, which is a date YYYY-MM-DD`)
  for (const line of checks.flatMap(checkLines)) terminal.line(line)
  if (isOk) terminal.line(`${checks.length} versions without findings`)
}

/** The one version in a folder, checked as it would be now, with the registry's answers. */
export async function checkedVersion(terminal: Terminal, folder: string): Promise<VersionCheck> {
  const reading = await versionsIn(folder)
  const [version] = reading.versions
  if (version === undefined || reading.versions.length > 1) {
    throw usageFault(`${folder} holds ${reading.versions.length} versions; say the folder of one`)
  }
  const others = await neighbours(terminal, reading, undefined)
  return checkVersion(version, others, await verdictOf(await registryOf(terminal), version))
}

/**
 * Checks a folder of versions, or one version: linter, compatibility with what is registered, and
 * samples; and reports what differs from the version before.
 *
 * @throws CliFault with exit code 1 for any finding
 */
export async function checkSchemas(
  terminal: Terminal,
  folder: string | undefined,
  { offline = false, known, json = false }: CheckOptions,
): Promise<void> {
  const reading = await versionsIn(folder ?? schemasFolder(terminal))
  const others = await neighbours(terminal, reading, known)
  const registry = offline ? null : await registryOf(terminal)
  const checks: VersionCheck[] = []
  for (const version of reading.versions) {
    checks.push(checkVersion(version, others, await verdictOf(registry, version)))
  }
  const { strangers } = reading
  const findings = checks.flatMap((check) => check.findings).length + strangers.length
  const isSilent = checks.some((check) => check.registry.kind === 'unreachable')
  const ok = findings === 0 && !isSilent
  if (json) {
    const versions = checks.map(checkJson)
    terminal.line(JSON.stringify({ ok, strangers, versions }))
  } else printed(terminal, checks, strangers, ok)
  if (findings > 0) throw failure(`${findings} findings; nothing of this may be registered`)
  if (isSilent) throw failure('the registry does not answer; use --offline to check without it')
}
