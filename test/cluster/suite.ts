import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ledger } from './ledger.ts'
import type { Preparation } from './preparation.ts'
import { PREPARATION_FILE } from './preparation.ts'
import { Proceedings } from './proceedings.ts'
import { reportText } from './report.ts'
import { installation } from './scenarios/installation.ts'
import { losses } from './scenarios/losses.ts'
import { network } from './scenarios/network.ts'
import { removal } from './scenarios/removal.ts'
import { rolls } from './scenarios/rolls.ts'
import { rotation } from './scenarios/rotation.ts'
import { scaling } from './scenarios/scaling.ts'
import { schemas } from './scenarios/schemas.ts'
import { trial } from './scenarios/trial.ts'
import { Site } from './site.ts'
import { newEndpoints } from './tenants.ts'
import { REPOSITORY } from './work-folder.ts'

// Runs inside the cluster's namespaces, started by main.ts.

/** 24 that send all the time, the spare one, and the one of the test. */
const TENANTS = 25
const REPORT = join(REPOSITORY, 'docs', 'cluster-report.md')

const print = (line: string) => void process.stdout.write(`${line}\n`)
const begun = performance.now()
const preparation = JSON.parse(await readFile(PREPARATION_FILE, 'utf8')) as Preparation
const proceedings = new Proceedings(print)
proceedings.steps.push(...preparation.steps)
const { tag, next } = preparation
const site = await Site.open()
try {
  await schemas(proceedings, site)
  const ledger = new Ledger(site.database)
  const endpoints = newEndpoints(TENANTS)
  if (await installation(proceedings, site, ledger, { tag, endpoints })) {
    await rolls(proceedings, site, ledger, [tag, next])
    await rotation(proceedings, site, ledger)
    await losses(proceedings, site, ledger)
    await scaling(proceedings, site, ledger, tag)
    await network(proceedings, site, tag)
    await removal(proceedings, site)
  }
  await trial(proceedings, site)
} finally {
  await site.close()
}
const seconds = Math.round((performance.now() - begun) / 1000)
const { steps } = proceedings
await writeFile(REPORT, await reportText({ ...preparation, steps, seconds }, site.addresses))
print(proceedings.summary())
process.exit(proceedings.failed === 0 ? 0 : 1)
