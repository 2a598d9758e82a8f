import { withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Ledger } from '../ledger.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { loadBeside, more } from './load-beside.ts'

const GROUP = 'qairopay.sandbox.card.projector'
const SOON = { withinMs: 90_000, everyMs: 500 }
const HEAVY_EVERY_MS = 5
const log = createLogger({ service: 'test', level: 'silent' })

async function members(site: Site): Promise<number> {
  return await withAdmin(site.kafka, log, async (admin) => {
    const { groups } = await admin.describeGroups([GROUP])
    return groups[0]?.members.length ?? 0
  })
}

async function consumers(site: Site, ledger: Ledger, tag: string): Promise<Findings> {
  const result = await loadBeside(site, async ({ load, senders }) => {
    for (const replicaCount of [3, 1]) {
      await site.helm('upgrade', tag, { consumers: { card: { replicaCount } } })
      await site.waitForPods('consumer-card', replicaCount)
      await eventually(async () => (await members(site)) === replicaCount, SOON)
      await more(load, senders.size * 5)
    }
  })
  const { requests, failures } = result
  claim(failures.length === 0, `${failures.length} of ${requests} failed: ${failures.slice(0, 5)}`)
  const { effects } = await ledger.settle(result)
  return { requests, failed: failures.length, 'effects so far': effects }
}

const AUTOSCALED = {
  ingress: {
    resources: { requests: { cpu: '100m' } },
    autoscaling: {
      kind: 'hpa',
      minReplicas: 2,
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 20,
    },
  },
}

async function autoscaler(site: Site, ledger: Ledger, tag: string): Promise<Findings> {
  await site.helm('upgrade', tag, AUTOSCALED)
  await site.waitForPods('ingress', 2)
  const begun = performance.now()
  let seconds = 0
  const work = async () => {
    await eventually(async () => (await site.readyPods('ingress')).length === 3, SOON)
    seconds = Math.round((performance.now() - begun) / 1000)
  }
  const result = await loadBeside(site, work, HEAVY_EVERY_MS)
  const { requests, failures } = result
  claim(failures.length === 0, `${failures.length} of ${requests} failed: ${failures.slice(0, 5)}`)
  await ledger.settle(result)
  // Whoever fixes the number of pods again takes it from the autoscaler, which Helm asks about.
  await site.helm('upgrade', tag, {}, '--force-conflicts')
  return { requests, failed: failures.length, 'seconds until the third pod': seconds }
}

export async function scaling(
  proceedings: Proceedings,
  site: Site,
  ledger: Ledger,
  tag: string,
): Promise<void> {
  await proceedings.step(
    'a consumer scaled from 1 to 3 and back to 1 under load loses and doubles nothing',
    () => consumers(site, ledger, tag),
  )
  await proceedings.step('the autoscaler adds a pod of the ingress under load', () =>
    autoscaler(site, ledger, tag),
  )
}
