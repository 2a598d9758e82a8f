import type { Socket } from 'node:net'
import { connect } from 'node:net'

/** What a caller does who wants to do harm. */
export interface Hostility {
  /** Sent at once; may be empty. */
  readonly opening: string
  /** Sent every second after that; may be empty. */
  readonly drip: string
}

const DRIP_MS = 1000
/** A caller that is cut off comes back after this. */
const RETURN_MS = 200

/** Callers that keep a number of connections open whatever the ingress does about it. */
export class HostileCrowd {
  readonly #port: number
  readonly #sockets = new Map<Socket, string>()
  readonly #drips: NodeJS.Timeout
  #over = false
  /** Connections that the ingress closed. */
  cut = 0

  constructor(port: number) {
    this.#port = port
    this.#drips = setInterval(() => {
      for (const [socket, drip] of this.#sockets) if (drip !== '') socket.write(drip)
    }, DRIP_MS)
  }

  get size(): number {
    return this.#sockets.size
  }

  add(count: number, hostility: Hostility): void {
    for (let n = 0; n < count; n += 1) this.#come(hostility)
  }

  disperse(): void {
    this.#over = true
    clearInterval(this.#drips)
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  #come(hostility: Hostility): void {
    if (this.#over) return
    // Keeps its side open when the ingress ends, as nobody polite would.
    const socket = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('connect', () => {
      this.#sockets.set(socket, hostility.drip)
      socket.write(hostility.opening)
    })
    socket.on('error', () => undefined)
    socket.on('data', () => undefined)
    // The ingress must not depend on our side: it is only when it has really let go that we return.
    socket.on('end', () => this.#sockets.set(socket, 'x'))
    socket.on('close', () => {
      if (this.#sockets.delete(socket)) this.cut += 1
      setTimeout(() => this.#come(hostility), RETURN_MS)
    })
  }
}
