// Writes the golden files of all samples; run it, then read what has changed:
//   node test/vectors/make-golden.ts && git diff test/vectors/golden
import { mkdirSync, writeFileSync } from 'node:fs'
import { cardConsumer } from '#consumers/card/projection.ts'
import { complianceConsumer } from '#consumers/compliance/projection.ts'
import { passConsumer } from '#consumers/pass/projection.ts'
import { programConsumer } from '#consumers/program/projection.ts'
import { settlementConsumer } from '#consumers/settlement/projection.ts'
import { goldenFile, goldenProjections, goldenRows } from '../unit/consumers/golden.ts'

for (const domain of [
  cardConsumer,
  complianceConsumer,
  passConsumer,
  programConsumer,
  settlementConsumer,
]) {
  for (const golden of goldenProjections(domain)) {
    const file = goldenFile(domain, golden)
    mkdirSync(new URL('.', file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(goldenRows(golden), null, 2)}\n`)
  }
}
