import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { freePorts } from '#local/parts/ports.ts'
import { absentOf, RollCall } from '#platform/kafka/broker-roll-call.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { API, gateToKafka } from '../../../fixtures/kafka-gate.ts'

const log = createLogger({ service: 'test', level: 'silent' })

function connectionTo(brokers: string) {
  return { brokers: [brokers], clientId: 'roll-call-test', ssl: false, sasl: null }
}

function member(nodeId: number, broker: string) {
  const [host = '', port] = broker.split(':')
  return { nodeId, host, port: Number(port) }
}

/** Takes connections and says nothing on them, as the kernel does for a process that is stopped. */
async function muteListener(): Promise<string> {
  const open = new Set<{ destroy(): void }>()
  const server = createServer((socket) => void open.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a roll call of the brokers', () => {
  it('finds those that say nothing and those that refuse, beside one that answers', async () => {
    const [port] = await freePorts(1)
    const brokers = inject('kafkaBrokers')
    const members = [
      member(1, brokers),
      member(2, await muteListener()),
      member(3, `127.0.0.1:${port}`),
    ]
    const absent = await absentOf(members, connectionTo(brokers), log)
    expect(absent).toEqual(new Set([2, 3]))
  })

  it('blames nobody where nobody answers, as when the network is away', async () => {
    const mute = await muteListener()
    expect(await absentOf([member(1, mute)], connectionTo(mute), log)).toEqual(new Set())
  })

  it('is not held for what is over in time', async () => {
    const gate = await gateToKafka(inject('kafkaBrokers'))
    onTestFinished(() => gate.close())
    const quick = new RollCall(connectionTo(gate.address), log, 50)
    expect(quick.end()).toEqual(new Set())
    const slow = new RollCall(connectionTo(gate.address), log, 60)
    onTestFinished(() => void slow.end())
    const asked = () => gate.requests.filter(({ api }) => api === API.metadata)
    await eventually(() => asked().length > 0, { withinMs: 30_000 })
    await eventually(() => gate.open().length === 0, { withinMs: 30_000 })
    // One has asked with four clients; the other was over before.
    expect(new Set(asked().map(({ connection }) => connection)).size).toBeLessThanOrEqual(4)
  })
})
