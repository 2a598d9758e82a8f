import type { Domain } from '#core/routing.ts'
import { DOMAINS, domainOf } from '#core/routing.ts'
import type { Json } from './lint-finding.ts'
import { isJsonObject } from './lint-finding.ts'
import type { SchemaFolder } from './schema-files.ts'

/** A version with the event types that its samples show. */
export interface SampledVersion {
  readonly folder: SchemaFolder
  readonly types: readonly string[]
}

/** A file of TypeScript. */
export interface SourceFile {
  /** Within `services/sdk/events/`. */
  readonly file: string
  readonly content: string
}

const COLUMNS = 100
const SCALARS: ReadonlyMap<unknown, string> = new Map([
  ['string', 'string'],
  ['boolean', 'boolean'],
  ['double', 'number'],
  // Amounts: a double loses cents above 2^53.
  ['long', 'bigint'],
])

function pascal(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** `2026-05-19` within a name. */
function suffix(version: string): string {
  return version.replaceAll('-', '')
}

function constantName(domain: Domain): string {
  return `${domain.toUpperCase()}_EVENT_TYPES`
}

/** Words in lines that leave room for what stands before them. */
function wrapped(words: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function comment(doc: unknown, indent: string): readonly string[] {
  // Whatever stands in a doc, the comment must not end there.
  const text = String(doc ?? '').replaceAll('*/', '* /')
  const single = `${indent}/** ${text} */`
  if (single.length <= COLUMNS) return [single]
  const lines = wrapped(text, COLUMNS - indent.length - 3)
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`]
}

function listOf(items: readonly string[], opening: string, closing: string): readonly string[] {
  const single = `${opening}${items.join(', ')}${closing}`
  if (single.length <= COLUMNS) return [single]
  return [opening, ...items.map((item) => `  ${item},`), closing]
}

function valueBranch(node: unknown): unknown {
  return Array.isArray(node) ? node.find((branch) => branch !== 'null') : node
}

/** The type as our decoder returns it. */
function typeOf(node: unknown): string {
  const value = valueBranch(node)
  if (!isJsonObject(value)) return SCALARS.get(value) ?? 'unknown'
  if (value.type === 'record') return String(value.name)
  if (value.type === 'array') return `readonly ${typeOf(value.items)}[]`
  return typeOf(value.type)
}

function recordOf(node: unknown): Json | null {
  const value = valueBranch(node)
  if (!isJsonObject(value)) return null
  return value.type === 'array' ? recordOf(value.items) : value.type === 'record' ? value : null
}

function fieldsOf(record: Json): readonly Json[] {
  return Array.isArray(record.fields) ? record.fields.filter(isJsonObject) : []
}

function property(field: Json): readonly string[] {
  const type = `${typeOf(field.type)} | null`
  return [...comment(field.doc, '  '), `  readonly ${String(field.name)}: ${type}`]
}

function interfaceOf(name: string, doc: unknown, fields: readonly Json[]): readonly string[] {
  const head = [...comment(doc, ''), `export interface ${name} {`]
  return [...head, ...fields.flatMap(property), '}', '']
}

/** The interfaces of a record and of all records within it, innermost first. */
function interfacesOf(record: Json): readonly string[] {
  const fields = fieldsOf(record)
  const inner = fields.map(({ type }) => recordOf(type)).filter((found) => found !== null)
  return [...inner.flatMap(interfacesOf), ...interfaceOf(String(record.name), record.doc, fields)]
}

function domainSource(
  { folder, types }: SampledVersion,
  domain: Domain,
  resources: readonly Json[],
  previous: string,
): string {
  const { version } = folder
  const name = pascal(domain)
  const records = resources.map(({ type }) => recordOf(type)).filter((found) => found !== null)
  const quoted = types.filter((type) => domainOf(type) === domain).map((type) => `'${type}'`)
  const constant = constantName(domain)
  const event = [
    `export type ${name}Event = EventOfType<`,
    `  '${version}',`,
    `  (typeof ${constant})[number],`,
    `  ${name}Resources,`,
    `  ${previous}`,
    '>',
  ]
  return [
    `// Written by \`npm run docs\` from schemas/${version}/${domain}.avsc and the samples beside it.`,
    "import type { EventOfType } from '../versioned-event.ts'",
    '',
    ...records.flatMap(interfacesOf),
    ...interfaceOf(
      `${name}Resources`,
      `What an event of the ${domain} domain may carry; null is what it does not.`,
      resources,
    ),
    `/** Types of the ${domain} domain that have a sample. */`,
    ...listOf(quoted, `export const ${constant} = [`, '] as const'),
    '',
    `/** An event of the ${domain} domain in ${version}. */`,
    ...event,
    '',
  ].join('\n')
}

function rootFields(schema: string): readonly Json[] {
  const root: unknown = JSON.parse(schema)
  return isJsonObject(root) ? fieldsOf(root) : []
}

/** Domains with resources; `other` has none, and nothing to be typed. */
function typedDomains({ schemas }: SchemaFolder): readonly Domain[] {
  return DOMAINS.filter((domain) => rootFields(schemas[domain]).some(isResource))
}

function isResource({ type }: Json): boolean {
  return recordOf(type) !== null
}

function versionSources(version: SampledVersion): readonly SourceFile[] {
  const { folder } = version
  return typedDomains(folder).map((domain) => {
    const fields = rootFields(folder.schemas[domain])
    const hasPrevious = fields.some(({ name }) => name === 'previous_attributes')
    const previous = hasPrevious ? 'string | null' : 'null'
    const content = domainSource(version, domain, fields.filter(isResource), previous)
    return { file: `${folder.version}/${domain}.ts`, content }
  })
}

function importsOf({ version, ...folder }: SchemaFolder): readonly string[] {
  const domains = [...typedDomains({ version, ...folder })].sort()
  return domains.flatMap((domain) => {
    const path = `./${version}/${domain}.ts`
    const [event, types] = [`${pascal(domain)}Event`, constantName(domain)]
    return [
      `import type { ${event} as ${event}${suffix(version)} } from '${path}'`,
      `import { ${types} as ${types}_${suffix(version)} } from '${path}'`,
    ]
  })
}

function unionSource(folders: readonly SchemaFolder[]): string {
  const events = folders.flatMap((folder) => [
    `  readonly '${folder.version}': {`,
    ...typedDomains(folder).map(
      (domain) => `    readonly ${domain}: ${pascal(domain)}Event${suffix(folder.version)}`,
    ),
    '  }',
  ])
  const types = folders.flatMap((folder) => [
    `  '${folder.version}': {`,
    ...typedDomains(folder).map(
      (domain) => `    ${domain}: ${constantName(domain)}_${suffix(folder.version)},`,
    ),
    '  },',
  ])
  return [
    '// Written by `npm run docs` from the folders of versions under schemas/.',
    '',
    ...folders.flatMap(importsOf),
    '',
    '/** By version and domain: the events whose types are known here. */',
    'export interface KnownEvents {',
    ...events,
    '}',
    '',
    '/** By version and domain: the event types that are known here. */',
    'export const EVENT_TYPES = {',
    ...types,
    '} as const',
    '',
  ].join('\n')
}

/**
 * TypeScript types of every (domain, version, event type), from schemas that passed the linter and
 * the event types of their samples. Types are those that our decoder returns; only erasable syntax.
 */
export function eventTypesSource(versions: readonly SampledVersion[]): readonly SourceFile[] {
  const union = unionSource(versions.map(({ folder }) => folder))
  return [...versions.flatMap(versionSources), { file: 'known-events.ts', content: union }]
}
