import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClientSockets } from '#platform/kafka/client-sockets.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const KIB = 1024
const received: Buffer[] = []
/** Reads nothing until it is told to. */
const held: Socket[] = []
const server = createServer({ pauseOnConnect: true }, (socket) => {
  held.push(socket)
  socket.on('error', () => undefined)
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => {
  for (const socket of held) socket.destroy()
  server.close()
})

function read(): void {
  for (const socket of held) socket.on('data', (chunk) => received.push(chunk)).resume()
}

async function connected(sockets: ClientSockets): Promise<Socket> {
  const { port } = server.address() as AddressInfo
  const onConnect = () => undefined
  const socket = sockets.factory({ host: '127.0.0.1', port, ssl: undefined as never, onConnect })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** A request as an encoder makes it: the first part of what it has. */
function request(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(2 * bytes)
    .fill('r')
    .subarray(0, bytes)
}

describe('a request to a broker', () => {
  it('is held until it is written, arrives whole, and is then given back', async () => {
    const sockets = new ClientSockets()
    const socket = await connected(sockets)
    const large = request(16 * 1024 * KIB)
    const small = request(2 * KIB)
    socket.write(large as never, 'binary')
    socket.write(small as never, 'binary')
    expect(large.byteLength).toBe(16 * 1024 * KIB)
    read()
    await eventually(() => large.byteLength === 0, { withinMs: 10_000 })
    expect(small.byteLength).toBe(2 * KIB)
    const total = () => received.reduce((sum, { byteLength }) => sum + byteLength, 0)
    await eventually(() => total() === 16 * 1024 * KIB + 2 * KIB, { withinMs: 10_000 })
    expect(received.every((chunk) => chunk.every((byte) => byte === 'r'.charCodeAt(0)))).toBe(true)
    sockets.cut()
  })

  it('is left alone when its connection is cut', async () => {
    const sockets = new ClientSockets()
    const socket = await connected(sockets)
    const large = request(16 * 1024 * KIB)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(large as never, 'binary')
    sockets.cut()
    await closed
    expect(large.byteLength).toBe(16 * 1024 * KIB)
  })
})
