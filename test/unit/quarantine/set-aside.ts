import type { CatalogueEntry } from '#core/catalogue.ts'
import { parseEnvelope } from '#core/envelope.ts'
import type { ApiVersion } from '#core/ids.ts'
import { eventId } from '#core/ids.ts'
import type { QuarantineReason } from '#core/outcome.ts'
import { DOMAINS, recordName } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import { quarantineRecord } from '#ingress/records.ts'
import type { SetAsideEvent } from '#quarantine/entry.ts'
import { quarantineEntry } from '#quarantine/entry.ts'
import { schemaText } from '../platform/avro/sample-events.ts'

export const TOPIC = 'acme.sandbox.quarantine'
export const RECEIVED_MS = Date.parse('2026-05-19T10:20:00Z')

export function endpoint(tenant = 'tnt_own', liveMode = false): Endpoint {
  const secrets = [{ id: 's1', value: 'x' }]
  const value = { id: 'whk_1', tenant_id: tenant, live_mode: liveMode, secrets }
  const result = parseEndpoints([{ endpoints: [value] }])
  const found = result.ok ? result.endpoints.get('whk_1') : undefined
  if (found === undefined) throw new Error('refused')
  return found
}

/** A version with the schemas of another. */
export function catalogueEntry(
  version: string,
  state: VersionState = 'active',
  from = version,
): CatalogueEntry {
  const pairs = DOMAINS.map((domain, i) => {
    const schema = schemaText(from, domain).replaceAll(
      from.replaceAll('-', '_'),
      version.replaceAll('-', '_'),
    )
    return [domain, { subject: recordName(version, domain), schemaId: i + 1, schema }]
  })
  return { version: version as ApiVersion, state, domains: Object.fromEntries(pairs) }
}

/** A body as the sender would write it. */
export function bodyOf(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    id: 'evt_1',
    type: 'card.created',
    created: '2026-05-19T10:14:22.184Z',
    tenant_id: 'tnt_own',
    live_mode: false,
    api_version: '2026-05-19',
    data: { card: { id: 'card_1', status: 'active' } },
    previous_attributes: null,
    ...changes,
  })
}

export interface SetAsideOptions {
  readonly at?: Endpoint
  readonly signedAtSeconds?: number
  readonly offset?: bigint
}

/** What an ingress would have written, read again. */
export function setAside(
  reason: QuarantineReason,
  body: string | Buffer,
  { at = endpoint(), signedAtSeconds = RECEIVED_MS / 1000, offset = 7n }: SetAsideOptions = {},
): SetAsideEvent {
  const bytes = Buffer.from(body as string)
  const parsed = reason === 'malformed' ? null : parseEnvelope(JSON.parse(bytes.toString()))
  const envelope = parsed?.ok === true ? parsed.envelope : null
  const record = quarantineRecord(at, TOPIC, bytes, {
    reason,
    detail: 'as it was',
    id: envelope?.id ?? eventId('evt_1'),
    envelope,
    receivedAtMs: RECEIVED_MS,
    signedAt: String(signedAtSeconds),
    secretId: 's1',
  })
  const { partition, key, headers } = record
  const read = { offset, key: Buffer.from(key), value: bytes, headers, timestampMs: RECEIVED_MS }
  const entry = quarantineEntry(partition, read)
  if (entry.kind !== 'set_aside') throw new Error(entry.kind)
  return entry
}
