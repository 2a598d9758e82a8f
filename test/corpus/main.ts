import { join } from 'node:path'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { testHost } from '../fixtures/part-host.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { corpusClasses } from './case.ts'
import { reportText } from './report-text.ts'
import { runCorpus } from './run.ts'
import { CorpusStage } from './stage.ts'

const USAGE = `npm run corpus

Starts a Kafka and ingresses on free ports, sends every case of test/corpus/*.json to them over raw
sockets, and prints one line a class. Ends with 1 when anything is not as the corpus says.
`

async function run(): Promise<boolean> {
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
    process.stderr.write('starting ingresses\n')
    const stage = await CorpusStage.set(kafka.brokers)
    try {
      process.stderr.write('sending\n')
      const report = await runCorpus(stage, corpusClasses())
      process.stdout.write(reportText(report))
      return report.faults.length === 0
    } finally {
      await stage.stop()
    }
  } finally {
    await ending()
  }
}

if (process.argv.includes('--help')) process.stdout.write(USAGE)
else process.exitCode = (await run()) ? 0 : 1
