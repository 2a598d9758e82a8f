import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import type { TlsFiles } from '../config/tls-files.ts'
import { tlsMaterial } from '../config/tls-files.ts'

export interface ConnectionBounds {
  /** From the start of a connection to its end. */
  readonly lifetimeMs: number
  /** Most bytes that may come in over it. */
  readonly bytes: number
}

const LOOK_EVERY_MS = 20

/** Ends a socket that lives too long, or over which too much comes: a drip never times out. */
function bound(socket: Socket, { lifetimeMs, bytes }: ConnectionBounds): void {
  const deadline = performance.now() + lifetimeMs
  const timer = setInterval(() => {
    if (socket.bytesRead > bytes) socket.destroy(new Error('too large an answer'))
    else if (performance.now() > deadline) socket.destroy(new Error('too late an answer'))
  }, LOOK_EVERY_MS)
  socket.once('close', () => clearInterval(timer))
}

/**
 * One connection a request, each within bounds, over TLS where the URL says so; the files are read
 * for each connection. For the library as well as for requests of our own.
 */
export function boundedAgent(url: string, tls: TlsFiles, bounds: ConnectionBounds): HttpAgent {
  const isTls = new URL(url).protocol === 'https:'
  const agent = isTls ? new HttpsAgent({ maxCachedSessions: 0 }) : new HttpAgent()
  const create = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const socket = create(isTls ? { ...options, ...tlsMaterial(tls) } : options, callback)
    bound(socket as Socket, bounds)
    return socket
  }
  return agent
}
