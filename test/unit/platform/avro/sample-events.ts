import { readdirSync, readFileSync } from 'node:fs'
import { parseEnvelope } from '#core/envelope.ts'
import type { Domain } from '#core/routing.ts'
import { domainOf } from '#core/routing.ts'
import type { EventToEncode } from '#platform/avro/event-encoder.ts'

const schemas = new URL('../../../../schemas/', import.meta.url)

export interface Sample {
  readonly version: string
  readonly type: string
  readonly domain: Domain
  readonly raw: Buffer
}

export const versions: readonly string[] = readdirSync(schemas).filter((name) => /^\d/.test(name))

export function schemaText(version: string, domain: Domain): string {
  return readFileSync(new URL(`${version}/${domain}.avsc`, schemas), 'utf8')
}

/** All golden samples of all versions. */
export const samples: readonly Sample[] = versions.flatMap((version) =>
  readdirSync(new URL(`${version}/samples/`, schemas)).map((file) => {
    const type = file.replace(/\.json$/, '')
    const raw = readFileSync(new URL(`${version}/samples/${file}`, schemas))
    return { version, type, domain: domainOf(type), raw }
  }),
)

/** What the ingress hands to the encoder for a body; throws when the envelope is broken. */
export function toEncode(raw: Buffer): EventToEncode {
  const parsed = parseEnvelope(JSON.parse(raw.toString()))
  if (!parsed.ok) throw new Error(`the body has no envelope: ${parsed.fault.field}`)
  const { previousAttributes } = parsed.envelope
  return {
    envelope: parsed.envelope,
    previousAttributesText: previousAttributes === null ? null : JSON.stringify(previousAttributes),
    endpointId: 'whk_01HZX',
    receivedAtMs: 1_780_000_000_000,
    staleSignature: false,
    raw,
  }
}

/** A body of the current version whose `data` is the given JSON text. */
export function bodyWith(type: string, dataText: string): Buffer {
  return Buffer.from(
    `{"id":"evt_1","type":"${type}","created":"2026-06-02T10:01:22.184Z","tenant_id":"tnt_1",` +
      `"live_mode":false,"api_version":"2026-05-19","data":${dataText},"previous_attributes":null}`,
  )
}
