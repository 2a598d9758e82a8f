import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { apiVersion } from '#core/ids.ts'
import { findingLine } from '#registrar/check-finding.ts'
import { differenceReport } from '#registrar/difference-report.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'
import { checkedFolder } from '#registrar/schema-files.ts'
import { versionDifferences } from '#registrar/version-difference.ts'
import { schemasFolder, versionsIn } from './check-command.ts'
import { failure, usageFault } from './fault.ts'
import { versionReference } from './schema-reference.ts'
import type { Terminal } from './terminal.ts'

export interface DiffOptions {
  readonly json?: boolean
}

/** The folder of a version given by its date or by a path. */
async function oneVersion(terminal: Terminal, given: string): Promise<SchemaFolder> {
  const isDate = apiVersion(given) !== null && !existsSync(given)
  const path = isDate ? join(schemasFolder(terminal), given) : given
  const { versions } = await versionsIn(path)
  const [version, ...more] = versions
  if (version === undefined || more.length > 0) {
    throw usageFault(`${given} holds ${versions.length} versions; name one`)
  }
  const { folders, faults } = checkedFolder(version)
  const [first] = faults
  if (first !== undefined) {
    throw failure(`${findingLine(first)}; ${faults.length} findings, see \`schemas check\``)
  }
  return folders[0] as SchemaFolder
}

/** What differs between two versions, each given by its date or by a folder. */
export async function diffSchemas(
  terminal: Terminal,
  before: string,
  after: string,
  { json = false }: DiffOptions,
): Promise<void> {
  const [older, newer] = [await oneVersion(terminal, before), await oneVersion(terminal, after)]
  const differences = versionDifferences(older.schemas, newer.schemas)
  if (json) {
    terminal.line(JSON.stringify({ before: older.version, after: newer.version, differences }))
    return
  }
  terminal.line(`${newer.version} differs from ${older.version}:`)
  for (const line of differenceReport(differences)) terminal.line(`  ${line}`)
}

/** The reference of a version's fields, as Markdown. */
export async function documentSchemas(terminal: Terminal, given: string): Promise<void> {
  terminal.line(versionReference(await oneVersion(terminal, given)))
}
