import type { Ledger } from '../ledger.ts'
import { command } from '../machine-command.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { NAMESPACE, RELEASE } from '../site.ts'
import { loadBeside } from './load-beside.ts'

/** What is asked for by default would leave a node of two cores no room for a pod more. */
const SMALL_NODE = { ingress: { resources: { requests: { cpu: '100m' } } } }

/** Something of an operator's that changes with the images. */
const CHANGED = {
  ingress: { settings: { JSON_MAX_DEPTH: 48 } },
  consumerDefaults: { settings: { BATCH_MAX_RECORDS: 400 } },
}

async function imagesOf(site: Site): Promise<ReadonlySet<string>> {
  const components = ['ingress', 'consumer-card', 'consumer-pass']
  const pods = (await Promise.all(components.map((each) => site.readyPods(each)))).flat()
  const tags = pods.map(({ spec }) => spec.containers[0]?.image.split(':').at(-1) ?? '')
  return new Set(tags)
}

/** Changes the release under load; not one request may fail, and nothing may be lost or doubled. */
async function roll(
  site: Site,
  ledger: Ledger,
  tag: string,
  change: () => Promise<void>,
): Promise<Findings> {
  const before = new Set((await site.pods('ingress')).map(({ metadata }) => metadata.uid))
  const result = await loadBeside(site, change)
  const { requests, failures, p99 } = result
  claim(failures.length === 0, `${failures.length} of ${requests} failed: ${failures.slice(0, 5)}`)
  const after = await site.readyPods('ingress')
  const kept = after.filter(({ metadata }) => before.has(metadata.uid))
  claim(kept.length === 0, `${kept.length} of the ingress's pods were not replaced`)
  const tags = [...(await imagesOf(site))]
  claim(tags.join() === tag, `the images are ${tags.join(' and ')}, not ${tag}`)
  const { effects } = await ledger.settle(result)
  return { requests, failed: failures.length, 'p99 in ms': p99, 'effects so far': effects }
}

export async function rolls(
  proceedings: Proceedings,
  site: Site,
  ledger: Ledger,
  [tag, next]: readonly [string, string],
): Promise<void> {
  site.beyond = SMALL_NODE
  await proceedings.step(
    'an upgrade to other images and settings under load fails no request, and loses and doubles nothing',
    () => roll(site, ledger, next, () => site.helm('upgrade', next, CHANGED)),
  )
  await proceedings.step(
    'a rollback under load fails no request, and loses and doubles nothing',
    () =>
      roll(site, ledger, tag, async () => {
        const how = ['--namespace', NAMESPACE, '--wait', '--timeout', '5m']
        await command('helm', ['rollback', RELEASE, ...how])
      }),
  )
}
