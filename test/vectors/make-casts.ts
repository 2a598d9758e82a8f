// Writes the golden files of the casters; run it, then read what has changed:
//   node test/vectors/make-casts.ts && git diff test/vectors/casts
import { mkdirSync, writeFileSync } from 'node:fs'
import { castsFile, directions, goldenCasts } from '../unit/sdk/versions/casts.ts'

for (const direction of directions) {
  const file = castsFile(direction)
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(goldenCasts(direction), null, 2)}\n`)
}
