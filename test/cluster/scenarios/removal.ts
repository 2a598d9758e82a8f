import { uninstalled } from '../leftovers.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { DATABASE_SECRET, ENDPOINTS_SECRET, NAMESPACE, RELEASE } from '../site.ts'
import { topicsOf } from '../topics.ts'

/** What the operator brought. */
const KEPT = [`secret/${DATABASE_SECRET}`, `secret/${ENDPOINTS_SECRET}`]

async function uninstall(site: Site): Promise<Findings> {
  const before = await topicsOf(site.kafka)
  const found = await uninstalled(RELEASE, NAMESPACE, KEPT)
  const after = await topicsOf(site.kafka)
  claim(before.text === after.text, `before: ${before.text}\nafter: ${after.text}`)
  return { ...found, 'topics that stay': after.names.length }
}

export async function removal(proceedings: Proceedings, site: Site): Promise<void> {
  await proceedings.step(
    'an uninstall leaves the topics and what is the operator’s, and nothing else',
    () => uninstall(site),
  )
}
