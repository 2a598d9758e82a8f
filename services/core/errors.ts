/**
 * The one catalogue of what the ingress refuses. Codes are stable and never reused. The sender
 * destroys an event on any 4xx but 408, 409, 425 and 429, so a final status stands only where the
 * caller is not proven to be the sender, or the bytes were set aside first (`responses.md`).
 */

/** Whose fault it is: the caller's request, the event itself, or our environment. */
export type Fault = 'caller' | 'event' | 'environment'

export interface ErrorEntry {
  readonly status: number
  readonly type: string
  readonly fault: Fault
  /** Never repeats input. */
  readonly message: string
  /** Worth waking somebody: our configuration or code is at fault. */
  readonly alarm?: true
}

export const ERRORS = {
  malformed_header: {
    status: 400,
    type: 'invalid_signature',
    fault: 'caller',
    message: 'The signature header is missing or not of the form t=<unix seconds>,v1=<hex>.',
  },
  invalid_signature: {
    status: 400,
    type: 'invalid_signature',
    fault: 'caller',
    message: 'No signature matches a secret of this endpoint.',
  },
  timestamp_out_of_tolerance: {
    status: 425,
    type: 'invalid_signature',
    fault: 'caller',
    message: 'The time of the signature is outside the tolerance. Sign anew and send again.',
  },
  unknown_endpoint: {
    status: 404,
    type: 'not_found',
    fault: 'caller',
    message: 'There is no such endpoint.',
  },
  endpoint_unseen: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This endpoint is not known yet. Send again later.',
  },
  endpoint_disabled: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This endpoint is disabled by its operator. Send again later.',
  },
  endpoint_removed: {
    status: 410,
    type: 'not_found',
    fault: 'caller',
    message: 'This endpoint was removed for good.',
  },
  endpoints_not_loaded: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The endpoints are not loaded yet. Send again later.',
    alarm: true,
  },
  endpoints_uncertain: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The endpoints cannot be read anew, so this cannot be decided. Send again later.',
    alarm: true,
  },
  endpoint_vanished: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This endpoint was here and is not there now. Send again later.',
    alarm: true,
  },
  expired_secret: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The signature is of a secret that has expired here. Send again later.',
    alarm: true,
  },
  no_usable_secret: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This endpoint has no usable secret. Send again later.',
    alarm: true,
  },
  body_too_large: {
    status: 413,
    type: 'invalid_parameter',
    fault: 'caller',
    message: 'The body is larger than this ingress accepts.',
    alarm: true,
  },
  tenant_mismatch: {
    status: 403,
    type: 'forbidden',
    fault: 'event',
    message: 'The event belongs to another tenant than this endpoint. It was set aside.',
    alarm: true,
  },
  mode_mismatch: {
    status: 403,
    type: 'forbidden',
    fault: 'event',
    message: 'The event belongs to another mode than this endpoint. It was set aside.',
    alarm: true,
  },
  synchronous_call: {
    status: 501,
    type: 'not_implemented',
    fault: 'caller',
    message:
      'Synchronous authorization requests are no events, and this endpoint names no service that decides.',
  },
  call_mismatch: {
    status: 403,
    type: 'forbidden',
    fault: 'caller',
    message: 'The call names another tenant or mode than this endpoint. It was not passed on.',
    alarm: true,
  },
  decision_unavailable: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The decision service gave no answer in time. Send again while it still matters.',
    alarm: true,
  },
  tenant_limit: {
    status: 429,
    type: 'rate_limited',
    fault: 'caller',
    message: 'This tenant sends more than its share. Send again later.',
  },
  overloaded: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This ingress has too much to do. Send again later.',
  },
  queue_full: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'Too many events are waiting. Send again later.',
  },
  draining: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This ingress is stopping. Send again.',
  },
  not_durable: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The event could not be made durable in time. Send again later.',
  },
  broker_refused: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The event could not be stored. Send again later.',
    alarm: true,
  },
  quarantine_unavailable: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The event could not be set aside in time. Send again later.',
  },
  catalogue_unavailable: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'The catalogue of API versions is not up to date here. Send again later.',
  },
  version_draining: {
    status: 503,
    type: 'unavailable',
    fault: 'environment',
    message: 'This API version is being released. Send again in a few seconds.',
  },
  not_found: {
    status: 404,
    type: 'not_found',
    fault: 'caller',
    message: 'There is nothing here. Webhooks go to POST /v1/hooks/{endpoint_id}.',
  },
  method_not_allowed: {
    status: 405,
    type: 'not_found',
    fault: 'caller',
    message: 'Only POST is answered here.',
  },
  bad_request: {
    status: 400,
    type: 'invalid_parameter',
    fault: 'caller',
    message: 'The request is not well-formed HTTP.',
  },
  headers_too_large: {
    status: 431,
    type: 'invalid_parameter',
    fault: 'caller',
    message: 'The headers are larger than this ingress accepts.',
  },
  request_timeout: {
    status: 408,
    type: 'unavailable',
    fault: 'caller',
    message: 'The request did not arrive in time. Send again.',
  },
  internal: {
    status: 500,
    type: 'internal',
    fault: 'environment',
    message: 'An unexpected error. Send again later.',
    alarm: true,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>

export type ErrorCode = keyof typeof ERRORS

/** Whether the sender destroys the event on this status (contract, section 3.1). */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status)
}

/** The entry of a code, with its optional parts visible. */
export function errorEntry(code: ErrorCode): ErrorEntry {
  return ERRORS[code]
}
