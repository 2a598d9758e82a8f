import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CannotBeHad } from '../fixtures/go-programs.ts'
import { buildCluster, programs } from './build.ts'
import type { Programs } from './cluster.ts'
import { down, enter, isUp, up } from './cluster.ts'
import { prepare } from './preparation.ts'
import { HERE } from './work-folder.ts'

const HELP = `Installs the chart into a real one-node Kubernetes, and hurts it. Needs Linux with root, Debian's
packages, Go 1.26 and a cgroup file system; everything else it builds itself (about 20 minutes on two
cores, once; minutes from then on).

  npm run test:cluster                  builds what is missing, starts a cluster, runs the suite, ends it
  npm run test:cluster -- --keep        leaves the cluster running
  npm run test:cluster -- build         only builds what a cluster is made of, and the images
  npm run test:cluster -- up            builds and starts a cluster
  npm run test:cluster -- in COMMAND…   runs a command inside it: kubectl, helm, node, …
  npm run test:cluster -- suite         runs the suite in the cluster that is up
  npm run test:cluster -- down          ends it; nothing of it is left but what was built`

/** Standard output is the suite's; everything that is said on the way goes beside it. */
const note = (line: string) => void process.stderr.write(`${line}\n`)
const print = (line: string) => void process.stdout.write(`${line}\n`)

async function build(): Promise<Programs> {
  const built: string[] = []
  const found = await buildCluster((line) => {
    note(line)
    if (line.startsWith('built ')) built.push(line)
  })
  await prepare(print, built)
  return found
}

async function start(): Promise<Programs> {
  const found = await build()
  await up(found, note)
  return found
}

async function suite(found: Programs): Promise<number> {
  return await enter(found, [process.execPath, join(HERE, 'suite.ts')])
}

async function whole(keep: boolean): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void down().finally(() => process.exit(1)))
  }
  try {
    return await suite(await start())
  } finally {
    if (!keep) await down()
  }
}

async function main(verb: string, line: readonly string[], keep: boolean): Promise<number> {
  if (verb === 'run') return await whole(keep)
  if (verb === 'down') {
    await down()
    return 0
  }
  if (verb === 'build') return await build().then(() => 0)
  if (verb === 'up') return await start().then(() => 0)
  if (verb !== 'in' && verb !== 'suite') {
    note(`there is no ${verb}\n\n${HELP}`)
    return 2
  }
  if (!(await isUp())) {
    note('the cluster is not up: npm run test:cluster -- up')
    return 1
  }
  const found = await programs(note)
  return verb === 'suite' ? await suite(found) : await enter(found, line)
}

const args = process.argv.slice(2)
const isInside = args[0] === 'in'
const { values, positionals } = parseArgs({
  args: isInside ? args.slice(0, 1) : args,
  options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
})
if (values.help) {
  print(HELP)
  process.exit(0)
}
try {
  const verb = positionals[0] ?? 'run'
  process.exitCode = await main(verb, isInside ? args.slice(1) : [], values.keep === true)
} catch (error) {
  note(error instanceof CannotBeHad ? `No cluster here: ${error.message}.` : String(error))
  print('0 passed, 1 failed')
  process.exitCode = 1
}
