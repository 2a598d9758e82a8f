import { setTimeout as pause } from 'node:timers/promises'
import type { RawAnswer } from './answer-stream.ts'
import { Wire } from './wire.ts'

/** What goes over one connection. */
export interface Dispatch {
  readonly port: number
  readonly bytes: Buffer
  /** Sizes of the first writes, each followed by a pause; the rest goes in one. */
  readonly pieces: readonly number[]
  readonly ending: string | null
  /** Answers after which the connection must be closed or in step. */
  readonly answers: number
  readonly giveUpMs: number
}

export interface Exchanged {
  readonly answers: readonly RawAnswer[]
  /** How the connection stood after them. */
  readonly after: 'closed' | 'in step' | 'out of step' | 'silent'
}

const PIECE_PAUSE_MS = 4
/** A request whose answer cannot be taken for any other; a connection out of step swallows it. */
const PROBE = Buffer.from(
  'PUT /in-step HTTP/1.1\r\nHost: corpus\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
)

function isProbeAnswer({ status, body }: RawAnswer): boolean {
  return status === 404 && body.includes('"not_found"')
}

async function writeInPieces(wire: Wire, { bytes, pieces }: Dispatch): Promise<void> {
  let at = 0
  for (const size of pieces) {
    wire.write(bytes.subarray(at, at + size))
    at += size
    await pause(PIECE_PAUSE_MS)
  }
  wire.write(bytes.subarray(at))
}

/** Whether the connection answers one more request, and nothing before it. */
async function probed(wire: Wire, giveUpMs: number): Promise<Exchanged> {
  const own = wire.answers.length
  wire.write(PROBE)
  await wire.until(() => wire.answers.length > own, giveUpMs)
  const extra = wire.answers.slice(own)
  const isInStep = extra.length === 1 && extra.every(isProbeAnswer)
  if (isInStep) return { answers: wire.answers.slice(0, own), after: 'in step' }
  const silence = wire.isClosed ? 'closed' : 'silent'
  return { answers: wire.answers, after: extra.length > 0 ? 'out of step' : silence }
}

/** Sends bytes over a fresh socket exactly as they are, and reads until all is said. */
export async function exchange(dispatch: Dispatch): Promise<Exchanged> {
  const { port, bytes, ending, answers: wanted, giveUpMs } = dispatch
  const wire = new Wire(port)
  wire.begin(bytes.subarray(0, 5).toString() === 'HEAD ')
  try {
    await writeInPieces(wire, dispatch)
    if (ending === 'half-close') wire.end()
    if (ending === 'hang-up') {
      await pause(PIECE_PAUSE_MS)
      return { answers: wire.answers, after: 'closed' }
    }
    // Where this side has ended, the other one has nothing to wait for either.
    const isDone = () => ending === null && wire.answers.length >= wanted
    await wire.until(isDone, giveUpMs)
    const { answers, isClosed } = wire
    const mayGoOn = !isClosed && isDone()
    if (mayGoOn) return await probed(wire, giveUpMs)
    return { answers, after: isClosed ? 'closed' : 'silent' }
  } finally {
    wire.destroy()
  }
}
