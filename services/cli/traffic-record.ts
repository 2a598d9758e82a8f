import { readEventBody } from '#ingress/event-body.ts'
import { verifiedBefore } from '#ingress/signature.ts'
import { rawCandidates } from '#platform/avro/raw-tail.ts'
import type { LogStretch, StretchRecord } from '#platform/kafka/log-stretch.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import { placeText } from '#quarantine/entry.ts'
import type { TrafficEvent } from '#registrar/rehearsal.ts'

type Read = Pick<TrafficEvent, 'envelope' | 'previousAttributesText' | 'raw'>

/** As the ingress reads it; what lies on a topic was verified when it came. */
function readBody(raw: Buffer, maxDepth: number): Read | null {
  const body = readEventBody(verifiedBefore(raw), maxDepth)
  if (!body.ok) return null
  const { envelope, previousAttributesText } = body
  return { envelope, previousAttributesText, raw }
}

/** The event of a record of a domain topic, whatever its schema is; null when it is none of ours. */
export function eventOfRecord(
  { topic, partition }: LogStretch,
  { offset, value, timestampMs }: StretchRecord,
  maxDepth: number,
): TrafficEvent | null {
  if (value === null) return null
  const at = placeText({ topic, partition, offset: offset.toString() })
  for (const candidate of rawCandidates(value)) {
    const read = readBody(candidate, maxDepth)
    if (read !== null) return { ...read, at, timeMs: timestampMs, isSetAside: false }
  }
  return null
}

/** The event of a record of the quarantine; null when it cannot be read now either. */
export function eventSetAside(
  topic: string,
  { partition, offset, body, receivedAtMs }: SetAsideEvent,
  maxDepth: number,
): TrafficEvent | null {
  const read = readBody(body, maxDepth)
  if (read === null) return null
  const at = placeText({ topic, partition, offset: offset.toString() })
  return { ...read, at, timeMs: receivedAtMs, isSetAside: true }
}
