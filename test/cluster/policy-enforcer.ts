import { setTimeout as pause } from 'node:timers/promises'
import { run } from '#local/parts/run.ts'
import { items, kubeApi } from './kube-api.ts'
import type { Labelled, NetworkPolicy, Pod } from './network-policy.ts'
import { ruleset } from './network-policy.ts'

// Makes network policies count on a node whose network knows none: looks twice a second and replaces
// one nftables table when policies or pods say something else.

const EVERY_MS = 500

const [, , keys = ''] = process.argv
const api = kubeApi(keys)
let last = ''
for (;;) {
  try {
    const [policies, pods, namespaces] = await Promise.all([
      items<NetworkPolicy>(api, '/apis/networking.k8s.io/v1/networkpolicies'),
      items<Pod>(api, '/api/v1/pods'),
      items<Labelled>(api, '/api/v1/namespaces'),
    ])
    const next = ruleset(policies, pods, namespaces)
    if (next !== last) {
      const outcome = await run('nft', ['-f', '-'], { input: next })
      if (outcome.kind === 'missing') throw new Error('there is no nft')
      if (outcome.code !== 0) throw new Error(outcome.output.slice(0, 300))
      last = next
      process.stdout.write(`${new Date().toISOString()} rules replaced\n`)
    }
  } catch (error) {
    process.stderr.write(`${new Date().toISOString()} ${error}\n`)
  }
  await pause(EVERY_MS)
}
