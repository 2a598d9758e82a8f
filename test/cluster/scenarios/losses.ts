import { run } from '#local/parts/run.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { NODE_NAME } from '../addresses.ts'
import type { Ledger } from '../ledger.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { NAMESPACE, RELEASE } from '../site.ts'
import { loadBeside, more } from './load-beside.ts'

const BACK = { withinMs: 120_000, everyMs: 250 }
const DRAIN_SECONDS = 45

/** SIGKILL to what a pod runs, and nobody is told beforehand. */
async function killOne(site: Site, component: string): Promise<void> {
  const pods = await site.readyPods(component)
  const name = pods[0]?.metadata.name
  if (name === undefined) throw new Error(`${component} has no pod`)
  await site.kubectl('delete', 'pod', name, '--grace-period=0', '--force')
  await eventually(async () => {
    const after = await site.readyPods(component)
    return after.length === pods.length && !after.some(({ metadata }) => metadata.name === name)
  }, BACK)
}

async function kills(site: Site, ledger: Ledger): Promise<Findings> {
  const result = await loadBeside(site, async ({ load, senders }) => {
    for (const component of ['ingress', 'consumer-card', 'ingress', 'consumer-card']) {
      await killOne(site, component)
      await more(load, senders.size * 2)
    }
  })
  const { acknowledged, requests, failures } = result
  await ledger.settle(result)
  return { requests, acknowledged: acknowledged.length, 'sent again': failures.length }
}

/** The only node is emptied: what is evicted has nowhere to go, so only the budgets hold anything. */
async function drained(site: Site): Promise<void> {
  const selector = `--pod-selector=app.kubernetes.io/instance=${RELEASE}`
  const how = ['--ignore-daemonsets', '--delete-emptydir-data', `--timeout=${DRAIN_SECONDS}s`]
  const args = ['--namespace', NAMESPACE, 'drain', NODE_NAME, selector, ...how]
  const outcome = await run('kubectl', args, { env: processEnvironment() })
  const said = outcome.kind === 'ended' ? outcome.output : 'there is no kubectl'
  claim(outcome.kind === 'ended' && outcome.code !== 0, `the node could be emptied:\n${said}`)
  claim(/violate the pod's disruption budget/.test(said), said)
  const left = await site.readyPods('ingress')
  claim(left.length === 1, `${left.length} pods of the ingress are left`)
}

async function drain(site: Site, ledger: Ledger): Promise<Findings> {
  const count = (await site.readyPods('ingress')).length
  const result = await loadBeside(site, async () => {
    try {
      await drained(site)
    } finally {
      await site.kubectl('uncordon', NODE_NAME)
    }
    await site.waitForPods('ingress', count)
    await site.waitForPods('consumer-card', 1)
  })
  const { requests, failures } = result
  claim(failures.length === 0, `${failures.length} of ${requests} failed: ${failures.slice(0, 5)}`)
  await ledger.settle(result)
  return { requests, failed: failures.length, 'pods of the ingress that stayed': 1 }
}

export async function losses(proceedings: Proceedings, site: Site, ledger: Ledger): Promise<void> {
  await proceedings.step(
    'pods of the ingress and of a consumer that are killed under load lose and double nothing',
    () => kills(site, ledger),
  )
  await proceedings.step(
    'a drained node keeps the pods that the budget keeps, and fails no request',
    () => drain(site, ledger),
  )
}
