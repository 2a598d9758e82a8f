import type { Endpoint } from '#ingress/endpoints.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { LoadResult, RunningLoad } from '../load.ts'
import { startLoad } from '../load.ts'
import type { Site } from '../site.ts'
import { signing, spareOf } from '../tenants.ts'

/** Between two events of a tenant. */
const EVERY_MS = 400
const SOON = { withinMs: 60_000, everyMs: 50 }
const ROUNDS = 3

/** Waits until so many more events are acknowledged. */
export async function more(load: RunningLoad, count: number): Promise<void> {
  const goal = load.count() + count
  await eventually(() => load.count() >= goal, SOON)
}

export interface Beside {
  readonly load: RunningLoad
  /** Who sends: whoever changes it changes what events are signed with from now on. */
  readonly senders: Map<string, Endpoint>
}

/** Does something while every tenant but the spare one sends, from before it to after it. */
export async function loadBeside(
  site: Site,
  work: (beside: Beside) => Promise<void>,
  everyMs = EVERY_MS,
): Promise<LoadResult> {
  const senders = new Map(signing(site.endpoints))
  senders.delete(spareOf(site.endpoints).tenant_id)
  const load = await startLoad({ url: await site.ingressUrl(), senders, everyMs })
  let result: LoadResult | null = null
  try {
    await more(load, senders.size * ROUNDS)
    await work({ load, senders })
    await more(load, senders.size * ROUNDS)
  } finally {
    result = await load.stop()
  }
  return result
}
