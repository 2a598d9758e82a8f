import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import { type Verdict, verdictOf } from '../fixtures/acknowledgement-checker.ts'
import { type FaultCount, faultsBetween, startFaults } from '../fixtures/cluster-faults.ts'
import { type KafkaCluster, startKafkaCluster } from '../fixtures/kafka-cluster.ts'
import { type LeaderMover, startLeaderMover } from '../fixtures/leader-mover.ts'
import { readLog } from '../fixtures/log-reader.ts'
import { credulousProducer, safeProducer, stockProducer } from '../fixtures/producer-candidates.ts'
import {
  figuresOf,
  type SafetyFigures,
  safetyTable,
  writeSafetyReport,
} from '../fixtures/safety-report.ts'
import { type Candidate, sendSteadily } from '../fixtures/steady-load.ts'
import { type TemporaryFolder, temporaryFolder } from '../fixtures/temporary-folder.ts'

const PARTITIONS = 12
const SAFE = 'safe'
const STOCK = 'stock'
const CREDULOUS = 'credulous'
const MOVES_ASKED = 3
const reportFile = fileURLToPath(new URL('../../coverage/producer-safety.json', import.meta.url))

let folder: TemporaryFolder
let cluster: KafkaCluster
let mover: LeaderMover
const report: SafetyFigures[] = []

beforeAll(async () => {
  folder = await temporaryFolder('producer-safety')
  cluster = await startKafkaCluster(folder.path)
  const brokers = cluster.brokers.split(',')
  const connection = { brokers, clientId: 'test', ssl: false, sasl: null }
  const settings = { 'min.insync.replicas': '2' }
  const topics = [SAFE, STOCK, CREDULOUS].map((name) => ({
    name,
    partitions: PARTITIONS,
    replicationFactor: 3,
    settings,
  }))
  await ensureTopics(connection, topics, createLogger({ service: 'test', level: 'silent' }))
  mover = await startLeaderMover(cluster.brokers)
})

afterAll(async () => {
  await mover?.stop()
  await cluster?.stop()
  await folder.remove()
  await writeSafetyReport(reportFile, report)
  process.stdout.write(`\n${safetyTable(report)}`)
})

interface Trial {
  readonly candidate: Candidate
  readonly topic: string
  readonly records: number
  readonly groupRecords: number
  readonly everyMs: number
}

interface Judged {
  readonly verdict: Verdict
  readonly faults: FaultCount
}

/** Lets the candidates write at the same time under the same faults, and reads what is there. */
async function judge(trials: readonly Trial[], brokerIndex: number): Promise<readonly Judged[]> {
  const topics = trials.map(({ topic }) => topic)
  const broker = cluster.nodes[brokerIndex]
  if (broker === undefined) throw new RangeError(`no broker ${brokerIndex}`)
  const timing = { moveEveryMs: 2000, restartAfterMs: 3000 }
  const faults = startFaults({ topics, mover, broker, ...timing })
  const enough = () => {
    const { moves, restarts } = faultsBetween(faults.happened, 0, Number.POSITIVE_INFINITY)
    return moves > MOVES_ASKED && restarts > 0
  }
  const load = (trial: Trial) =>
    sendSteadily(trial.candidate, { ...trial, partitions: PARTITIONS, goal: enough })
  const loads = await Promise.allSettled(trials.map(load))
  await Promise.all(trials.map(({ candidate }) => candidate.close()))
  await faults.stop()
  const log = await readLog({ brokers: cluster.brokers, topics })
  return trials.map(({ candidate, topic }, i) => {
    const outcome = loads[i]
    if (outcome?.status !== 'fulfilled') throw outcome?.reason
    const { ledger, startedMs, endedMs } = outcome.value
    const records = log.filter((record) => record.topic === topic)
    const verdict = verdictOf(ledger, records)
    const suffered = faultsBetween(faults.happened, startedMs, endedMs)
    report.push(figuresOf(candidate.name, outcome.value, verdict, suffered))
    return { verdict, faults: suffered }
  })
}

function expectFaults({ moves, restarts }: FaultCount): void {
  expect(moves).toBeGreaterThanOrEqual(MOVES_ASKED)
  expect(restarts).toBe(1)
}

test('every acknowledged record is in the log, in its place and in order, while leaders move and a broker restarts', async () => {
  const candidate = safeProducer(cluster.brokers)
  const pace = { records: 10_000, groupRecords: 50, everyMs: 100 }
  const [safe] = await judge([{ candidate, topic: SAFE, ...pace }], 0)
  if (safe === undefined) throw new RangeError('no verdict')
  expect(safe.verdict).toMatchObject({ lost: [], misplaced: [], phantom: [], reordered: [] })
  expect(safe.verdict.acknowledged).toBeGreaterThanOrEqual(9_900)
  expectFaults(safe.faults)
  expect(candidate.incompleteAttempts()).toBeGreaterThan(0)
})

test('a producer that takes every answer for complete is found out under the same faults', async () => {
  const stock = await stockProducer(cluster.brokers)
  const credulous = credulousProducer(cluster.brokers)
  const pace = { groupRecords: 16, everyMs: 25 }
  const [, negative] = await judge(
    [
      { candidate: stock, topic: STOCK, records: 9_600, ...pace },
      { candidate: credulous, topic: CREDULOUS, records: 3_200, ...pace, everyMs: 75 },
    ],
    1,
  )
  if (negative === undefined) throw new RangeError('no verdict')
  // What stock kafkajs loses depends on chance, so the report shows it and nothing asks for it.
  expect(negative.verdict.lost.length).toBeGreaterThan(0)
  expectFaults(negative.faults)
})
