import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PartHost } from './host.ts'
import { PartFault } from './part-fault.ts'
import { type RunOutcome, run } from './run.ts'

const poms = fileURLToPath(new URL('../maven/', import.meta.url))

interface Bundle {
  readonly name: string
  readonly version: string
  readonly megabytes: number
  readonly goal: string
  /** Whether Maven copies one archive that must be unpacked. */
  readonly archive: boolean
}

const kafka: Bundle = {
  name: 'kafka',
  version: '4.3.1',
  megabytes: 39,
  goal: 'dependency:copy-dependencies',
  archive: false,
}
const registry: Bundle = {
  name: 'registry',
  version: '3.0.9',
  megabytes: 109,
  goal: 'dependency:copy',
  archive: true,
}

/** Kafka's jars as a class path, sorted and listed one by one (a class data archive needs that). */
export async function kafkaClassPath(host: PartHost): Promise<string> {
  const folder = await bundleFolder(kafka, host)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jar'))
  return names
    .sort()
    .map((name) => join(folder, name))
    .join(':')
}

/** The registry's main jar, in the folder that holds its libraries. */
export async function registryJar(host: PartHost): Promise<string> {
  const folder = await bundleFolder(registry, host)
  return join(folder, `apicurio-registry-app-${registry.version}-runner.jar`)
}

// The folder's name carries the pom's digest: a changed pom never meets an old cache.
async function bundleFolder(bundle: Bundle, host: PartHost): Promise<string> {
  const pom = join(poms, bundle.name, 'pom.xml')
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 8)
  const shelf = join(host.cacheDir, 'event-router')
  const folder = join(shelf, `${bundle.name}-${bundle.version}-${digest}`)
  if (!(await exists(folder))) await fill(folder, shelf, pom, bundle, host)
  return folder
}

/** Fills a folder beside the final one and renames it: a cache is whole or not there. */
async function fill(folder: string, shelf: string, pom: string, bundle: Bundle, host: PartHost) {
  host.report(`resolving ${bundle.name} ${bundle.version} (${bundle.megabytes} MB, once)`)
  await mkdir(shelf, { recursive: true })
  const workshop = await mkdtemp(join(shelf, `.${bundle.name}-`))
  try {
    const content = join(workshop, 'content')
    await copyByMaven(pom, bundle.goal, content, host)
    if (bundle.archive) await unpackIn(content, bundle, host)
    await settle(content, folder)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
  host.report(`resolved ${bundle.name} ${bundle.version}`)
}

/** Of two starts at once the first wins; the other's copy is equal and dropped. */
async function settle(content: string, folder: string): Promise<void> {
  try {
    await rename(content, folder)
  } catch (error) {
    if (!(await exists(folder))) throw error
  }
}

async function copyByMaven(pom: string, goal: string, into: string, host: PartHost) {
  const args = ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${into}`, '-DincludeScope=runtime']
  const outcome = await run('mvn', args, { env: host.env, signal: host.ended })
  if (outcome.kind === 'missing') {
    throw new PartFault('Maven was not found (mvn): install Maven 3.8 or newer.')
  }
  if (outcome.code !== 0) throw new PartFault(mavenFault(outcome.output))
}

/** One sentence out of Maven's report; the first error line says what happened. */
export function mavenFault(output: string): string {
  const line = output.split('\n').find((candidate) => candidate.includes('[ERROR]')) ?? 'no output'
  const reason = line.replace(/.*\[ERROR\]\s*/, '').replace(/\s*-> \[Help \d+\].*/, '')
  return `Maven could not resolve the jars: ${reason}. Check the network and Maven's settings.xml, then start again.`
}

async function unpackIn(content: string, bundle: Bundle, host: PartHost): Promise<void> {
  const archive = (await readdir(content)).find((name) => name.endsWith('.tar.gz'))
  if (archive === undefined) throw new PartFault(`Maven brought no archive of the ${bundle.name}.`)
  const path = join(content, archive)
  const outcome: RunOutcome = await run('tar', ['-xzf', path, '-C', content], {
    env: host.env,
    signal: host.ended,
  })
  if (outcome.kind === 'missing') throw new PartFault('tar was not found: install tar and gzip.')
  if (outcome.code !== 0) throw new PartFault(`${archive} could not be unpacked: is the disk full?`)
  await rm(path)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
