import { FIELD_NAME } from './lint-attributes.ts'

/** What JSON values there are, as far as Avro tells them apart. */
export type SeenKind = 'null' | 'string' | 'boolean' | 'integer' | 'number' | 'object' | 'list'

/** What was seen at one place of many bodies. */
export interface SeenField {
  readonly counts: ReadonlyMap<SeenKind, number>
  readonly fields: ReadonlyMap<string, SeenField>
  /** What the lists at this place held; null when none held anything. */
  readonly items: SeenField | null
  /** So many different keys that they are data and no names; their fields are forgotten. */
  readonly isMap: boolean
}

interface Node extends SeenField {
  readonly counts: Map<SeenKind, number>
  readonly fields: Map<string, Node>
  items: Node | null
  isMap: boolean
}

/** Above these, keys are somebody's data, or an attack: an object has as many as its sender likes. */
const MAX_KEYS = 200
const MAX_NAME_LENGTH = 64
/** Below the linter's limit, so that what is inferred passes it. */
const MAX_DEPTH = 12
const MAX_LONG = 2 ** 63

function kindOf(value: unknown): SeenKind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < MAX_LONG ? 'integer' : 'number'
  }
  const kind = typeof value
  return kind === 'string' || kind === 'boolean' ? kind : 'object'
}

function newNode(): Node {
  return { counts: new Map(), fields: new Map(), items: null, isMap: false }
}

/** A name that a schema may hold; others may be anything, personal data among them. */
export function isFieldName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && FIELD_NAME.test(name)
}

/**
 * Which fields many bodies had, of which kinds and how often; values are forgotten at once. Takes
 * no more memory than `maxNodes` places, whatever the keys are.
 */
export class FieldTrie {
  readonly #root = newNode()
  readonly #maxNodes: number
  #nodes = 1
  #ignored = 0

  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes
  }

  /** Everything seen so far, from the top. */
  get root(): SeenField {
    return this.#root
  }

  /** Keys left out: no names, too deep, or beyond the bounds; each occurrence counts. */
  get ignored(): number {
    return this.#ignored
  }

  get nodes(): number {
    return this.#nodes
  }

  add(value: unknown): void {
    this.#see(this.#root, value, 0)
  }

  #see(node: Node, value: unknown, depth: number): void {
    const kind = kindOf(value)
    node.counts.set(kind, (node.counts.get(kind) ?? 0) + 1)
    if (kind === 'list') this.#seeItems(node, value as readonly unknown[], depth)
    else if (kind === 'object') this.#seeFields(node, value as object, depth)
  }

  #seeItems(node: Node, items: readonly unknown[], depth: number): void {
    if (items.length === 0) return
    node.items ??= this.#taken(depth)
    if (node.items === null) return
    for (const item of items) this.#see(node.items, item, depth + 1)
  }

  #seeFields(node: Node, value: object, depth: number): void {
    for (const [name, own] of Object.entries(value)) {
      const child = this.#childOf(node, name, depth)
      if (child === null) this.#ignored += 1
      else this.#see(child, own, depth + 1)
    }
  }

  #childOf(node: Node, name: string, depth: number): Node | null {
    if (node.isMap || !isFieldName(name)) return null
    const known = node.fields.get(name)
    if (known !== undefined) return known
    if (node.fields.size === MAX_KEYS) {
      for (const field of node.fields.values()) this.#nodes -= sizeOf(field)
      node.fields.clear()
      node.isMap = true
      return null
    }
    const child = this.#taken(depth)
    if (child !== null) node.fields.set(name, child)
    return child
  }

  #taken(depth: number): Node | null {
    if (depth >= MAX_DEPTH || this.#nodes >= this.#maxNodes) return null
    this.#nodes += 1
    return newNode()
  }
}

function sizeOf({ fields, items }: Node): number {
  const inside = [...fields.values()].reduce((sum, field) => sum + sizeOf(field), 0)
  return 1 + inside + (items === null ? 0 : sizeOf(items))
}
