import type { Socket } from 'node:net'
import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { tlsMaterial } from '../config/tls-files.ts'
import type { KafkaConnection } from './connection.ts'

/** Whether a bootstrap broker takes a connection, up to and with TLS; nothing of Kafka is said. */
export interface BrokerProbe {
  /** `host:port` */
  readonly broker: string
  /** The code of Node or OpenSSL, e.g. ECONNREFUSED; `TIMEOUT`; null when it takes one. */
  readonly problem: string | null
}

function opened({ ssl }: KafkaConnection, host: string, port: number, ready: () => void): Socket {
  if (ssl === false) return connect({ host, port }, ready)
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const material = ssl === true ? {} : tlsMaterial(ssl)
  return connectTls({ host, port, ...servername, ...material }, ready)
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.name
}

/** Host and port of `host:port`, with the brackets of an IPv6 address taken off. */
function addressOf(broker: string): { readonly host: string; readonly port: number } {
  const colon = broker.lastIndexOf(':')
  const host = broker.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(broker.slice(colon + 1)) }
}

/** Opens a connection to one broker and closes it again. Never rejects. */
function probe(connection: KafkaConnection, broker: string, withinMs: number) {
  const { host, port } = addressOf(broker)
  return new Promise<BrokerProbe>((resolve) => {
    let socket: Socket | null = null
    const settle = (problem: string | null) => {
      clearTimeout(timer)
      socket?.destroy()
      resolve({ broker, problem })
    }
    const timer = setTimeout(() => settle('TIMEOUT'), withinMs)
    try {
      socket = opened(connection, host, port, () => settle(null))
      // Also after it is settled: a socket that is destroyed may still have something to say.
      socket.on('error', (error) => settle(codeOf(error)))
      socket.on('close', () => settle('ECONNRESET'))
    } catch (error) {
      settle(codeOf(error as Error))
    }
  })
}

/** All bootstrap brokers side by side, in their order. */
export async function probeBrokers(
  connection: KafkaConnection,
  withinMs: number,
): Promise<readonly BrokerProbe[]> {
  return await Promise.all(connection.brokers.map((broker) => probe(connection, broker, withinMs)))
}
