import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../fixtures/eventually.ts'
import { type KafkaCluster, startKafkaCluster } from '../../../fixtures/kafka-cluster.ts'
import { startLeaderMover } from '../../../fixtures/leader-mover.ts'
import { readLog } from '../../../fixtures/log-reader.ts'
import { writeRecords } from '../../../fixtures/log-writer.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
let cluster: KafkaCluster
beforeAll(async () => {
  folder = await temporaryFolder('cluster')
  cluster = await startKafkaCluster(folder.path)
})
afterAll(async () => {
  await cluster?.stop()
  await folder.remove()
})

test('leaders move when they are told to', async () => {
  await writeRecords(cluster.brokers, 'moved', 12, [{ key: 'a', value: 'before' }], 3)
  const mover = await startLeaderMover(cluster.brokers)
  onTestFinished(() => mover.stop())
  // A broker that has not heard of the last move yet describes the leaders as they were.
  const all = async () => (await mover.move(['moved'])) === 12
  await eventually(all, { withinMs: 30_000 })
  await eventually(all, { withinMs: 30_000 })
})

test('what was written is read while a broker is dead, and after it is back', async () => {
  await writeRecords(cluster.brokers, 'lasting', 12, [{ key: 'a', value: 'kept' }], 3)
  const [first] = cluster.nodes
  await first?.kill()
  const values = async () =>
    (await readLog({ brokers: cluster.brokers, topics: ['lasting'] })).map((r) => String(r.value))
  expect(await values()).toEqual(['kept'])
  await first?.restart()
  await first?.stop()
  await first?.restart()
  expect(await values()).toEqual(['kept'])
})
