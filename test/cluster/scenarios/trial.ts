import { items } from '../kube-api.ts'
import { uninstalled } from '../leftovers.ts'
import { command } from '../machine-command.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { ReleasePod, Site } from '../site.ts'
import { CHART, isReady } from '../site.ts'
import { trialImages } from '../trial-images.ts'
import { helmTest } from './installation.ts'

// What the chart's README says of a trial, word by word: nothing is given but dev.enabled, so images
// have the names that the chart itself gives them.

const NAMESPACE = 'trial'
const RELEASE = 'trial'
const DEPLOYMENTS = 9

async function podsOf(site: Site): Promise<readonly ReleasePod[]> {
  return await items<ReleasePod>(site.api, `/api/v1/namespaces/${NAMESPACE}/pods`)
}

async function helm(verb: 'install' | 'upgrade'): Promise<void> {
  const how = ['--namespace', NAMESPACE, '--wait', '--timeout', '10m']
  await command('helm', [verb, RELEASE, CHART, '--set', 'dev.enabled=true', ...how])
}

async function install(site: Site): Promise<Findings> {
  await site.makeNamespace(NAMESPACE)
  await helm('install')
  const pods = await podsOf(site)
  const running = pods.filter(isReady)
  const components = new Set(
    running.map(({ metadata }) => metadata.labels['app.kubernetes.io/component']),
  )
  claim(components.size === DEPLOYMENTS, `ready are only ${[...components].join(', ')}`)
  const images = new Set(running.flatMap(({ spec }) => spec.containers.map(({ image }) => image)))
  const parts = await trialImages()
  const others = parts.filter(({ name }) => !images.has(name))
  claim(others.length === 0, `not among ${[...images]}: ${others.map(({ name }) => name)}`)
  const restarts = running.flatMap(({ status }) => status.containerStatuses ?? [])
  return {
    pods: running.length,
    restarts: restarts.reduce((sum, { restartCount }) => sum + restartCount, 0),
    'stand-ins built here': parts.map(({ name }) => name).join(', '),
  }
}

/** Every part forgets all it knew: topics, schemas, tables. */
async function forgetful(site: Site): Promise<Findings> {
  const where = ['--namespace', NAMESPACE]
  const of = (component: string) => `app.kubernetes.io/component=${component}`
  const parts = ['dev-kafka', 'dev-registry', 'dev-postgres']
  const before = (await podsOf(site)).map(({ metadata }) => metadata.uid)
  for (const part of parts) {
    await command('kubectl', [...where, 'delete', 'pod', '--selector', of(part)])
  }
  await helm('upgrade')
  const after = (await podsOf(site)).filter(
    ({ metadata }) => !before.includes(metadata.uid) && metadata.name.includes('-dev-'),
  )
  claim(after.length === parts.length, `only ${after.length} parts were replaced`)
  return await helmTest(RELEASE, NAMESPACE)
}

export async function trial(proceedings: Proceedings, site: Site): Promise<void> {
  const isThere = await proceedings.step(
    'a trial brings its own Kafka, registry and Postgres with dev.enabled alone, under Pod Security restricted',
    () => install(site),
  )
  if (!isThere) return
  await proceedings.step('helm test of the trial sends an event and sees its effect', () =>
    helmTest(RELEASE, NAMESPACE),
  )
  await proceedings.step(
    'a trial whose Kafka, registry and Postgres have lost everything works again after helm upgrade',
    () => forgetful(site),
  )
  await proceedings.step('an uninstall of the trial leaves nothing', () =>
    uninstalled(RELEASE, NAMESPACE),
  )
}
