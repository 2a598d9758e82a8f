import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './machine-command.ts'
import { WORK } from './work-folder.ts'

/** podman with a storage of its own. */
async function podman(...args: readonly string[]): Promise<string> {
  const own = ['--root', join(WORK.podman, 'root'), '--runroot', join(WORK.podman, 'run')]
  return await command('podman', [...own, ...args])
}

/** Limits that may be raised without a capability that a CI's container lacks; no other registry is asked. */
const BUILD = [
  ...['build', '--quiet', '--pull=never', '--isolation', 'chroot', '--network=host'],
  ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
]

export interface ImageBuild {
  readonly tag: string
  /** Build context. */
  readonly folder: string
  /** Seconds since the epoch that everything in the image is dated with. */
  readonly date: number
  readonly more?: readonly string[]
}

/** @returns the image's id, a digest of its configuration, and so of all its layers */
export async function buildImage({ tag, folder, date, more = [] }: ImageBuild): Promise<string> {
  const dated = ['--timestamp', String(date)]
  const output = await podman(...BUILD, ...dated, ...more, '--tag', tag, folder)
  return output.trim().split('\n').at(-1) ?? ''
}

/** Gives an image one more name. */
export async function nameImage(tag: string, name: string): Promise<void> {
  await podman('tag', tag, name)
}

/** Saves images in one archive, layers that they share once. */
export async function saveImages(name: string, tags: readonly string[]): Promise<void> {
  await mkdir(WORK.images, { recursive: true })
  const file = join(WORK.images, `${name}.tar`)
  await rm(file, { force: true })
  const how = ['--quiet', '--multi-image-archive', '--format', 'docker-archive']
  await podman('save', ...how, '--output', file, ...tags)
}

/** Bytes of an image with all its layers. */
export async function imageBytes(tag: string): Promise<number> {
  return Number(await podman('image', 'inspect', '--format', '{{.Size}}', tag))
}
