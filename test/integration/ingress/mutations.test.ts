import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { runMutations } from '../../corpus/mutation-run.ts'
import { CorpusStage } from '../../corpus/stage.ts'

const RUNS = 10_000
const SEED = 20_261_125
/** Ten seconds of two idle cores. */
const TIMEOUT_MS = 10 * 60_000

let stage: CorpusStage | undefined

beforeAll(async () => {
  stage = await CorpusStage.set(inject('kafkaBrokers'), ['usual'])
})

afterAll(async () => {
  await stage?.stop()
})

it(
  '10,000 changes of signed requests: never 2xx unless signed, never 5xx, and only signed bytes on the topics',
  async () => {
    if (stage === undefined) throw new Error('not started')
    const report = await runMutations(stage, RUNS, SEED)
    process.stdout.write(`${JSON.stringify(report)}\n`)
    // Otherwise the judge would have had nothing to judge.
    expect(report.answers['200']).toBeGreaterThan(RUNS / 20)
    expect(report.answers['400']).toBeGreaterThan(RUNS / 5)
    expect(stage.ingress('usual').ended()).toBeNull()
  },
  TIMEOUT_MS,
)
