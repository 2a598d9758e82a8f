import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DOMAINS } from '#core/routing.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { testHost } from '../fixtures/part-host.ts'
import { writeCandidate } from '../fixtures/schema-changes.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { Breakage } from './rehearsal-breakages.ts'
import { BREAKAGES } from './rehearsal-breakages.ts'
import { CURRENT, harms, writeTraffic } from './rehearsal-traffic.ts'
import { chaosSeed, report, scaled } from './report.ts'

const EVENTS = scaled(100_000, 4000)
/** Older than `previous_attributes`. */
const BROKEN = '2026-05-01'
const NEXT = '2026-09-01'
const MOST_SECONDS = 120
const MOST_MIB = 300

let folder: TemporaryFolder
let environment: Readonly<Record<string, string>>
let stop: () => Promise<unknown> = async () => {}
beforeAll(async () => {
  folder = await temporaryFolder('rehearse')
  const [port = 0, controllerPort = 0] = await freePorts(2)
  const place = { dataDir: join(folder.path, 'kafka'), logFile: join(folder.path, 'kafka.log') }
  const kafka = await startKafka({ ...place, port, controllerPort }, testHost())
  stop = () => kafka.stop()
  environment = { KAFKA_BROKERS: kafka.brokers, LOCAL_DIR: '/nowhere', PATH: '/usr/bin:/bin' }
  await writeTraffic(kafka.brokers, EVENTS, chaosSeed())
}, 900_000)

afterAll(async () => {
  await stop()
  await folder.remove()
})

/** Says at the end how much memory it ever had; the first option is that of `npm run cli`. */
const PEAK_AT_EXIT =
  "data:text/javascript,process.on('exit',()=>console.error(/VmHWM.*/.exec(process.getBuiltinModule('fs').readFileSync('/proc/self/status','utf8'))[0]))"
const MEMORY_OPTIONS = `--max-semi-space-size=2 --import=${PEAK_AT_EXIT}`

interface Finding {
  readonly place: string
  readonly type: string
  readonly effect: string
  readonly events: number
  readonly tenants: number
  readonly some_tenants: readonly string[]
  readonly samples: readonly { readonly at: string; readonly tenant: string }[]
}

interface Result {
  readonly events: number
  readonly from_quarantine: number
  readonly failures: readonly Finding[]
  readonly as_today: readonly Finding[]
}

async function rehearse(path: string) {
  const beganMs = performance.now()
  const verb = ['schemas', 'rehearse', path, '--version', CURRENT, '--since', '7d', '--json']
  const child = spawn('node_modules/.bin/node', ['services/cli/main.ts', ...verb], {
    env: { ...environment, NODE_OPTIONS: MEMORY_OPTIONS },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const seconds = (performance.now() - beganMs) / 1000
  const mib = Number(/VmHWM:\s+(\d+) kB/.exec(err)?.[1] ?? Number.NaN) / 1024
  if (!out.startsWith('{')) throw new Error(err)
  const [result] = JSON.parse(out).versions as readonly Result[]
  if (result === undefined) throw new Error(out)
  return { code, seconds, mib, result }
}

/** What of a breakage was not found as it should be; empty when all was. */
function missed(breakage: Breakage, failures: readonly Finding[]): readonly string[] {
  const { place, effect } = breakage
  const harm = [...(harms.get(breakage) ?? new Map())]
  if (harm.length === 0) return ['the traffic does not have it']
  return harm.flatMap(([type, { events, tenants }]) => {
    const found = failures.find((one) => one.place === place && one.type === type)
    const isRight =
      found?.effect === effect &&
      found.events === events &&
      found.tenants === tenants.size &&
      found.some_tenants.every((tenant) => tenants.has(tenant)) &&
      found.samples.every(({ tenant }) => tenants.has(tenant))
    return isRight
      ? []
      : [`${place} in ${type}: ${JSON.stringify(found)}, not ${events} of ${tenants.size}`]
  })
}

test('finds twenty breakages of a candidate in the traffic, in their fields, types and tenants, and none in a whole one', async () => {
  const changes = new Map(BREAKAGES.flatMap(({ change }) => (change === null ? [] : [change])))
  for (const domain of DOMAINS) changes.set(`${domain}:previous_attributes`, () => null)
  const broken = await rehearse(await writeCandidate(folder.path, CURRENT, BROKEN, changes))
  const whole = await rehearse(await writeCandidate(folder.path, CURRENT, NEXT, new Map()))

  const { failures } = broken.result
  const notFound = BREAKAGES.map((breakage) => ({
    breakage,
    missed: missed(breakage, failures),
  })).filter((one) => one.missed.length > 0)
  const places = new Set(BREAKAGES.map(({ place }) => place))
  // Every other resource with an update loses its previous_attributes as well.
  const alarms = failures.filter(
    ({ place }) => !places.has(place) && !place.endsWith(':previous_attributes'),
  )
  await report('rehearse', {
    events: EVENTS,
    quarantined: broken.result.from_quarantine,
    breakages: BREAKAGES.length,
    found: BREAKAGES.length - notFound.length,
    falseAlarms: alarms.length + whole.result.failures.length,
    asToday: whole.result.as_today.length,
    seconds: [broken.seconds, whole.seconds],
    residentMib: [broken.mib, whole.mib],
  })

  expect(
    notFound.flatMap((one) => one.missed.map((words) => `${one.breakage.what}: ${words}`)),
  ).toEqual([])
  expect(alarms).toEqual([])
  expect(BREAKAGES).toHaveLength(20)
  const at = (place: string) => failures.filter((one) => one.place === place)
  expect(at('compliance:cardholder.sanctions_status').map(({ events }) => events)).toEqual([1])
  expect(at('settlement:payout.aptos_address').map(({ tenants }) => tenants)).toEqual([1])
  const inQuarantine = at('card:card.shipping.tracking_number').flatMap((one) => one.samples)
  expect(inQuarantine.filter((one) => !one.at.includes('.quarantine/'))).toEqual([])
  expect([broken.code, broken.result.events]).toEqual([1, EVENTS])
  expect([whole.code, whole.result.events, whole.result.failures]).toEqual([0, EVENTS, []])
  expect(whole.result.as_today.length).toBeGreaterThan(0)
  for (const { seconds, mib } of [broken, whole]) {
    expect(seconds).toBeLessThan(MOST_SECONDS)
    expect(mib).toBeLessThan(MOST_MIB)
  }
})
