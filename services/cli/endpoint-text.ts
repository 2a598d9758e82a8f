import type { Document, YAMLMap } from 'yaml'
import { isMap, isSeq, parseDocument, visit } from 'yaml'
import type { EndpointEntry, Fields, SecretEntry } from '#ingress/endpoint-entry.ts'
import { fieldsOf } from '#ingress/endpoint-entry.ts'
import { failure } from './fault.ts'

/** What becomes of one file. */
export interface TextChange {
  /** By position in the file's list, from 0. */
  readonly changed: ReadonlyMap<number, EndpointEntry>
  readonly added: readonly EndpointEntry[]
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function secretFields({ id, value, sinceMs, notAfterMs }: SecretEntry): Fields {
  return {
    id,
    value,
    ...(sinceMs === null ? {} : { since: iso(sinceMs) }),
    ...(notAfterMs === null ? {} : { not_after: iso(notAfterMs) }),
  }
}

function endpointFields(entry: EndpointEntry): Fields {
  const { id, tenantId, liveMode, state, decisionUrl, secrets } = entry
  return {
    id,
    tenant_id: tenantId,
    live_mode: liveMode,
    enabled: state === 'enabled',
    ...(state === 'removed' ? { removed: true } : {}),
    ...(decisionUrl === null ? {} : { decision_url: decisionUrl }),
    secrets: secrets.map(secretFields),
  }
}

/** A decision_url that stood there and does no more. */
function clearedFields({ decisionUrl }: EndpointEntry, stoodThere: boolean): Fields {
  return decisionUrl === null && stoodThere ? { decision_url: null } : {}
}

/** What is new over what stood there, so that fields of others and the order of all stay. */
function merged(before: unknown, entry: EndpointEntry): Fields {
  const old = fieldsOf(before) ?? {}
  const oldSecrets = Array.isArray(old.secrets) ? old.secrets : []
  const secrets = entry.secrets.map((secret) => ({
    ...oldSecrets.map(fieldsOf).find((fields) => fields?.id === secret.id),
    ...secretFields(secret),
  }))
  return {
    ...old,
    ...clearedFields(entry, 'decision_url' in old),
    ...endpointFields(entry),
    secrets,
  }
}

function jsonText(text: string, { changed, added }: TextChange): string {
  const content = fieldsOf(JSON.parse(text)) ?? {}
  const list = Array.isArray(content.endpoints) ? content.endpoints : []
  const endpoints = [
    ...list.map((before: unknown, position) => {
      const entry = changed.get(position)
      return entry === undefined ? before : merged(before, entry)
    }),
    ...added.map(endpointFields),
  ]
  return `${JSON.stringify({ ...content, endpoints }, null, 2)}\n`
}

/** Sets only what differs: a field that stays keeps its style and its comment. */
function setFields(map: YAMLMap, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (map.get(name) !== value) map.set(name, value)
  }
}

function setSecrets(document: Document, endpoint: YAMLMap, secrets: readonly SecretEntry[]): void {
  const list = endpoint.get('secrets', true)
  if (!isSeq(list)) {
    endpoint.set('secrets', document.createNode(secrets.map(secretFields)))
    return
  }
  // `[]` in one line would make one line of all that comes into it.
  if (list.items.length === 0) list.flow = false
  const idOf = (item: unknown) => (isMap(item) ? item.get('id') : undefined)
  list.items = list.items.filter((item) => secrets.some(({ id }) => id === idOf(item)))
  for (const secret of secrets) {
    const item = list.items.find((each) => idOf(each) === secret.id)
    if (isMap(item)) setFields(item, secretFields(secret))
    else list.add(document.createNode(secretFields(secret)))
  }
}

function hasAnchors(document: Document): boolean {
  let found = false
  visit(document, {
    Alias: () => {
      found = true
      return visit.BREAK
    },
  })
  return found
}

function yamlText(name: string, text: string, { changed, added }: TextChange): string {
  const document: Document = parseDocument(text, { logLevel: 'error' })
  const list = document.get('endpoints', true)
  if (!isSeq(list) || hasAnchors(document)) {
    throw failure(`${name} uses YAML that only a person can change (anchors, or an odd list)`)
  }
  for (const [position, entry] of changed) {
    const item = list.items[position]
    if (!isMap(item))
      throw failure(`${name}, endpoint ${position + 1}: only a person can change it`)
    const { secrets: _secrets, ...fields } = endpointFields(entry)
    setFields(item, { ...clearedFields(entry, item.has('decision_url')), ...fields })
    setSecrets(document, item, entry.secrets)
  }
  if (list.items.length === 0) list.flow = false
  for (const entry of added) list.add(document.createNode(endpointFields(entry)))
  // Folding would break a secret over two lines, which is right and frightens people.
  return document.toString({ lineWidth: 0 })
}

/** A file without an endpoint. */
export function emptyText(file: string): string {
  return file.endsWith('.json') ? '{"endpoints": []}' : 'endpoints: []\n'
}

/**
 * The file's text with the changes in it: JSON in one stable form, YAML with its comments.
 *
 * @throws CliFault when the YAML is of a kind that cannot be changed safely
 */
export function changedText(file: string, text: string, change: TextChange): string {
  return file.endsWith('.json') ? jsonText(text, change) : yamlText(file, text, change)
}
