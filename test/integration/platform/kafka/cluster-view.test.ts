import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { expect, inject, it, onTestFinished } from 'vitest'
import { viewCluster } from '#platform/kafka/cluster-view.ts'
import { createLogger } from '#platform/log.ts'

const log = createLogger({ service: 'test', level: 'silent' })
/** More than one attempt of the library makes. */
const HANG_UPS = 5

/** A door to Kafka that hangs up on the first callers. */
async function busyDoor(): Promise<{ address: string; calls: () => number }> {
  const [host = '', port] = (inject('kafkaBrokers').split(',')[0] ?? '').split(':')
  let calls = 0
  const server = createServer((caller) => {
    calls += 1
    caller.on('error', () => {})
    if (calls <= HANG_UPS) {
      caller.destroy()
      return
    }
    const kafka = connect(Number(port), host)
    kafka.on('error', () => caller.destroy())
    caller.pipe(kafka).pipe(caller)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls }
}

function look(broker: string) {
  const connection = { brokers: [broker], clientId: 'view-test', ssl: false, sasl: null }
  return viewCluster(connection, log, (view) => view.ranges(['no-such-topic']))
}

it('a cluster that is too busy for the first callers is asked again', async () => {
  const { address, calls } = await busyDoor()
  expect(await look(address)).toEqual(new Map())
  expect(calls()).toBeGreaterThan(HANG_UPS)
})

it('where nobody listens that is said at once', async () => {
  const begun = performance.now()
  await expect(look('127.0.0.1:9')).rejects.toThrow()
  // Ten seconds are what a busy cluster is given.
  expect(performance.now() - begun).toBeLessThan(9000)
})
