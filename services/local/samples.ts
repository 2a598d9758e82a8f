import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventIds } from './event-ids.ts'

/** An event as the sender's JSON; keys in the order of the contract. */
export type EventBody = Readonly<Record<string, unknown>>

/** Who sends, and when. */
export interface Stamp {
  readonly tenantId: string
  readonly liveMode: boolean
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface SampleChoice extends Stamp {
  readonly type: string
  /** `YYYY-MM-DD` */
  readonly version: string
}

const SCHEMAS_FOLDER = fileURLToPath(new URL('../../schemas', import.meta.url))
const nextId = eventIds(Date.now)

type WithRawJson = typeof JSON & { rawJSON(text: string): unknown }

/** Digits beyond 2^53 stay as they are written, so that amounts arrive exactly. */
function exactNumber(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const isInexact = typeof value === 'number' && !Number.isSafeInteger(value)
  if (!isInexact || context?.source === undefined) return value
  return (JSON as WithRawJson).rawJSON(context.source)
}

/** An event's JSON, or null when the text is no JSON object. */
export function eventBody(text: string): EventBody | null {
  try {
    const value: unknown = JSON.parse(text, exactNumber)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as EventBody) : null
  } catch {
    return null
  }
}

/** The event with a new id, the time, and its sender's tenant and mode. */
export function stamped(event: EventBody, { tenantId, liveMode, now }: Stamp): EventBody {
  return {
    ...event,
    id: nextId(),
    created: new Date(now).toISOString(),
    tenant_id: tenantId,
    live_mode: liveMode,
  }
}

/** Names in a folder of the schemas, or none when it is not there. */
async function namesIn(...parts: readonly string[]): Promise<string[]> {
  return await readdir(join(SCHEMAS_FOLDER, ...parts)).catch(() => [])
}

/** The API versions that have samples, oldest first. */
export async function sampleVersions(): Promise<readonly string[]> {
  const names = await namesIn()
  return names.filter((name) => /^\d{4}-\d{2}-\d{2}$/.test(name)).sort()
}

/** The event types that have a sample in a version, sorted. */
export async function sampleTypes(version: string): Promise<readonly string[]> {
  const names = await namesIn(version, 'samples')
  const files = names.filter((name) => name.endsWith('.json'))
  return files.map((name) => name.slice(0, -'.json'.length)).sort()
}

/**
 * The golden sample of a type in a version, as it lies in its file.
 *
 * @throws when there is no such sample.
 */
export async function sampleBody(type: string, version: string): Promise<EventBody> {
  const file = join(SCHEMAS_FOLDER, version, 'samples', `${type}.json`)
  const event = eventBody(await readFile(file, 'utf8'))
  if (event === null) throw new Error(`the sample ${version}/${type} is no JSON object`)
  return event
}

/**
 * The golden sample of a type in a version as a new event.
 *
 * @throws when there is no such sample.
 */
export async function sampleEvent({ type, version, ...stamp }: SampleChoice): Promise<EventBody> {
  return stamped(await sampleBody(type, version), stamp)
}
