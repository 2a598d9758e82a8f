import { run } from '#local/parts/run.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { NODE_ADDRESS, POSTGRES_PORT } from '../addresses.ts'
import { RUN_IMAGE } from '../base-images.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { NAMESPACE, RELEASE } from '../site.ts'

const ENDED = { withinMs: 60_000, everyMs: 250 }
const REACHED = 0
const NOT_REACHED = 7
const API_SERVER_PORT = 6443
const LABELS = { client: 'yes' }

/** A pod that asks once and ends with what came of it. */
function asker(name: string, labels: Readonly<Record<string, string>>, url: string): object {
  const code = `fetch('${url}', { signal: AbortSignal.timeout(4000) }).then(
    () => process.exit(${REACHED}), () => process.exit(${NOT_REACHED}))`
  const security = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const containers = [
    {
      name,
      image: RUN_IMAGE,
      imagePullPolicy: 'IfNotPresent',
      command: ['node', '-e', code],
      securityContext: security,
    },
  ]
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 1000,
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const metadata = { name, namespace: NAMESPACE, labels }
  const spec = { restartPolicy: 'Never', securityContext, containers }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec }
}

async function exitCode(site: Site, name: string): Promise<number> {
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}`
  return await eventually(async () => {
    const pod = (await site.api.get(path)) as {
      readonly status: {
        readonly containerStatuses?: readonly {
          readonly state: { readonly terminated?: { readonly exitCode: number } }
        }[]
      }
    }
    return pod.status.containerStatuses?.[0]?.state.terminated?.exitCode ?? null
  }, ENDED)
}

async function asked(site: Site, url: string): Promise<readonly [number, number]> {
  const names = ['friend', 'stranger'] as const
  await site.apply(asker(names[0], LABELS, url), asker(names[1], {}, url))
  const codes = await Promise.all(names.map((name) => exitCode(site, name)))
  await site.kubectl('delete', 'pod', ...names, '--now')
  return [codes[0] ?? -1, codes[1] ?? -1]
}

async function policy(site: Site, tag: string): Promise<Findings> {
  const url = `http://${RELEASE}-ingress:${new URL(await site.ingressUrl()).port || 80}/`
  const open = await asked(site, url)
  claim(open.join() === [REACHED, REACHED].join(), `before, both were answered ${open}`)
  const from = [{ podSelector: { matchLabels: LABELS } }]
  await site.helm('upgrade', tag, { networkPolicy: { http: { from } } })
  const [friend, stranger] = await asked(site, url)
  claim(friend === REACHED, `the friend ended with ${friend}`)
  claim(stranger === NOT_REACHED, `the stranger ended with ${stranger}`)
  await site.helm('upgrade', tag)
  return {}
}

/** Whether a pod of the release can open a connection; asked in the pod itself, by its own Node. */
async function reaches(pod: string, port: number): Promise<boolean> {
  const code = `const socket = require('net').connect(${port}, '${NODE_ADDRESS}')
    socket.setTimeout(4000, () => process.exit(${NOT_REACHED}))
    socket.once('error', () => process.exit(${NOT_REACHED}))
    socket.once('connect', () => process.exit(${REACHED}))`
  const args = ['--namespace', NAMESPACE, 'exec', pod, '--', 'node', '-e', code]
  const outcome = await run('kubectl', args, { env: processEnvironment() })
  if (outcome.kind === 'ended' && outcome.code === REACHED) return true
  const said = outcome.kind === 'ended' ? outcome.output : 'there is no kubectl'
  claim(said.includes(`exit code ${NOT_REACHED}`), said)
  return false
}

async function outwards(site: Site, tag: string): Promise<Findings> {
  const egress = { enabled: true, databasePorts: [POSTGRES_PORT] }
  // The registrar runs again, behind the policy: it needs the brokers and the registry.
  await site.helm('upgrade', tag, { networkPolicy: { egress } })
  const [pod] = await site.readyPods('consumer-card')
  const name = pod?.metadata.name ?? ''
  const isReached = () => reaches(name, POSTGRES_PORT)
  claim(await eventually(isReached, ENDED), 'a consumer does not reach Postgres')
  const closed = async () => !(await reaches(name, API_SERVER_PORT))
  claim(await eventually(closed, ENDED), 'a consumer reaches the API server')
  await site.helm('upgrade', tag)
  return {}
}

export async function network(proceedings: Proceedings, site: Site, tag: string): Promise<void> {
  await proceedings.step(
    'the NetworkPolicy lets in the pods that it names and no other, by the name of the Service',
    () => policy(site, tag),
  )
  await proceedings.step(
    'with egress restricted, the registrar and a consumer reach what they need and not the API server',
    () => outwards(site, tag),
  )
}
