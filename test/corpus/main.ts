import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { processEnvironment } from '#platform/config/environment.ts'
import { testHost } from '../fixtures/part-host.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { corpusClasses } from './case.ts'
import { runMutations } from './mutation-run.ts'
import { mutationText, reportText } from './report-text.ts'
import { runCorpus } from './run.ts'
import { CorpusStage } from './stage.ts'

const MUTATIONS = 10_000
const USAGE = `npm run corpus

Starts a Kafka and ingresses on free ports, sends every case of test/corpus/*.json to them over raw
sockets, and prints one line a class. Then changes signed requests 10,000 times at random
(CORPUS_SEED repeats a run). Ends with 1 when anything is not as it must be.
`

async function cases(brokers: string): Promise<boolean> {
  process.stderr.write('starting ingresses\n')
  const stage = await CorpusStage.set(brokers)
  try {
    process.stderr.write('sending\n')
    const report = await runCorpus(stage, corpusClasses())
    process.stdout.write(reportText(report))
    return report.faults.length === 0
  } finally {
    await stage.stop()
  }
}

async function changes(brokers: string, seed: number): Promise<boolean> {
  process.stderr.write(`changing signed requests at random, seed ${seed}\n`)
  const stage = await CorpusStage.set(brokers, ['usual'])
  try {
    const { answers, seconds } = await runMutations(stage, MUTATIONS, seed)
    process.stderr.write(`${JSON.stringify(answers)} in ${seconds.toFixed(1)} s\n`)
    process.stdout.write(mutationText(MUTATIONS, null))
    return true
  } catch (error) {
    const { message, cause } = error as Error
    const reason = cause instanceof Error ? `\n${cause.message}` : ''
    process.stdout.write(mutationText(MUTATIONS, message + reason))
    return false
  } finally {
    await stage.stop()
  }
}

async function run(seed: number): Promise<boolean> {
  const folder = await temporaryFolder('corpus-kafka')
  const [port = 0, controllerPort = 0] = await freePorts(2)
  const place = { dataDir: join(folder.path, 'kafka'), logFile: join(folder.path, 'kafka.log') }
  process.stderr.write('starting Kafka\n')
  const kafka = await startKafka({ ...place, port, controllerPort }, testHost())
  const ending = async () => {
    await kafka.stop()
    await folder.remove()
  }
  try {
    const isAsWritten = await cases(kafka.brokers)
    return (await changes(kafka.brokers, seed)) && isAsWritten
  } finally {
    await ending()
  }
}

const given = processEnvironment().CORPUS_SEED
const seed = given === undefined ? randomInt(2 ** 31) : Number(given)
if (process.argv.includes('--help')) process.stdout.write(USAGE)
else process.exitCode = (await run(seed)) ? 0 : 1
