import type { ApiVersion } from '#core/ids.ts'
import type { Domain } from '#core/routing.ts'
import { baseOf, VersionInference } from '#registrar/inference.ts'
import { lintSchema } from '#registrar/lint.ts'
import { checkSamples } from '#registrar/sample-check.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'
import type { KnownVersion } from '#registrar/version-check.ts'
import { knownVersion } from '#registrar/version-check.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'

export const VERSION = '2026-09-01' as ApiVersion
const folders = (await readVersionFolders('schemas'))?.versions ?? []
export const known = folders.map(knownVersion).filter((version) => version !== null)
export const base = baseOf(VERSION, known) as KnownVersion
export const headers = { reason: 'unknown_version', api_version: VERSION }

export type Data = Readonly<Record<string, unknown>>

export function body(type: string, data: Data): Data {
  const created = '2026-09-02T08:00:00.000Z'
  const rest = { created, tenant_id: 'tnt_1', live_mode: true, api_version: VERSION }
  return { id: 'evt_1', type, ...rest, data, previous_attributes: null }
}

export function inferred(...bodies: readonly Data[]) {
  const inference = new VersionInference(VERSION)
  for (const one of bodies) {
    inference.take({ value: Buffer.from(JSON.stringify(one)), headers })
  }
  return { inference, proposal: inference.proposal(base) }
}

export function schemaOf(proposal: ReturnType<typeof inferred>['proposal'], domain: Domain) {
  return proposal.domains.find((one) => one.domain === domain)?.schema as Data
}

/** What the linter and the samples have against a proposal; it is made to pass both. */
export function findings({ domains, samples: made }: ReturnType<typeof inferred>['proposal']) {
  const linted = domains.flatMap(({ domain, schema }) =>
    lintSchema(schema, { version: VERSION, domain }),
  )
  if (linted.length > 0) return linted
  const pairs = domains.map(({ domain, schema }) => [domain, JSON.stringify(schema)])
  const folder: SchemaFolder = { version: VERSION, schemas: Object.fromEntries(pairs) }
  const files = [...made].map(([type, sample]) => ({
    name: `${type}.json`,
    bytes: Buffer.from(JSON.stringify(sample)),
  }))
  return checkSamples(folder, files).findings.filter(({ rule }) => rule !== 'no-samples')
}

export function notesOf(proposal: ReturnType<typeof inferred>['proposal'], kind: string) {
  return proposal.domains
    .flatMap(({ events, notes }) => (events === 0 ? [] : notes))
    .filter((note) => note.kind === kind)
}
