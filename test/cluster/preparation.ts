import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageTargets } from '../fixtures/image-targets.ts'
import type { Findings, Step } from './proceedings.ts'
import { claim, Proceedings } from './proceedings.ts'
import type { BuiltImage } from './service-images.ts'
import { buildServices, saveServices } from './service-images.ts'
import { REPOSITORY, WORK } from './work-folder.ts'

/** What was done before the cluster was entered. */
export interface Preparation {
  /** The version of the package, the chart and the images. */
  readonly tag: string
  /** The same sources as other images, for an upgrade. */
  readonly next: string
  readonly images: readonly BuiltImage[]
  readonly steps: readonly Step[]
  /** How long each part took that had to be built, in words. */
  readonly built: readonly string[]
}

export const PREPARATION_FILE = join(WORK.root, 'preparation.json')

async function version(): Promise<string> {
  const text = await readFile(join(REPOSITORY, 'package.json'), 'utf8')
  return String((JSON.parse(text) as { version: string }).version)
}

/** Those that differ most; what the others add is one folder more. */
const BUILT_TWICE = ['ingress', 'cli']

/** A build that knows nothing of the one before gives the same images, byte for byte. */
async function again(images: readonly BuiltImage[], tag: string): Promise<Findings> {
  const build = { tag: `${tag}-again`, isFresh: true, targets: BUILT_TWICE }
  const others = await buildServices(build, () => undefined)
  const differing = others.filter(
    ({ target, id }) => images.find((image) => image.target === target)?.id !== id,
  )
  claim(
    differing.length === 0,
    `these differ from build to build: ${differing.map(({ target }) => target).join(', ')}`,
  )
  return { images: others.length }
}

function checkTargets(): Findings {
  const images = [...imageTargets().values()].filter(({ command }) => command !== null)
  for (const { name, user } of images) {
    claim(/^[1-9]\d*:[1-9]\d*$/.test(user ?? ''), `${name} runs as ${user ?? 'root'}`)
  }
  return { images: images.length }
}

/** Builds the images of this repository and makes them ready for the cluster. */
export async function prepare(
  print: (line: string) => void,
  built: readonly string[],
): Promise<Preparation> {
  const proceedings = new Proceedings(print)
  const tag = await version()
  const next = `${tag}-next`
  print('     the images of this repository; the first one takes the packages from npm …')
  const images = await buildServices({ tag }, print)
  await proceedings.step('the images run as a numbered user that is not root', async () =>
    checkTargets(),
  )
  await proceedings.step('a second build of the images is the same, byte for byte', () =>
    again(images, tag),
  )
  print('     the same images under another name, for an upgrade …')
  const label = ['--label', 'org.opencontainers.image.version=next']
  await buildServices({ tag: next, more: label }, () => undefined)
  await saveServices([tag, next])
  const preparation = { tag, next, images, steps: proceedings.steps, built }
  await writeFile(PREPARATION_FILE, JSON.stringify(preparation))
  return preparation
}
