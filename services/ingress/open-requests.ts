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

  began(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const known = this.#bySocket.get(socket) ?? new Set()
    this.#bySocket.set(socket, known)
    const own = { request, response }
    known.add(own)
    response.once('close', () => known.delete(own))
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
