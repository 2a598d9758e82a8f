import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import { giveBack } from '../spent-bytes.ts'

const require = createRequire(import.meta.url)
const kafkajsFactory = require('kafkajs/src/network/socketFactory.js') as () => ISocketFactory

/**
 * The sockets of one kafkajs client, which can be cut. `disconnect` waits for the answers that are
 * due, and does not end what is under way: a send that was waiting for metadata connects anew
 * afterwards, and writes its records after all (P9).
 */
export class ClientSockets {
  readonly #open = new Set<Socket>()
  readonly #create = kafkajsFactory()
  #isCut = false

  /** For the client's configuration. */
  readonly factory: ISocketFactory = (wanted) => {
    const socket = this.#create(wanted)
    returnWritten(socket)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    if (this.#isCut) destroy(socket)
    return socket
  }

  /** Ends all connections at once, and each that the client still tries to make. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#open) destroy(socket)
  }
}

/** With an error: kafkajs does not notice a socket that closes without one. */
function destroy(socket: Socket): void {
  socket.destroy(new Error('the client was given up'))
}

/** So large are requests with records only, each an encoder's and in memory of its own. */
const LARGE_BYTES = 32 * 1024

function isLarge(request: string | Uint8Array): request is Uint8Array<ArrayBuffer> {
  return typeof request !== 'string' && request.byteOffset === 0 && request.length >= LARGE_BYTES
}

/** kafkajs writes a request once, and does not look at its bytes afterwards. */
function returnWritten(socket: Socket): void {
  const write = socket.write.bind(socket)
  Object.assign(socket, {
    write: (request: string | Uint8Array, encoding?: BufferEncoding) =>
      write(request, encoding, (error) => {
        if (!error && isLarge(request)) giveBack(new Uint8Array(request.buffer))
      }),
  })
}
