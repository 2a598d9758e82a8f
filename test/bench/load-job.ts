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
}
