import type { DeclaredEndpoint, Endpoints } from '../corpus/endpoints.ts'

/** What the load process is asked to do once. */
export interface MixedLoadJob {
  /** Of the ingresses. */
  readonly ports: readonly number[]
  /** Tenants of the good events; the last one is kept back until it is told of. */
  readonly tenants: readonly DeclaredEndpoint[]
  /** Endpoints that the hostile requests are about. */
  readonly hostile: Endpoints
  readonly seconds: number
  /** Requests per second. */
  readonly rate: number
  /** Part of them that comes from the corpus. */
  readonly hostileShare: number
  readonly seed: number
}

/** What it is told on the way. */
export interface MixedLoadOrder {
  /** Ids of the secrets that sign from now on. */
  readonly signWith?: readonly string[]
  /** The kept-back tenant sends too. */
  readonly includeLast?: true
}

/** A good event that was sent once. */
export interface GoodRequest {
  readonly id: string
  readonly tenantId: string
  readonly body: string
  /** 0 when there was no answer. */
  readonly status: number
  readonly code: string
  /** `topic/partition/offset` of the answer, or null. */
  readonly at: string | null
  readonly tookMs: number
}

/** A case of the corpus that was sent once. */
export interface HostileRequest {
  readonly name: string
  /** Whether it was answered as the corpus says. */
  readonly asExpected: boolean
  readonly said: string
}

export interface MixedLoadResult {
  readonly good: readonly GoodRequest[]
  readonly hostile: readonly HostileRequest[]
}
