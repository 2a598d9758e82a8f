import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '#platform/config/environment.ts'

export type Figures = Readonly<Record<string, unknown>>

const FOLDER = fileURLToPath(new URL('../../coverage/chaos/', import.meta.url))
const DEFAULT_SEED = 20_261_125

/** CHAOS_SCALE: 1 for the sizes of the acceptance, less for a quick trial. */
function scale(): number {
  const value = Number(processEnvironment().CHAOS_SCALE ?? 1)
  if (!(value > 0 && value <= 1)) throw new RangeError('CHAOS_SCALE must lie above 0, at most 1')
  return value
}

/** A size of the acceptance at this run's scale, at least `least`. */
export function scaled(size: number, least = 1): number {
  return Math.max(least, Math.round(size * scale()))
}

/** CHAOS_SEED, or the same one every time. */
export function chaosSeed(): number {
  return Number(processEnvironment().CHAOS_SEED ?? DEFAULT_SEED)
}

/** Prints what a run did and found, and leaves it in `coverage/chaos/<name>.json`. */
export async function report(name: string, figures: Figures): Promise<void> {
  const whole = { name, seed: chaosSeed(), scale: scale(), ...figures }
  await mkdir(FOLDER, { recursive: true })
  await writeFile(`${FOLDER}${name}.json`, `${JSON.stringify(whole, null, 2)}\n`)
  const lines = Object.entries(whole).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)
  process.stdout.write(`\n${lines.join('\n')}\n`)
}
