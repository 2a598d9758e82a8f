import { readdirSync, readFileSync } from 'node:fs'

export interface Where {
  readonly version: string
  readonly domain: string
}

export interface Patch {
  /** Keys, indices, and in a list of fields the name of one. */
  readonly path: readonly (string | number)[]
  readonly value?: unknown
  readonly remove?: true
}

type Keyed = Record<string | number, unknown>

const schemas = new URL('../../../schemas/', import.meta.url)

/** All versions that have a folder. */
export const versions = readdirSync(schemas).filter((name) => /^\d/.test(name))

/** The schema of a domain as the repository has it. */
export function realSchema({ version, domain }: Where): unknown {
  return JSON.parse(readFileSync(new URL(`${version}/${domain}.avsc`, schemas), 'utf8'))
}

function place(node: unknown, key: string | number): string | number {
  if (!Array.isArray(node) || typeof key === 'number') return key
  const index = node.findIndex((field: Keyed) => field.name === key)
  // A new field stands before the last one, which is raw at the root.
  if (index === -1) node.splice(node.length - 1, 0, {})
  return index === -1 ? node.length - 2 : index
}

/** Changes a part of a JSON value in place. */
export function apply(schema: unknown, { path, value, remove }: Patch): void {
  let node = schema as Keyed
  for (const key of path.slice(0, -1)) node = node[place(node, key)] as Keyed
  const last = place(node, path.at(-1) ?? '')
  if (remove !== true) node[last] = value
  else if (Array.isArray(node)) node.splice(Number(last), 1)
  else delete node[last]
}

/** All vectors of a folder under `test/vectors/`. */
export function vectors<Vector>(folder: string): readonly Vector[] {
  const url = new URL(`../../vectors/${folder}/`, import.meta.url)
  return readdirSync(url).map(
    (file) => JSON.parse(readFileSync(new URL(file, url), 'utf8')) as Vector,
  )
}
