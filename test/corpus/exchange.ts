import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { RawAnswer } from './answer-stream.ts'
import { AnswerStream } from './answer-stream.ts'

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
const PROBE_PATH = '/in-step'
const PROBE = Buffer.from(
  `PUT ${PROBE_PATH} HTTP/1.1\r\nHost: corpus\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
)

function isProbeAnswer({ status, body }: RawAnswer): boolean {
  return status === 404 && body.includes('"not_found"')
}

/** Sends bytes over a fresh socket exactly as they are, and reads until all is said. */
export async function exchange(dispatch: Dispatch): Promise<Exchanged> {
  const { port, bytes, pieces, ending, answers: wanted, giveUpMs } = dispatch
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const stream = new AnswerStream(bytes.subarray(0, 5).toString() === 'HEAD ')
  let sentAt = performance.now()
  let isClosed = false
  let wake: () => void = () => undefined
  const changed = () => wake()
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    stream.take(chunk, performance.now() - sentAt)
    changed()
  })
  for (const event of ['end', 'close'] as const) {
    socket.on(event, () => {
      isClosed = true
      changed()
    })
  }
  const until = async (isDone: () => boolean) => {
    const deadline = performance.now() + giveUpMs
    while (!isDone() && !isClosed && performance.now() < deadline) {
      const timer = setTimeout(changed, Math.max(0, deadline - performance.now()))
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      clearTimeout(timer)
    }
  }
  let at = 0
  for (const size of pieces) {
    if (isClosed) break
    socket.write(bytes.subarray(at, at + size))
    at += size
    await pause(PIECE_PAUSE_MS)
  }
  if (!isClosed && at < bytes.byteLength) socket.write(bytes.subarray(at))
  sentAt = performance.now()
  if (ending === 'half-close') socket.end()
  if (ending === 'hang-up') {
    await pause(PIECE_PAUSE_MS)
    socket.destroy()
    return { answers: [], after: 'closed' }
  }
  await until(() => stream.answers.length >= wanted)
  const wasClosed = isClosed
  const own = stream.answers.length
  if (!wasClosed && own >= wanted && ending === null) {
    socket.write(PROBE)
    await until(() => stream.answers.length > own)
  }
  socket.destroy()
  const extra = stream.answers.slice(own)
  const isInStep = extra.length === 1 && extra.every(isProbeAnswer)
  const answers = isInStep ? stream.answers.slice(0, own) : stream.answers
  if (isInStep) return { answers, after: 'in step' }
  if (extra.length > 0) return { answers, after: 'out of step' }
  return { answers, after: isClosed ? 'closed' : 'silent' }
}
