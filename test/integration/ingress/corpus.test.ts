import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { corpusClasses } from '../../corpus/case.ts'
import type { CorpusReport } from '../../corpus/run.ts'
import { runCorpus } from '../../corpus/run.ts'
import { CorpusStage } from '../../corpus/stage.ts'

const classes = corpusClasses()
let stage: CorpusStage | undefined
let report: CorpusReport

beforeAll(async () => {
  stage = await CorpusStage.set(inject('kafkaBrokers'))
  report = await runCorpus(stage, classes)
})

afterAll(async () => {
  await stage?.stop()
})

function faultsOf(className: string): readonly string[] {
  const own = report.faults.filter((fault) => fault.className === className)
  return own.map((fault) => `${fault.case}: ${fault.fault}`)
}

it.each(classes)('a listening ingress answers as the corpus says: $name', ({ name }) => {
  expect(faultsOf(name)).toEqual([])
})

it('no canary is in a log, a metric, an answer or a header of a record, and no record is astray', () => {
  expect(faultsOf('canaries')).toEqual([])
})
