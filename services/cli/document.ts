import { readFile, writeFile } from 'node:fs/promises'
import { metricsDocument } from './metrics-document.ts'
import { documented } from './readme.ts'

/** The documents that code writes: what each holds now is what it would be made from. */
const DOCUMENTS = [
  { file: 'README.md', write: documented },
  { file: 'docs/metrics.md', write: metricsDocument },
] as const

for (const { file, write } of DOCUMENTS) {
  const url = new URL(`../../${file}`, import.meta.url)
  const found = await readFile(url, 'utf8').catch(() => '')
  const current = write(found)
  if (current !== found) await writeFile(url, current)
  process.stdout.write(`${file} ${current === found ? 'is as the code has it' : 'written'}\n`)
}
