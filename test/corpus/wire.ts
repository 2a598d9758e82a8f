import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { RawAnswer } from './answer-stream.ts'
import { AnswerStream } from './answer-stream.ts'

/** A connection that sends exactly the bytes it is given, and takes apart what comes back. */
export class Wire {
  readonly #socket: Socket
  #stream = new AnswerStream()
  #sentAt = performance.now()
  #isClosed = false
  #wake: () => void = () => undefined

  constructor(port: number) {
    // Half-open, so that this side ends only when it is told to.
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.#socket.on('error', () => undefined)
    this.#socket.on('data', (chunk: Buffer) => {
      this.#stream.take(chunk, performance.now() - this.#sentAt)
      this.#wake()
    })
    for (const event of ['end', 'close'] as const) {
      this.#socket.on(event, () => {
        this.#isClosed = true
        this.#wake()
      })
    }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get answers(): readonly RawAnswer[] {
    return this.#stream.answers
  }

  /** From now on, answers are those of a new exchange. */
  begin(toHead: boolean): void {
    this.#stream = new AnswerStream(toHead)
  }

  /** Answers count their time from the last write. */
  write(bytes: Buffer): void {
    if (bytes.length > 0 && !this.#isClosed) this.#socket.write(bytes)
    this.#sentAt = performance.now()
  }

  /** Ends this side only. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Resolves when the condition holds, the other side has closed, or the time is over. */
  async until(isDone: () => boolean, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs
    while (!isDone() && !this.#isClosed && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now())
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
