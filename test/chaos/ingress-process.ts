import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { INGRESS_MEMORY } from '#local/memory.ts'
import { freePort } from '#local/parts/ports.ts'
import type { BenchEndpoint } from '../bench/load-job.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { Stand } from './stand.ts'

/** An ingress as a process of its own, and what can be seen of it from outside. */
export interface IngressProcess {
  readonly port: number
  readonly pid: number
  /** The sum of a figure over its labels, or over those with these words in their labels. */
  metric(name: string, words?: string): Promise<number>
  isReady(): Promise<boolean>
  stop(): Promise<void>
}

const MAIN = new URL('../../services/ingress/main.ts', import.meta.url)
const ready = { withinMs: 60_000 }

/** Endpoints in sandbox, each of a tenant of its own. */
export function endpointsOf(name: string, count: number): readonly BenchEndpoint[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `whk_${name}_${n}`,
    tenantId: `tnt_${name}_${n}`,
    secret: `secret of ${name}`,
  }))
}

function declared(endpoints: readonly BenchEndpoint[]): string {
  return JSON.stringify({
    endpoints: endpoints.map(({ id, tenantId, secret }) => ({
      id,
      tenant_id: tenantId,
      live_mode: false,
      secrets: [{ id: 'k1', value: secret }],
    })),
  })
}

/** Starts an ingress on the stand's Kafka and waits until it is ready. */
export async function startIngress(
  stand: Stand,
  name: string,
  endpoints: readonly BenchEndpoint[],
  env: Readonly<Record<string, string>> = {},
): Promise<IngressProcess> {
  const file = join(stand.folder, `endpoints-${name}.json`)
  await writeFile(file, declared(endpoints), { mode: 0o600 })
  const port = await freePort()
  const managementPort = await freePort()
  const child = await stand.startProcess(`ingress-${name}`, MAIN, {
    ...INGRESS_MEMORY,
    ENDPOINTS_FILE: file,
    INGRESS_HOST: '127.0.0.1',
    INGRESS_PORT: String(port),
    MANAGEMENT_PORT: String(managementPort),
    DATABASE_URL: '',
    DRAIN_DELAY_MS: '0',
    DRAIN_DEADLINE_MS: '1000',
    ...env,
  })
  const url = `http://127.0.0.1:${managementPort}`
  const isReady = async () => (await fetch(`${url}/readyz`)).ok
  await eventually(isReady, ready)
  const metric = async (metricName: string, words = '') => {
    const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n')
    const own = lines.filter((line) => line.startsWith(`${metricName}{`) && line.includes(words))
    return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }
  const stop = async () => void (await child.stop())
  return { port, pid: child.pid, metric, isReady, stop }
}
