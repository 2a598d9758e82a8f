import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface InHand {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * Which requests of a connection wait for their answers. Bytes that are no request may follow one
 * that is: their 400 must not be read as the answer to an event that is being made durable.
 */
export class OpenRequests {
  readonly #bySocket = new WeakMap<Socket, Set<InHand>>()
  readonly #latest = new WeakMap<Socket, InHand>()

  began(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const known = this.#bySocket.get(socket) ?? new Set()
    this.#bySocket.set(socket, known)
    const own = { request, response }
    known.add(own)
    this.#latest.set(socket, own)
    response.once('close', () => known.delete(own))
  }

  /** Whether what comes now is the rest of a request that was answered before it was whole. */
  isRest(socket: Socket): boolean {
    const latest = this.#latest.get(socket)
    if (latest === undefined || latest.request.complete) return false
    return this.#bySocket.get(socket)?.has(latest) === false
  }

  /** Acts once every request that arrived whole was answered; at once when there is none. */
  afterwards(socket: Socket, act: () => void): void {
    const waiting = [...(this.#bySocket.get(socket) ?? [])].filter(
      // The other one is what the fault is about; it will never be answered.
      ({ request }) => request.complete,
    )
    let left = waiting.length
    if (left === 0) act()
    for (const { response } of waiting) {
      response.once('close', () => {
        left -= 1
        if (left === 0) act()
      })
    }
  }
}
