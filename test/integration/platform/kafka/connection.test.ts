import { expect, inject, it, onTestFinished } from 'vitest'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { gateToKafka } from '../../../fixtures/kafka-gate.ts'

it('a client gives up a broker that takes its request and does not answer, within seconds', async () => {
  const gate = await gateToKafka(inject('kafkaBrokers'))
  onTestFinished(() => gate.close())
  gate.hold(() => true)
  const connection = { brokers: [gate.address], clientId: 'test', ssl: false, sasl: null }
  const log = createLogger({ service: 'test', level: 'silent' })
  const admin = kafkaClient(connection, log, 0).admin()
  onTestFinished(() => admin.disconnect())
  const begun = performance.now()
  await expect(admin.connect()).rejects.toThrow()
  // kafkajs's own limit is 30 s.
  expect(performance.now() - begun).toBeLessThan(10_000)
})
