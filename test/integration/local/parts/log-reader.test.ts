import { readFile } from 'node:fs/promises'
import { expect, inject, test } from 'vitest'
import { javaPartitions, type KeyPartition, readLog } from '../../../fixtures/log-reader.ts'
import { writeRecords } from '../../../fixtures/log-writer.ts'

test('the independent reader finds 20,000 records, each key in order, within seconds', async () => {
  const brokers = inject('kafkaBrokers')
  const records = Array.from({ length: 20_000 }, (_, index) => ({
    key: `tnt_${index % 50}`,
    value: `${index} "é`,
  }))
  await writeRecords(brokers, 'reader-volume', 12, records)
  const begun = performance.now()
  const read = await readLog({ brokers, topics: ['reader-volume'] })
  expect(performance.now() - begun).toBeLessThan(20_000)
  const values = (key: string) =>
    read.filter((record) => record.key === key).map(({ value }) => String(value))
  for (const key of new Set(records.map((record) => record.key))) {
    const written = records.filter((record) => record.key === key).map(({ value }) => value)
    expect([...new Set(values(key))]).toEqual(written)
  }
})

test("the partitions of the vectors are those of Kafka's own Java client", async () => {
  const file = new URL('../../../vectors/murmur2.json', import.meta.url)
  const vectors = JSON.parse(await readFile(file, 'utf8')) as {
    key: string
    murmur2: number
    partition12: number
  }[]
  const chosen: KeyPartition[] = await javaPartitions(
    vectors.map(({ key }) => key),
    12,
  )
  const expected = vectors.map(({ key, murmur2, partition12 }) => {
    return { key, murmur2, partition: partition12 }
  })
  expect(vectors.length).toBeGreaterThanOrEqual(30)
  expect(chosen).toEqual(expected)
})
