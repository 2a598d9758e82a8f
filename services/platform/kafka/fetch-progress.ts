/** What a fetch brought of one partition, as far as its progress is concerned. */
export interface FetchedPart {
  readonly partition: number
  readonly fetchedOffset: bigint
  /** One after the last record that can be read. */
  readonly highWatermark: bigint
}

interface Place {
  position: bigint
  highWatermark: bigint
  /** Without a batch in hand, since the position moved last. */
  waitedMs: number
}

/**
 * Whether the fetches of a group member get anywhere (C4). Heartbeats prove that the coordinator
 * lives, not that records come: kafkajs sends them also while it fetches nothing, for instance
 * when its metadata names leaders that it does not ask.
 *
 * Only waiting is counted. While a batch is in hand kafkajs fetches nothing, and before the group
 * was joined there is nothing to fetch. All times are milliseconds of one monotonic clock.
 */
export class FetchProgress {
  readonly #limitMs: number
  readonly #places = new Map<number, Place>()
  #assigned = 0
  #inHand = 0
  #withoutFetchMs = 0
  #lastMs: number

  constructor(limitMs: number, nowMs: number) {
    this.#limitMs = limitMs
    this.#lastMs = nowMs
  }

  /** The group gave this member so many partitions; 0 while it is outside the group. */
  assigned(partitions: number, nowMs: number): void {
    this.#count(nowMs)
    this.#assigned = partitions
    this.#withoutFetchMs = 0
    this.#places.clear()
  }

  /** A broker answered a fetch, whatever it brought. */
  answered(nowMs: number): void {
    this.#count(nowMs)
    this.#withoutFetchMs = 0
  }

  /** A batch was taken in hand; each is released once. */
  taken(nowMs: number): void {
    this.#count(nowMs)
    this.#inHand += 1
  }

  released(nowMs: number): void {
    this.#count(nowMs)
    this.#inHand -= 1
  }

  /** What the batch in hand says of its partition. */
  brought({ partition, fetchedOffset, highWatermark }: FetchedPart, nowMs: number): void {
    const place = this.#places.get(partition)
    if (place === undefined) {
      this.#places.set(partition, { position: fetchedOffset, highWatermark, waitedMs: 0 })
      return
    }
    place.highWatermark = highWatermark
    this.moved(partition, fetchedOffset, nowMs)
  }

  /** What is read next of a partition. */
  moved(partition: number, position: bigint, nowMs: number): void {
    this.#count(nowMs)
    const place = this.#places.get(partition)
    if (place === undefined || place.position === position) return
    place.position = position
    place.waitedMs = 0
  }

  /** No fetch was answered for the limit, or a partition with more to read did not move. */
  standsStill(nowMs: number): boolean {
    this.#count(nowMs)
    if (this.#withoutFetchMs >= this.#limitMs) return true
    return [...this.#places.values()].some(({ waitedMs }) => waitedMs >= this.#limitMs)
  }

  /** Adds the time since the last call to whatever waited through it. */
  #count(nowMs: number): void {
    const passedMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    if (this.#assigned === 0 || this.#inHand > 0) return
    this.#withoutFetchMs += passedMs
    for (const place of this.#places.values()) {
      if (place.position < place.highWatermark) place.waitedMs += passedMs
    }
  }
}
