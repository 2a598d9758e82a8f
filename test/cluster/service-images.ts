import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '#local/parts/run.ts'
import { imageTargets } from '../fixtures/image-targets.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { BUILD_IMAGE, RUN_IMAGE } from './base-images.ts'
import { command } from './machine-command.ts'
import { buildImage, imageBytes, nameImage, saveImages } from './podman.ts'
import { storedName } from './trial-images.ts'
import { REPOSITORY } from './work-folder.ts'

/** As `image.registry` and `image.repository` of the chart say it. */
export const IMAGE_REGISTRY = 'localhost'
const IMAGE_REPOSITORY = 'event-router'

export interface BuiltImage {
  readonly target: string
  /** Digest of its configuration, and so of all its layers. */
  readonly id: string
  readonly bytes: number
}

/** The targets that are images of their own. */
function serviceTargets(): readonly string[] {
  return [...imageTargets().values()]
    .filter(({ command: own }) => own !== null)
    .map(({ name }) => name)
}

/** As a chart that is told nothing of images names them. */
function plainName(target: string, tag: string): string {
  return `${IMAGE_REPOSITORY}/${target}:${tag}`
}

function imageName(target: string, tag: string): string {
  return `${IMAGE_REGISTRY}/${plainName(target, tag)}`
}

/**
 * Everything in an image is as old as the epoch, and not as the last commit: layers that are found
 * again would carry the date of the commit that they were first built at.
 */
const EPOCH = 0

/** What npm is told here of its registry, for the build alone: the user's own settings and its proxy. */
export async function npmSettings(): Promise<string> {
  const asked = (name: string) => command('npm', ['config', 'get', name, '--location=global'])
  const [userFile, registry, authorities] = await Promise.all(
    ['userconfig', 'registry', 'cafile'].map(async (name) => (await asked(name)).trim()),
  )
  const user = await run('cat', [userFile ?? ''])
  const own = user.kind === 'ended' && user.code === 0 ? user.output : ''
  const trusted = authorities === 'null' ? '' : 'cafile=/etc/ssl/certs/ca-certificates.crt\n'
  return `${own}\nregistry=${registry}\n${trusted}`
}

export interface ServiceBuild {
  readonly tag: string
  /** Further arguments of the build, e.g. a label that makes another image of the same files. */
  readonly more?: readonly string[]
  /** Builds without what was built before. */
  readonly isFresh?: boolean
  /** All of them when not said. */
  readonly targets?: readonly string[]
}

/** Builds targets of the Dockerfile. */
export async function buildServices(
  { tag, more = [], isFresh = false, targets = serviceTargets() }: ServiceBuild,
  report: Progress,
): Promise<readonly BuiltImage[]> {
  const folder = await temporaryFolder('npm')
  try {
    const npmrc = join(folder.path, 'npmrc')
    await writeFile(npmrc, await npmSettings(), { mode: 0o600 })
    const args = [
      ...['--build-arg', `BUILD_IMAGE=${BUILD_IMAGE}`, '--build-arg', `RUN_IMAGE=${RUN_IMAGE}`],
      ...['--secret', `id=npmrc,src=${npmrc}`, ...more],
    ]
    const images: BuiltImage[] = []
    for (const target of targets) {
      // The layers below are built once, by the first target.
      const fresh = isFresh && images.length === 0 ? ['--no-cache'] : []
      const name = imageName(target, tag)
      const own = [...args, ...fresh, '--target', target]
      const id = await buildImage({ tag: name, folder: REPOSITORY, date: EPOCH, more: own })
      const bytes = await imageBytes(name)
      report(`${name}: ${(bytes / 1e6).toFixed(1)} MB`)
      images.push({ target, id, bytes })
    }
    return images
  } finally {
    await folder.remove()
  }
}

/** Makes the images of some tags ready for the cluster; those of the first also under the chart's own names. */
export async function saveServices(tags: readonly [string, ...string[]]): Promise<void> {
  const targets = serviceTargets()
  const names = tags.flatMap((tag) => targets.map((target) => imageName(target, tag)))
  const plain = targets.map((target) => storedName(plainName(target, tags[0])))
  for (const [index, target] of targets.entries()) {
    await nameImage(imageName(target, tags[0]), plain[index] ?? '')
  }
  await saveImages('services', [RUN_IMAGE, ...names, ...plain])
}
