import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventTypesSource } from '#registrar/event-types-source.ts'
import { checkedFolders } from '#registrar/schema-files.ts'
import { readVersionFolders } from '#registrar/version-folder.ts'
import { alertsDocument } from './alerts-document.ts'
import { chartDocument } from './chart-document.ts'
import { chartSchema } from './chart-schema.ts'
import { jsonText } from './json-text.ts'
import { metricsDocument } from './metrics-document.ts'
import { readExamples } from './reader-examples.ts'
import { documented, withRegion } from './readme.ts'
import { rightsDocument } from './rights-document.ts'
import { versionReference } from './schema-reference.ts'
import type { BenchReport } from './sizing-document.ts'
import { sizingDocument } from './sizing-document.ts'

const CHART = 'charts/event-router'

/** A file that code writes, whole or in part. */
export interface WrittenDocument {
  /** From the root of the repository. */
  readonly file: string
  readonly content: string
}

const ALERTS = 'charts/event-router/alerts'

/** The pages for operators, with the alerts and the figures that there are. */
async function operations(root: string): Promise<(text: string) => string> {
  const names = (await readdir(join(root, ALERTS))).sort()
  const files = names.map((name) => readFile(join(root, ALERTS, name), 'utf8'))
  const alerts = alertsDocument(await Promise.all(files))
  const report = JSON.parse(await readFile(join(root, 'docs/bench.json'), 'utf8')) as BenchReport
  const sizing = sizingDocument(report)
  return (text) => withRegion(withRegion(text, 'alerts', alerts), 'sizing', sizing)
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
    { file: 'docs/operations.md', write: await operations(root) },
    {
      file: 'docs/kafka-rights.md',
      write: (text: string) => withRegion(text, 'rights', rightsDocument()),
    },
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
