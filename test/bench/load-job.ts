/** A signer's endpoint. */
export interface BenchEndpoint {
  readonly id: string
  readonly tenantId: string
  readonly secret: string
}

/** What a load process is asked to do once. */
export interface LoadJob {
  readonly port: number
  readonly endpoints: readonly BenchEndpoint[]
  readonly seconds: number
  /** Requests in flight at most, one a connection. */
  readonly connections: number
  /** Requests per second, or null for as many as the server takes. */
  readonly rate: number | null
  /** Requests made beforehand; they are not repeated, so it ends early when all are sent. */
  readonly requests: number
  /** Bytes that make an event longer; about the size of a usual one when missing. */
  readonly padding?: number
  /** Sends only in every other stretch of so many milliseconds since the epoch. */
  readonly pulseMs?: number
  /** Whether every answer is told of, not only how they were distributed. */
  readonly isTold?: boolean
}

/** What came of it. */
export interface LoadResult {
  readonly answered: number
  /** Other than 2xx, and broken connections. */
  readonly failed: number
  readonly seconds: number
  /** Milliseconds from the request to its answer; the middle one. */
  readonly p50: number
  readonly p99: number
  /** Of every good answer, when its request was sent (since the epoch) and how long it took, in ms. */
  readonly answers: readonly (readonly [sentAt: number, tookMs: number])[]
}
