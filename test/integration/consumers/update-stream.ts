import type { Body } from './stage.ts'

type Fields = Readonly<Record<string, unknown>>

/** An event of a made-up stream, with what a checker must know of it. */
export interface StreamEvent {
  readonly body: Body
  readonly text: string
  readonly id: string
  readonly tenantId: string
  readonly resourceId: string
  /** Names of the fields that it changed; null when it is not an update and names nothing. */
  readonly changed: readonly string[] | null
  readonly before: Fields | null
  readonly after: Fields
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item
}

/** A value of each field that is unlike the one before. */
const CHANGES: Readonly<Record<string, (n: number, old: unknown) => unknown>> = {
  revoke_reason: (n, old) => (old === null ? `reason ${n}` : null),
  points: (n) => `@${9_007_199_254_740_993n + BigInt(n)}@`,
  balance: (n) => `@${n}.50e1@`,
  tags: (n) => [{ word: `ü${n}` }, n],
  'holder.name': (n) => `Jane ${n}`,
  'holder.__proto__': (n) => n,
  'holder.card.last.seen': (n) => ({ at: n }),
}
export const FIELDS = Object.keys(CHANGES)

/** Where a field lies: the dots after `card` belong to its name. */
function pathOf(field: string): readonly string[] {
  return field === 'holder.card.last.seen' ? ['holder', 'card.last', 'seen'] : field.split('.')
}

export function valueAt(fields: Fields, field: string): unknown {
  let value: unknown = fields
  for (const name of pathOf(field)) {
    const own = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    value = own ? (value as Fields)[name] : undefined
  }
  return value ?? null
}

function withField(
  fields: Fields,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): Fields {
  const old = Object.hasOwn(fields, name) ? fields[name] : undefined
  const next = rest.length === 0 ? value : withField((old ?? {}) as Fields, rest, value)
  const others = Object.entries(fields).filter(([key]) => key !== name)
  return Object.fromEntries([...others, [name, next]])
}

/** Old values as the sender might write them: nested or dotted. */
function previousOf(before: Fields, changed: readonly string[], dotted: boolean): Fields {
  return changed.reduce<Fields>((all, field) => {
    const path = pathOf(field)
    return withField(all, dotted ? [path.join('.')] : path, valueAt(before, field))
  }, {})
}

/** JSON text in which `"@1e2@"` is the number 1e2. */
function textOf(body: Body): string {
  return JSON.stringify(body).replace(/"@([^"@]+)@"/g, '$1')
}

interface StreamOptions {
  readonly seed: number
  readonly tenants: readonly string[]
  readonly resources: number
  readonly events: number
}

/**
 * Passes from their creation on, with random changes, in the order in which they happened. Each
 * event carries the whole pass and, when it is an update, the old values of what changed. Some
 * fields change without ever being named, as the time of the last change would.
 */
export function updateStream({ seed, tenants, resources, events }: StreamOptions) {
  const random = randomFrom(seed)
  const states = new Map<string, Fields>()
  const start = Date.parse('2026-11-20T10:00:00Z')
  return Array.from({ length: events }, (_, i): StreamEvent => {
    const number = Math.floor(random() * resources)
    const tenantId = tenants[number % tenants.length] as string
    const resourceId = `pass_${seed}_${number}`
    const before = states.get(resourceId) ?? null
    const id = `evt_${String(seed).padStart(10, '0')}${String(i).padStart(6, '0')}`
    const changes = random() < 0.2 ? 2 : 1
    const fields = Array.from({ length: changes }, () => pick(random, FIELDS))
    const isUpdate = before !== null && random() < 0.99
    const changed = isUpdate ? [...new Set(fields)] : null
    const start0: Fields = before ?? { id: resourceId, status: 'created', holder: {} }
    const moved = changed?.reduce(
      (state, field) =>
        withField(state, pathOf(field), CHANGES[field]?.(i, valueAt(state, field)) ?? null),
      start0,
    )
    const after = { ...(moved ?? { ...start0, status: `s${i}` }), updated_at: i }
    states.set(resourceId, after)
    const body = {
      id,
      type: isUpdate ? 'pass.updated' : before === null ? 'pass.created' : 'pass.installed',
      // Several in one millisecond: then the id decides.
      created: new Date(start + Math.floor(i / 4)).toISOString(),
      tenant_id: tenantId,
      live_mode: false,
      api_version: '2026-05-19',
      data: { pass: after },
      previous_attributes:
        before === null || changed === null ? null : previousOf(before, changed, random() < 0.5),
    }
    return { body, text: textOf(body), id, tenantId, resourceId, changed, before, after }
  })
}
