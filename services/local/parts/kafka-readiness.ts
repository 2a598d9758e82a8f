import { connect } from 'node:net'
import { coverage } from '#core/commit.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'

/** One small record a start; Kafka drops them after an hour. */
const topic = 'local.readiness'

/**
 * Whether the cluster takes a record with all acknowledgements: an open port alone says nothing.
 * @param brokers `host:port`, all of them
 */
export async function acknowledgesRecords(
  brokers: readonly string[],
  replicationFactor: number,
): Promise<boolean> {
  if (!(await Promise.all(brokers.map(isOpen))).every(Boolean)) return false
  const log = createLogger({ service: 'local', level: 'silent' })
  const connection = { brokers, clientId: 'event-router-local', ssl: false, sasl: null }
  const settings = { 'retention.ms': '3600000', 'min.insync.replicas': '1' }
  await ensureTopics(connection, [{ name: topic, partitions: 1, replicationFactor, settings }], log)
  const sender = new BatchSender({
    connection,
    log,
    attemptTimeoutMs: 3_500,
    reconnectDelayMs: 100,
  })
  try {
    return await wasWritten(sender)
  } finally {
    await sender.close()
  }
}

async function wasWritten(sender: BatchSender): Promise<boolean> {
  const record = { topic, partition: 0, key: 'ready', value: Buffer.from('ready'), headers: {} }
  const attempt = await sender.attempt([record])
  return attempt.kind === 'answered' && coverage([record], attempt.partitions)[0] != null
}

function isOpen(broker: string): Promise<boolean> {
  const [host = '', port] = broker.split(':')
  return new Promise((resolve) => {
    const socket = connect(Number(port), host)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
