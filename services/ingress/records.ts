import type { OutgoingRecord } from '#core/commit.ts'
import type { Envelope } from '#core/envelope.ts'
import type { EventId } from '#core/ids.ts'
import type { QuarantineReason } from '#core/outcome.ts'
import { traceContextOf } from '#platform/traces.ts'
import type { Endpoint } from './endpoints.ts'

/** The header as it may travel, or null: only what a W3C trace context can be. */
export function traceparentOf(value: string | undefined): string | null {
  return value !== undefined && traceContextOf(value) !== null ? value : null
}

/** The record of an event for its domain topic, with the headers of the CloudEvents binding. */
export function eventRecord(
  endpoint: Pick<Endpoint, 'tenantId' | 'partition' | 'source'>,
  envelope: Envelope,
  topic: string,
  value: Uint8Array,
  traceparent: string | null,
): OutgoingRecord {
  const headers = {
    ce_id: envelope.id,
    ce_type: envelope.type,
    ce_source: endpoint.source,
    ce_specversion: '1.0',
  }
  return {
    topic,
    partition: endpoint.partition,
    key: endpoint.tenantId,
    value,
    headers: traceparent === null ? headers : { ...headers, traceparent },
  }
}

/** What is known of an event that is set aside. */
export interface QuarantineFacts {
  readonly reason: QuarantineReason
  /** A field or a rule of ours, never what was sent. */
  readonly detail: string
  readonly id: EventId | null
  readonly envelope: Envelope | null
  readonly receivedAtMs: number
  /** Unix seconds of the signature, as sent. */
  readonly signedAt: string
  readonly secretId: string
}

/**
 * The record of an event that is set aside: its value is the body exactly as signed, its key the
 * tenant of the endpoint (not of the body), and its headers tell what a release needs.
 */
export function quarantineRecord(
  endpoint: Endpoint,
  topic: string,
  body: Uint8Array,
  facts: QuarantineFacts,
): OutgoingRecord {
  const { reason, detail, id, envelope, receivedAtMs, signedAt, secretId } = facts
  return {
    topic,
    partition: endpoint.partition,
    key: endpoint.tenantId,
    value: body,
    headers: {
      reason,
      detail,
      endpoint_id: endpoint.id,
      received_at: String(receivedAtMs),
      signed_at: signedAt,
      secret_id: secretId,
      ...(id === null ? {} : { ce_id: id }),
      ...(envelope === null ? {} : { ce_type: envelope.type, api_version: envelope.apiVersion }),
    },
  }
}
