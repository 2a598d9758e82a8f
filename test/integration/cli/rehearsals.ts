import type { Message } from 'kafkajs'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'
import type { Terminal } from '#cli/terminal.ts'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { ensureTopics } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'
import type { CliRun } from '../../fixtures/cli.ts'

const log = createLogger({ service: 'test', level: 'silent' })

/** To a topic of one partition: kafkajs repeats a whole request when one of several has no leader yet. */
export async function produce(
  brokers: string,
  topic: string,
  messages: readonly Message[],
): Promise<void> {
  const connection = { brokers: [brokers], clientId: 'test', ssl: false, sasl: null }
  const declared = { name: topic, partitions: 1, replicationFactor: 1, settings: {} }
  await ensureTopics(connection, [declared], log)
  const producer = kafkaClient(connection, log, 2).producer()
  await producer.connect()
  await producer.send({ topic, messages: [...messages] })
  await producer.disconnect()
}

/** Runs `schemas rehearse` in this process, since starting one takes a second. */
export async function rehearseIn(
  variables: Readonly<Record<string, string>>,
  candidate: string,
  ...args: readonly string[]
): Promise<CliRun> {
  const lines: string[] = []
  const terminal: Terminal = {
    environment: { ...variables, LOCAL_DIR: '/nowhere' },
    line: (text) => void lines.push(text),
    note: () => {},
    stopped: new AbortController().signal,
  }
  const fault = await runCommand(['schemas', 'rehearse', candidate, ...args], terminal).then(
    () => null,
    (error: unknown) => error,
  )
  if (fault !== null && !(fault instanceof CliFault)) throw fault
  return { code: fault?.exitCode ?? 0, out: lines.join('\n'), err: fault?.message ?? '' }
}
