import { InvalidArgumentError } from 'commander'
import type { EndpointId, TenantId } from '#core/ids.ts'
import { apiVersion, endpointId, tenantId } from '#core/ids.ts'

/** A parser of an option that takes a whole number of at least one. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}

/** A parser of a rate: events per second, above zero. */
export function rate(text: string): number {
  const value = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || value <= 0) {
    throw new InvalidArgumentError('It must be a number of events per second, above 0.')
  }
  return value
}

/** A parser of an API version. */
export function version(text: string): string {
  if (apiVersion(text) === null) throw new InvalidArgumentError('It must be a date, YYYY-MM-DD.')
  return text
}

/** A parser of a base URL. */
export function baseUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:8080.')
  }
  return text
}

const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** A parser of a time with its zone, or of a day in UTC; milliseconds since the epoch. */
export function instant(text: string): number {
  const ms = INSTANT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      'It must be a time with a zone, such as 2026-05-19T08:30:00Z, or a day.',
    )
  }
  return ms
}

const SPAN = /^([1-9]\d{0,5})([dhms])$/
const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const

function spanMs(number: string, unit = 's'): number {
  return Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

/** A parser of a moment to come: a time, or a span from now; milliseconds since the epoch. */
export function deadline(text: string): number {
  const [, number, unit] = SPAN.exec(text) ?? []
  if (number === undefined) return instant(text)
  return Date.now() + spanMs(number, unit)
}

/** A parser of a tenant's id. */
export function tenant(text: string): TenantId {
  const id = tenantId(text)
  if (id === null) throw new InvalidArgumentError('It must be a tenant id, tnt_….')
  return id
}

/** A parser of an endpoint's id. */
export function endpoint(text: string): EndpointId {
  const id = endpointId(text)
  if (id === null) throw new InvalidArgumentError('It must be an endpoint id, whk_\u2026.')
  return id
}

/** A moment, given as such or as how long ago it was. */
export interface Since {
  /** Milliseconds since the epoch. */
  atMs(nowMs: number): number
}

/** A parser of a time, or of how long ago it was: `7d`, `12h`. */
export function since(text: string): Since {
  const [, number, unit] = SPAN.exec(text) ?? []
  if (number === undefined) {
    const ms = instant(text)
    return { atMs: () => ms }
  }
  const agoMs = spanMs(number, unit)
  return { atMs: (nowMs) => nowMs - agoMs }
}
