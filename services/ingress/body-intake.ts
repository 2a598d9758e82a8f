import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '#core/errors.ts'
import { giveBack } from '#platform/spent-bytes.ts'
import type { Limit } from './pressure.ts'

/** A body that was not taken. */
export interface BodyRefusal {
  readonly code: Extract<ErrorCode, 'body_too_large' | 'overloaded' | 'request_timeout'>
  readonly limit: Limit | null
}

export interface IntakeLimits {
  /** Of one body. */
  readonly bodyBytes: number
  /** Of all bodies that are being received. */
  readonly budgetBytes: number
}

/** Reserved before the first byte, and again whenever it is used up. Most events are smaller. */
const STEP_BYTES = 16 * 1024
/** Chunks below this are copied together, since one of a single byte costs a hundred as an object. */
const SMALL_BYTES = 1024
const LEAST_ROOM_BYTES = 256
/** Whoever takes longer than this gives way when the budget is used up. */
const SLOW_MS = 1000
const EMPTY = Buffer.alloc(0)
const TOO_LARGE: BodyRefusal = { code: 'body_too_large', limit: null }
const NO_ROOM: BodyRefusal = { code: 'overloaded', limit: 'body_bytes' }
const TOO_SLOW: BodyRefusal = { code: 'overloaded', limit: 'slow_body' }
const BROKEN_OFF: BodyRefusal = { code: 'request_timeout', limit: null }

/** Bytes that a request says it will send; null when it sends them in chunks. */
function declaredBytes({ headers }: IncomingMessage): number | null {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  return headers['transfer-encoding'] === undefined ? 0 : null
}

/** What has come of a body: as it came, small chunks copied together. */
class Pieces {
  readonly #pieces: Buffer[] = []
  /** Room for small chunks, of which so much is used. */
  #room: Buffer = EMPTY
  #used = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  add(chunk: Buffer): void {
    // The parser's chunks are copies of their own; most bodies are one chunk and stay as they are.
    if (chunk.byteLength >= SMALL_BYTES || this.#length === 0) {
      this.#closeRoom()
      this.#pieces.push(chunk)
    } else {
      this.#collect(chunk)
    }
    this.#length += chunk.byteLength
  }

  /** In one buffer of exactly its size. */
  whole(): Buffer {
    this.#closeRoom()
    const [only = EMPTY] = this.#pieces
    if (this.#pieces.length <= 1) return only
    const whole = Buffer.allocUnsafeSlow(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      at += piece.copy(whole, at)
      giveBack(piece)
    }
    return whole
  }

  giveBack(): void {
    for (const piece of this.#pieces) giveBack(piece)
  }

  #collect(chunk: Buffer): void {
    if (this.#used + chunk.byteLength > this.#room.byteLength) {
      const bytes = Math.min(STEP_BYTES, Math.max(LEAST_ROOM_BYTES, 2 * this.#room.byteLength))
      this.#closeRoom()
      this.#room = Buffer.allocUnsafeSlow(Math.max(bytes, chunk.byteLength))
    }
    chunk.copy(this.#room, this.#used)
    this.#used += chunk.byteLength
  }

  #closeRoom(): void {
    if (this.#used > 0) this.#pieces.push(this.#room.subarray(0, this.#used))
    this.#room = EMPTY
    this.#used = 0
  }
}

/** One body on its way. */
class Body {
  readonly since: number
  /** Most that it can come to. */
  readonly #most: number
  readonly #reserve: (bytes: number, of: Body) => boolean
  readonly #ended: (of: Body, result: Buffer | BodyRefusal) => void
  reserved: number
  #pieces = new Pieces()

  constructor(
    most: number,
    since: number,
    reserve: (bytes: number, of: Body) => boolean,
    ended: (of: Body, result: Buffer | BodyRefusal) => void,
  ) {
    this.#most = most
    this.since = since
    this.#reserve = reserve
    this.#ended = ended
    this.reserved = Math.min(STEP_BYTES, most)
  }

  readonly take = (chunk: Buffer): void => {
    const length = this.#pieces.length + chunk.byteLength
    if (length > this.#most) this.end(TOO_LARGE)
    else if (length > this.reserved && !this.#grow(length)) this.end(NO_ROOM)
    else this.#pieces.add(chunk)
  }

  readonly whole = (): void => {
    this.end(this.#pieces.whole())
  }

  readonly brokenOff = (): void => {
    this.end(BROKEN_OFF)
  }

  end(result: Buffer | BodyRefusal): void {
    if (!Buffer.isBuffer(result)) this.#pieces.giveBack()
    // A listener of the request lives on, and with it this object.
    this.#pieces = new Pieces()
    this.#ended(this, result)
  }

  #grow(length: number): boolean {
    const steps = Math.ceil(length / STEP_BYTES)
    const bytes = Math.min(this.#most, steps * STEP_BYTES) - this.reserved
    if (!this.#reserve(bytes, this)) return false
    this.reserved += bytes
    return true
  }
}

/**
 * Receives bodies within one budget of bytes. A claimed length costs nothing but a first step, or
 * 64 callers could use up the budget by claiming; what came is what counts. When it is used up,
 * the body that has been coming longest gives way if it is slow, else the new one is refused.
 */
export class BodyIntake {
  readonly #limits: IntakeLimits
  readonly #now: () => number
  /** Oldest first. */
  readonly #coming = new Set<Body>()
  #reserved = 0

  /** @param now milliseconds of a clock that never goes back */
  constructor(limits: IntakeLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Bodies that are being received. */
  get bodies(): number {
    return this.#coming.size
  }

  /** Bytes reserved for them. */
  get bytes(): number {
    return this.#reserved
  }

  /** Receives the body of a request; calls back once, with the body or with why not. */
  receive(request: IncomingMessage, done: (result: Buffer | BodyRefusal) => void): void {
    const { bodyBytes } = this.#limits
    const declared = declaredBytes(request)
    if (declared !== null && declared > bodyBytes) {
      done(TOO_LARGE)
      return
    }
    const reserve = (bytes: number, of: Body) => this.#reserve(bytes, of)
    const body = new Body(declared ?? bodyBytes, this.#now(), reserve, (of, result) => {
      if (!this.#coming.delete(of)) return
      this.#reserved -= of.reserved
      request.off('data', of.take).off('end', of.whole)
      done(result)
    })
    if (!this.#reserve(body.reserved, null)) {
      done(NO_ROOM)
      return
    }
    this.#coming.add(body)
    // A listener stays behind: an error that nobody hears would end the process.
    request.on('error', body.brokenOff).on('data', body.take).on('end', body.whole)
  }

  #reserve(bytes: number, of: Body | null): boolean {
    while (this.#reserved + bytes > this.#limits.budgetBytes) {
      const [oldest] = this.#coming
      if (oldest === undefined || oldest === of) return false
      if (this.#now() - oldest.since < SLOW_MS) return false
      oldest.end(TOO_SLOW)
    }
    this.#reserved += bytes
    return true
  }
}
