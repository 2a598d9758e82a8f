import { eventually } from '../fixtures/eventually.ts'
import { command } from './machine-command.ts'
import type { Findings } from './proceedings.ts'
import { claim } from './proceedings.ts'

/** The longest that a pod may take to end, and some more. */
const GRACE = { withinMs: 75_000, everyMs: 1000 }
/** What every namespace has. */
const EVERYWHERE = ['configmap/kube-root-ca.crt', 'serviceaccount/default']

async function kinds(): Promise<readonly string[]> {
  const listed = await command('kubectl', [
    ...['api-resources', '--namespaced', '--verbs=list', '--output=name'],
  ])
  const passing = new Set(['events', 'events.events.k8s.io', 'pods.metrics.k8s.io'])
  return listed.split('\n').filter((name) => name !== '' && !passing.has(name))
}

/**
 * Takes a release away, and looks at every kind of object in its namespace.
 *
 * @param kept what has to be there afterwards, `kind/name`
 * @throws StepFault when anything else is left, or any of it is not
 */
export async function uninstalled(
  release: string,
  namespace: string,
  kept: readonly string[] = [],
): Promise<Findings> {
  const where = ['--namespace', namespace]
  await command('helm', ['uninstall', release, ...where, '--wait', '--timeout', '3m'])
  const asked = await kinds()
  const others = [...EVERYWHERE, ...kept]
  let listed: readonly string[] = []
  const isEmpty = async () => {
    const get = ['get', asked.join(','), '--output=name', '--ignore-not-found']
    const text = await command('kubectl', [...where, ...get])
    listed = text.split('\n').filter((line) => /^[a-z0-9.]+\/\S+$/.test(line))
    return listed.every((name) => others.includes(name))
  }
  // Helm waits for what it made, and not for the pods of it, which have their grace.
  await eventually(isEmpty, GRACE).catch(() => undefined)
  const left = listed.filter((name) => !others.includes(name))
  claim(left.length === 0, `left behind: ${left.join(', ')}`)
  const missing = others.filter((name) => !listed.includes(name))
  claim(missing.length === 0, `taken away although it is the operator's: ${missing.join(', ')}`)
  return { 'kinds looked at': asked.length }
}
