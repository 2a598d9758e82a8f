import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Stand } from '../chaos/stand.ts'
import { ConsumerBench } from './consumer-bench.ts'
import { EndpointsBench } from './endpoints-bench.ts'
import { IngressBench } from './ingress-bench.ts'
import { surroundings } from './machine.ts'
import { benchReport, isMet, spreadOf, targetTable } from './measurements.ts'

const ROUNDS = 5
/** No round begins after this, whatever the machine: all of it stays below five minutes. */
const LAST_ROUND_MS = 225_000
const FOLDER = fileURLToPath(new URL('../../coverage/', import.meta.url))
/** What the sizes in docs/operations.md are made from; a few digits, so that a diff can be read. */
const REPORT = fileURLToPath(new URL('../../docs/bench.json', import.meta.url))

const begun = performance.now()
/** What the machine had to do besides, over the last minute before. */
const [busyBefore = 0] = loadavg()
const stand = await Stand.set('bench', 'card')
const ingress = new IngressBench(stand)
const consumer = new ConsumerBench(stand)
const endpoints = new EndpointsBench(stand.databaseUrl)
let ending: Promise<void> | null = null
const end = () => {
  ingress.close()
  ending ??= Promise.all([stand.clear(), endpoints.close()]).then(() => {})
  return ending
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void end().finally(() => process.exit(1)))
}
try {
  await consumer.start()
  await ingress.start()
  await endpoints.start()
  let rounds = 0
  // What is measured against each other is measured in turn, so that a busy minute hits both.
  for (; rounds < ROUNDS && performance.now() - begun < LAST_ROUND_MS; rounds += 1) {
    await ingress.round()
    await consumer.round()
    await endpoints.round()
    process.stderr.write(`round ${rounds + 1} of ${ROUNDS}\n`)
  }
  const targets = [...ingress.targets(), ...consumer.targets(), ...endpoints.targets()]
  const busy = `load ${busyBefore.toFixed(1)} before it began`
  const machine = `${await surroundings()}, ${busy}`
  process.stdout.write(`\n${targetTable(targets)}\n${rounds} rounds on ${machine}\n`)
  const figures = targets.map((target) => ({
    ...target,
    ...spreadOf(target.values),
    met: isMet(target),
  }))
  await mkdir(FOLDER, { recursive: true })
  await writeFile(
    `${FOLDER}bench.json`,
    `${JSON.stringify({ machine, rounds, figures }, null, 2)}\n`,
  )
  await writeFile(REPORT, `${JSON.stringify(benchReport(machine, rounds, targets), null, 2)}\n`)
  process.stderr.write('docs/bench.json is written; `npm run docs` brings it into the documents\n')
} finally {
  await end()
}
