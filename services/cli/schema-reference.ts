import type { Domain } from '#core/routing.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { DescribedField } from '#registrar/schema-fields.ts'
import { describedFields } from '#registrar/schema-fields.ts'
import type { SchemaFolder } from '#registrar/schema-files.ts'
import { markdownTable, prose, type Row } from './markdown-table.ts'

const HEAD = ['Field', 'Type', 'Personal data', 'Inferred', 'Meaning']

function row({ path, type, nullable, pii, inferred, doc }: DescribedField): Row {
  return [
    `\`${path}\``,
    nullable ? `${type} or null` : type,
    pii ? 'yes' : '',
    inferred ? 'yes' : '',
    prose(doc),
  ]
}

function isOfResource({ path, type, parent }: DescribedField): boolean {
  return parent !== '' || type.startsWith('record') || path.includes('[')
}

function domainSection(version: string, domain: Domain, schema: string): readonly string[] {
  const fields = describedFields(schema).filter(isOfResource)
  const head = [`## \`${domain}\``, `Record and subject: \`${recordName(version, domain)}\`.`]
  if (fields.length === 0) return [...head, 'No resources: the data is in `raw`.']
  return [...head, markdownTable(HEAD, fields.map(row))]
}

/**
 * The fields of a version for whoever reads its topics, as Markdown: the envelope once, then the
 * resources of each domain. The schemas must have passed the linter.
 */
export function versionReference({ version, schemas }: SchemaFolder): string {
  const envelope = describedFields(schemas.other)
  return [
    `# Events of ${version}`,
    'Written by `npm run docs` from the Avro schemas beside it. What the columns mean: [../README.md](../README.md).',
    '## Every record',
    markdownTable(HEAD, envelope.map(row)),
    ...DOMAINS.flatMap((domain) => domainSection(version, domain, schemas[domain])),
  ].join('\n\n')
}
