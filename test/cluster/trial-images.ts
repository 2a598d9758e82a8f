import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Progress } from '../fixtures/tool-shelf.ts'
import { buildParts } from './base-images.ts'
import { nameImage, saveImages } from './podman.ts'
import { STAND_IN_IMAGES, STAND_INS, STAND_INS_TAKE } from './stand-ins.ts'
import { REPOSITORY } from './work-folder.ts'

type Part = keyof typeof STAND_INS

/** A public image that a trial asks for, and what stands in for it here. */
export interface TrialImage {
  /** As the chart names it when it is told nothing. */
  readonly name: string
  readonly part: Part
  /** What the stand-in takes of what the public image is told. */
  readonly takes: string
}

interface ChartImage {
  readonly repository: string
  readonly tag: string
}

/** The public images of a trial, by the chart's own defaults. */
export async function trialImages(): Promise<readonly TrialImage[]> {
  const text = await readFile(join(REPOSITORY, 'charts/event-router/values.yaml'), 'utf8')
  const { dev } = parse(text) as { dev: Readonly<Record<Part, ChartImage>> }
  return Object.entries(STAND_INS_TAKE).map(([key, takes]) => {
    const part = key as Part
    return { name: `${dev[part].repository}:${dev[part].tag}`, part, takes }
  })
}

/** How a container runtime stores a name that says no registry. */
export function storedName(name: string): string {
  return name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`
}

/** Builds what stands in for a trial's public images, and makes it ready for the cluster under their names. */
export async function buildTrialImages(report: Progress): Promise<void> {
  for (const parts of STAND_IN_IMAGES) await buildParts(parts)
  const images = await trialImages()
  for (const { name, part, takes } of images) {
    report(`instead of the public image ${name} one that is built here, which takes ${takes}`)
    await nameImage(STAND_INS[part], storedName(name))
  }
  await saveImages(
    'trial',
    images.map(({ name }) => storedName(name)),
  )
}
