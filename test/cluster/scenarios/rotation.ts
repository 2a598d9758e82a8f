import { setTimeout as pause } from 'node:timers/promises'
import type { Endpoint } from '#ingress/endpoints.ts'
import type { Occurrence } from '../../fixtures/effect-checker.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Ledger } from '../ledger.ts'
import { sendOne } from '../load.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import type { DeclaredEndpoint } from '../tenants.ts'
import { newSecret, signing, spareOf } from '../tenants.ts'
import { loadBeside, more } from './load-beside.ts'

/** The kubelet of this cluster looks at the secrets of its pods every 10 s, elsewhere once a minute. */
const KNOWN = { withinMs: 70_000, everyMs: 500 }
/** Above that, so that both secrets work for a while. */
const OLD_ENDS_AFTER_MS = 75_000
/** Connections of their own, so that each pod is asked. */
const ASKED = 12

/** Each endpoint with a second secret, and an end of its first one. */
function rotated(declared: readonly DeclaredEndpoint[], endMs: number): DeclaredEndpoint[] {
  const since = new Date().toISOString()
  const notAfter = new Date(endMs).toISOString()
  return declared.map((endpoint) => ({
    ...endpoint,
    secrets: [
      ...endpoint.secrets.map((secret) => ({ ...secret, not_after: notAfter })),
      { ...newSecret('k2'), since },
    ],
  }))
}

class SpareTenant {
  readonly acknowledged: Occurrence[] = []
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async status(endpoint: Endpoint): Promise<number> {
    const { status, event } = await sendOne(this.#url, endpoint)
    if (status === 200) this.acknowledged.push(event)
    return status
  }

  async statuses(endpoint: Endpoint): Promise<string> {
    const seen = new Set<number>()
    for (let i = 0; i < ASKED; i += 1) seen.add(await this.status(endpoint))
    return [...seen].join(' and ')
  }
}

async function rotate(site: Site, ledger: Ledger): Promise<Findings> {
  const before = await site.readyPods('ingress')
  const old = signing(site.endpoints)
  const endMs = Date.now() + OLD_ENDS_AFTER_MS
  const declared = rotated(site.endpoints, endMs)
  const { tenant_id } = spareOf(declared)
  const one = (endpoints: ReadonlyMap<string, Endpoint>) => {
    const endpoint = endpoints.get(tenant_id)
    if (endpoint === undefined) throw new Error('the spare tenant is gone')
    return endpoint
  }
  const spare = new SpareTenant(await site.ingressUrl())
  claim((await spare.status(one(signing(declared)))) === 400, 'the new secret worked too early')
  let knownAfter = 0
  const result = await loadBeside(site, async ({ load, senders }) => {
    const begun = performance.now()
    await site.declare(declared)
    const fresh = signing(declared)
    await eventually(async () => (await spare.statuses(one(fresh))) === '200', KNOWN)
    knownAfter = Math.round((performance.now() - begun) / 1000)
    claim((await spare.statuses(one(old))) === '200', 'the old secret works no more')
    for (const tenantId of senders.keys()) {
      const endpoint = fresh.get(tenantId)
      if (endpoint !== undefined) senders.set(tenantId, endpoint)
    }
    await pause(Math.max(0, endMs - Date.now()))
    await more(load, senders.size * 3)
    const said = await spare.statuses(one(old))
    claim(said === '503', `after its end the old secret is answered ${said}`)
  })
  const { requests, failures } = result
  claim(failures.length === 0, `${failures.length} of ${requests} failed: ${failures.slice(0, 5)}`)
  await ledger.settle({ ...result, acknowledged: [...result.acknowledged, ...spare.acknowledged] })
  const after = await site.readyPods('ingress')
  const names = (pods: typeof before) => pods.map(({ metadata }) => metadata.uid).sort()
  claim(names(before).join() === names(after).join(), 'other pods run than before')
  const restarts = after.flatMap(({ status }) => status.containerStatuses ?? [])
  claim(
    restarts.every(({ restartCount }) => restartCount === 0),
    'a container was restarted',
  )
  return { requests, failed: failures.length, 'seconds until every pod knew': knownAfter }
}

export async function rotation(
  proceedings: Proceedings,
  site: Site,
  ledger: Ledger,
): Promise<void> {
  await proceedings.step(
    'a changed Secret rotates every endpoint under load without a restart; the old secret works until its end',
    () => rotate(site, ledger),
  )
}
