import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventTypesSource } from '#registrar/event-types-source.ts'
import { checkedFolders } from '#registrar/schema-files.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'
import { chartDocument } from './chart-document.ts'
import { chartSchema } from './chart-schema.ts'
import { jsonText } from './json-text.ts'
import { metricsDocument } from './metrics-document.ts'
import { readExamples } from './reader-examples.ts'
import { documented } from './readme.ts'
import { versionReference } from './schema-reference.ts'

const CHART = 'charts/event-router'

/** A file that code writes, whole or in part. */
export interface WrittenDocument {
  /** From the root of the repository. */
  readonly file: string
  readonly content: string
}

/**
 * Everything that `npm run docs` writes, as it should be now.
 *
 * @throws when a schema of the repository does not pass the linter
 */
export async function writtenDocuments(root: string): Promise<readonly WrittenDocument[]> {
  const found = (await readVersionFolders(join(root, 'schemas')))?.versions ?? []
  const { folders, faults } = checkedFolders(found)
  const [fault] = faults
  if (fault !== undefined) throw new Error(`the schemas are not in order: ${fault.file}`)
  const types = found.map(({ samples }) => samples.map(({ name }) => name.replace(/\.json$/, '')))
  const sources = eventTypesSource(folders.map((folder, i) => ({ folder, types: types[i] ?? [] })))
  const references = folders.map((folder) => ({
    file: `schemas/${folder.version}/README.md`,
    content: `${versionReference(folder)}\n`,
  }))
  const examples = await readExamples(root)
  const values = await readFile(join(root, CHART, 'values.yaml'), 'utf8')
  // Documents of words and tables: what each holds now is what it would be made from.
  const inPart = [
    { file: 'README.md', write: (text: string) => documented(text, examples) },
    { file: 'docs/metrics.md', write: metricsDocument },
    { file: `${CHART}/README.md`, write: (text: string) => chartDocument(text, values) },
  ]
  const documents = inPart.map(async ({ file, write }) => ({
    file,
    content: write(await readFile(join(root, file), 'utf8').catch(() => '')),
  }))
  return [
    ...(await Promise.all(documents)),
    { file: `${CHART}/values.schema.json`, content: jsonText(chartSchema()) },
    ...references,
    ...sources.map(({ file, content }) => ({ file: `services/sdk/events/${file}`, content })),
  ]
}
