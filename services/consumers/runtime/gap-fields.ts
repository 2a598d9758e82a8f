import type { HandledDomain } from '#core/routing.ts'
import type { Transaction } from '#platform/postgres/database.ts'
import { announcedPaths } from './gap-comparison.ts'
import type { Sighting } from './gap-neighbours.ts'
import { parsedExactly } from './json-text.ts'

/** Fields that the sender names when they change, by resource and version. */
export type Announcements = ReadonlyMap<string, ReadonlySet<string>>

/** Keys of the tenants' own making (metadata) could be without number; the first ones are enough. */
const MOST_PATHS = 256
const LONGEST_PATH = 128

const KNOWN = `
SELECT a.resource, a.api_version, a.path
FROM (SELECT DISTINCT * FROM unnest($2::text[], $3::text[]) AS k (resource, api_version)) k
JOIN runtime.announced_fields a
  ON a.domain = $1 AND a.resource = k.resource AND a.api_version = k.api_version`

const LEARN = `
INSERT INTO runtime.announced_fields (domain, resource, api_version, path)
SELECT $1, s.resource, s.api_version, s.path
FROM unnest($2::text[], $3::text[], $4::text[]) AS s (resource, api_version, path)
ORDER BY 2, 3, 4
ON CONFLICT DO NOTHING`

interface Announcement {
  readonly resource: string
  readonly apiVersion: string
  readonly path: string
}

export function announcementKey(resource: string, apiVersion: string): string {
  return `${resource}\n${apiVersion}`
}

/** Adds what updates name to what is known; returns what is new. */
function learn(
  known: Map<string, Set<string>>,
  updates: readonly Sighting[],
): readonly Announcement[] {
  const news: Announcement[] = []
  for (const { resource, apiVersion, previous } of updates) {
    if (previous === null) continue
    const key = announcementKey(resource, apiVersion)
    const paths = known.get(key) ?? new Set()
    known.set(key, paths)
    for (const path of announcedPaths(parsedExactly(previous))) {
      if (paths.has(path) || paths.size >= MOST_PATHS || path.length > LONGEST_PATH) continue
      paths.add(path)
      news.push({ resource, apiVersion, path })
    }
  }
  return news
}

/** What the sender is known to name, these updates included, which are remembered. */
export async function announcements(
  transaction: Transaction,
  domain: HandledDomain,
  updates: readonly Sighting[],
): Promise<Announcements> {
  const kinds = new Map(
    updates.map((update) => [announcementKey(update.resource, update.apiVersion), update]),
  )
  const resources = [...kinds.values()].map(({ resource }) => resource)
  const versions = [...kinds.values()].map(({ apiVersion }) => apiVersion)
  const rows = await transaction.query({
    name: 'gaps_announced',
    text: KNOWN,
    values: [domain, resources, versions],
  })
  const known = new Map<string, Set<string>>()
  for (const { resource, api_version, path } of rows) {
    const key = announcementKey(resource as string, api_version as string)
    known.set(key, (known.get(key) ?? new Set()).add(path as string))
  }
  const news = learn(known, updates)
  if (news.length > 0) {
    await transaction.query({
      name: 'gaps_announce',
      text: LEARN,
      values: [
        domain,
        news.map(({ resource }) => resource),
        news.map(({ apiVersion }) => apiVersion),
        news.map(({ path }) => path),
      ],
    })
  }
  return known
}
