import type { Server } from 'node:http'
import type { CutCause } from './admission-metrics.ts'

/** Idle connections are closed at most this often, when there are too many. */
const CLOSE_IDLE_EVERY_MS = 1000

/**
 * A caller beyond the last place is closed at once by Node. So that the next one finds a place,
 * connections that are between two requests are closed then.
 */
export function limitConnections(
  server: Server,
  maxConnections: number,
  cut: (cause: CutCause) => void,
): void {
  server.maxConnections = maxConnections
  let lastClosing = Number.NEGATIVE_INFINITY
  server.on('drop', () => {
    cut('too_many')
    const now = performance.now()
    if (now - lastClosing < CLOSE_IDLE_EVERY_MS) return
    lastClosing = now
    server.closeIdleConnections()
  })
}
