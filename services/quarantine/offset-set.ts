/** Offsets of a part of a partition at the price of a bit each, so that millions fit in memory. */
export class OffsetSet {
  readonly #from: bigint
  readonly #length: number
  readonly #bits: Uint8Array
  #size = 0

  /** @param to exclusive; offsets outside are not taken */
  constructor(from: bigint, to: bigint) {
    this.#from = from
    this.#length = Number(to - from)
    this.#bits = new Uint8Array(Math.ceil(this.#length / 8))
  }

  get size(): number {
    return this.#size
  }

  has(offset: bigint): boolean {
    return this.#isSet(Number(offset - this.#from))
  }

  add(offset: bigint): void {
    const at = Number(offset - this.#from)
    if (at < 0 || at >= this.#length || this.#isSet(at)) return
    const byte = Math.floor(at / 8)
    this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (at % 8))
    this.#size += 1
  }

  /** Ascending. */
  *[Symbol.iterator](): Generator<bigint> {
    for (let at = 0; at < this.#length; at += 1) {
      if (this.#isSet(at)) yield this.#from + BigInt(at)
    }
  }

  /** The greatest offset, or null when there is none. */
  last(): bigint | null {
    return this.firstOfLast(1)
  }

  /** The smallest of the `count` greatest offsets, or null when there is none. */
  firstOfLast(count: number): bigint | null {
    let found: number | null = null
    let left = count
    for (let at = this.#length - 1; at >= 0 && left > 0; at -= 1) {
      if (!this.#isSet(at)) continue
      found = at
      left -= 1
    }
    return found === null ? null : this.#from + BigInt(found)
  }

  #isSet(at: number): boolean {
    return at >= 0 && ((this.#bits[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0
  }
}
