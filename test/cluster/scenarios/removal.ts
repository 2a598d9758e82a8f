import { eventually } from '../../fixtures/eventually.ts'
import { command } from '../machine-command.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { DATABASE_SECRET, ENDPOINTS_SECRET, NAMESPACE, RELEASE } from '../site.ts'
import { topicsOf } from '../topics.ts'

/** The longest that a pod may take to end, and some more. */
const GRACE = { withinMs: 75_000, everyMs: 1000 }

/** What every namespace has, and what the operator brought. */
const OTHERS = [
  'configmap/kube-root-ca.crt',
  'serviceaccount/default',
  `secret/${DATABASE_SECRET}`,
  `secret/${ENDPOINTS_SECRET}`,
]

async function kinds(): Promise<readonly string[]> {
  const listed = await command('kubectl', [
    ...['api-resources', '--namespaced', '--verbs=list', '--output=name'],
  ])
  const passing = new Set(['events', 'events.events.k8s.io', 'pods.metrics.k8s.io'])
  return listed.split('\n').filter((name) => name !== '' && !passing.has(name))
}

async function uninstall(site: Site): Promise<Findings> {
  const before = await topicsOf(site.kafka)
  const how = ['--namespace', NAMESPACE, '--wait', '--timeout', '3m']
  await command('helm', ['uninstall', RELEASE, ...how])
  const asked = await kinds()
  let listed: readonly string[] = []
  const isEmpty = async () => {
    const text = await site.kubectl('get', asked.join(','), '--output=name', '--ignore-not-found')
    listed = text.split('\n').filter((line) => /^[a-z0-9.]+\/\S+$/.test(line))
    return listed.every((name) => OTHERS.includes(name))
  }
  // Helm waits for what it made, and not for the pods of it, which have their grace.
  await eventually(isEmpty, GRACE).catch(() => undefined)
  const left = listed.filter((name) => !OTHERS.includes(name))
  claim(left.length === 0, `left behind: ${left.join(', ')}`)
  const missing = OTHERS.filter((name) => !listed.includes(name))
  claim(missing.length === 0, `taken away although it is the operator's: ${missing.join(', ')}`)
  const after = await topicsOf(site.kafka)
  claim(before.text === after.text, `before: ${before.text}\nafter: ${after.text}`)
  return { 'kinds looked at': asked.length, 'topics that stay': after.names.length }
}

export async function removal(proceedings: Proceedings, site: Site): Promise<void> {
  await proceedings.step(
    'an uninstall leaves the topics and what is the operator’s, and nothing else',
    () => uninstall(site),
  )
}
