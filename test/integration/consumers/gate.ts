import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A door between a service and Postgres that a test can shut and open. */
export interface Gate {
  readonly url: string
  /** Cuts all connections and refuses new ones. */
  shut(): void
  open(): void
  close(): Promise<void>
}

/** Listens on a free port and passes everything on to the server of `databaseUrl`. */
export async function gateTo(databaseUrl: string): Promise<Gate> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let isOpen = true
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  const server = createServer((inner) => {
    keep(inner)
    if (!isOpen) {
      inner.destroy()
      return
    }
    const outer = connect(Number(target.port), target.hostname)
    keep(outer)
    inner.pipe(outer).pipe(inner)
    inner.on('close', () => outer.destroy())
    outer.on('close', () => inner.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const shut = () => {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: url.href,
    shut,
    open: () => {
      isOpen = true
    },
    close: async () => {
      shut()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
