import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { CutCause } from './admission-metrics.ts'

/** Of all places, freed at once: whoever looks for them pays for as many who come after. */
const FREED_SHARE = 1 / 20
/** When fewer could be freed than that, nobody looks again before this has passed. */
const LOOK_AGAIN_MS = 100

/** What is known of a connection; `bytesAtRest` is what had come when its last answer had gone. */
interface Place {
  requests: number
  bytesAtRest: number
}

/**
 * How soon a connection gives way, the lowest first: nothing ever came, then half a head, then
 * between two requests; null for one whose request is in hand. Node's own `closeIdleConnections`
 * closes only the third and takes a silent socket for an active one.
 */
export function yielding(bytesRead: number, { requests, bytesAtRest }: Place): 0 | 1 | 2 | null {
  if (bytesRead === 0) return 0
  if (requests > 0) return null
  return bytesRead > bytesAtRest ? 1 : 2
}

/** The connections of a server, those first that have asked nothing for longest. */
class Places {
  readonly #cut: (cause: CutCause) => void
  readonly #freed: number
  readonly #places = new Map<Socket, Place>()
  /** Destroyed, but still counted by Node. */
  #closing = 0
  #lookAgainAt = Number.NEGATIVE_INFINITY

  constructor(maxConnections: number, cut: (cause: CutCause) => void) {
    this.#cut = cut
    this.#freed = Math.max(1, Math.floor(maxConnections * FREED_SHARE))
  }

  came(socket: Socket): void {
    this.#places.set(socket, { requests: 0, bytesAtRest: 0 })
    socket.once('close', () => this.#places.delete(socket))
  }

  asked(socket: Socket, response: ServerResponse): void {
    const place = this.#places.get(socket)
    if (place === undefined) return
    place.requests += 1
    response.once('close', () => {
      place.requests -= 1
      place.bytesAtRest = socket.bytesRead
      // To the end of the line.
      if (this.#places.delete(socket)) this.#places.set(socket, place)
    })
  }

  makeRoom(now: number): void {
    if (this.#closing > 0 || now < this.#lookAgainAt) return
    const ranks: [Socket[], Socket[], Socket[]] = [[], [], []]
    for (const [socket, place] of this.#places) {
      const rank = yielding(socket.bytesRead, place)
      if (rank !== null) ranks[rank].push(socket)
      if (ranks[0].length === this.#freed) break
    }
    const leaving = ranks.flat().slice(0, this.#freed)
    if (leaving.length < this.#freed) this.#lookAgainAt = now + LOOK_AGAIN_MS
    for (const socket of leaving) this.#close(socket)
  }

  #close(socket: Socket): void {
    this.#cut(socket.bytesRead === 0 ? 'silent' : 'too_many')
    this.#closing += 1
    socket.once('close', () => {
      this.#closing -= 1
    })
    socket.destroy()
  }
}

/**
 * A caller beyond the last place is closed at once by Node. So that the next one finds a place,
 * those who ask nothing give theirs up.
 */
export function limitConnections(
  server: Server,
  maxConnections: number,
  cut: (cause: CutCause) => void,
): void {
  const places = new Places(maxConnections, cut)
  server.maxConnections = maxConnections
  server.on('connection', (socket: Socket) => places.came(socket))
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) =>
    places.asked(socket, response),
  )
  server.on('drop', () => {
    cut('too_many')
    places.makeRoom(performance.now())
  })
}
