import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'

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
