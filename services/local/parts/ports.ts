import { createServer } from 'node:net'
import { PartFault } from './part-fault.ts'

const loopback = '127.0.0.1'

/** Whether a server could listen on this port of the loopback address now. */
function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, loopback, () => server.close(() => resolve(true)))
  })
}

/** So many different ports that nobody listens on; all are held until all are known. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()))
  await Promise.all(servers.map(({ close }) => close()))
  return servers.map(({ port }) => port)
}

/** One port that nobody listens on. */
export async function freePort(): Promise<number> {
  const { port, close } = await listening()
  await close()
  return port
}

/**
 * @param variable the setting that moves the part to another port
 * @throws PartFault when something listens there already
 */
export async function requireFreePort(port: number, part: string, variable: string): Promise<void> {
  if (await portIsFree(port)) return
  throw new PartFault(
    `Port ${port} for ${part} is in use: stop what listens there, set ${variable} to another port, or PORTS=auto.`,
  )
}

function listening(): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, loopback, () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({ port, close: () => new Promise((closed) => server.close(() => closed())) })
    })
  })
}
