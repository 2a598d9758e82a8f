import type { Ledger } from '../ledger.ts'
import { command } from '../machine-command.ts'
import type { Findings, Proceedings } from '../proceedings.ts'
import { claim } from '../proceedings.ts'
import type { Site } from '../site.ts'
import { NAMESPACE, RELEASE } from '../site.ts'
import type { DeclaredEndpoint } from '../tenants.ts'
import { topicsOf } from '../topics.ts'

const COMPONENTS = ['ingress', 'pass', 'card', 'settlement', 'compliance', 'program'].map((name) =>
  name === 'ingress' ? name : `consumer-${name}`,
)

export interface Given {
  /** Of the images. */
  readonly tag: string
  readonly endpoints: readonly DeclaredEndpoint[]
}

async function install(site: Site, ledger: Ledger, { tag, endpoints }: Given): Promise<Findings> {
  await site.prepare(endpoints)
  await site.helm('install', tag)
  const pods = await Promise.all(COMPONENTS.map((component) => site.readyPods(component)))
  for (const [index, found] of pods.entries()) {
    claim(found.length > 0, `${COMPONENTS[index]} has no pod that is ready`)
  }
  const topics = await topicsOf(site.kafka)
  claim(topics.names.includes('qairopay.sandbox.card'), `topics are ${topics.names.join(', ')}`)
  await ledger.open()
  return { pods: pods.flat().length, topics: topics.names.length }
}

/** Runs the chart's own test, and finds in its log that the event was handled. */
export async function helmTest(release: string, namespace: string): Promise<Findings> {
  const where = ['--namespace', namespace, '--timeout', '3m']
  const output = await command('helm', ['test', release, ...where, '--logs'])
  claim(/Phase:\s+Succeeded/.test(output), output)
  const [, handled = ''] =
    /^ok +send +.*answered 200 after .* and handled by (.*)$/m.exec(output) ?? []
  claim(handled !== '', output)
  return { 'the event was handled by': handled }
}

async function refusesRoot(site: Site): Promise<Findings> {
  const args = ['run', 'careless', '--image=localhost/node-run:24', '--restart=Never']
  const said = await site.kubectl(...args).then(
    () => 'it was let in',
    (error: Error) => error.message,
  )
  claim(/violates PodSecurity "restricted/.test(said), said)
  return {}
}

/** The registrar runs before each change of the release, and again changes nothing. */
async function registrarAgain(site: Site, tag: string): Promise<Findings> {
  const before = await topicsOf(site.kafka)
  await site.helm('upgrade', tag)
  const after = await topicsOf(site.kafka)
  claim(before.text === after.text, `before: ${before.text}\nafter: ${after.text}`)
  const events = await site.kubectl('get', 'events', '-o', 'json')
  const { items } = JSON.parse(events) as {
    items: { reason: string; involvedObject: { kind: string; name: string; uid: string } }[]
  }
  const done = items.filter(
    ({ reason, involvedObject: { kind, name } }) =>
      kind === 'Job' && reason === 'Completed' && name.includes('registrar'),
  )
  const runs = new Set(done.map(({ involvedObject }) => involvedObject.uid)).size
  claim(runs === 2, `the registrar has ended well ${runs} times`)
  const left = await site.kubectl('get', 'jobs', '-o', 'name')
  claim(!left.includes('registrar'), `left behind: ${left}`)
  return { 'runs of the registrar': runs }
}

export async function installation(
  proceedings: Proceedings,
  site: Site,
  ledger: Ledger,
  given: Given,
): Promise<boolean> {
  const isThere = await proceedings.step(
    'installs from nothing with brokers, registry, database and one endpoint secret, under Pod Security restricted',
    () => install(site, ledger, given),
  )
  if (!isThere) return false
  await proceedings.step('its namespace refuses a pod that may run as root', () =>
    refusesRoot(site),
  )
  await proceedings.step('helm test sends an event through the Service and sees its effect', () =>
    helmTest(RELEASE, NAMESPACE),
  )
  await proceedings.step(
    'an upgrade that changes nothing runs the registrar again, which changes nothing',
    () => registrarAgain(site, given.tag),
  )
  return true
}
