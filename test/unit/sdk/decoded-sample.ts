import type { TypedEvent } from '#platform/avro/event-decoder.ts'
import { compileEventDecoder } from '#platform/avro/event-decoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import type { Sample } from '../platform/avro/sample-events.ts'
import { schemaText, toEncode } from '../platform/avro/sample-events.ts'

/** A golden sample as a consumer reads it. */
export function decoded({ version, domain, raw }: Sample): TypedEvent {
  const text = schemaText(version, domain)
  const encoded = compileEventEncoder({ schemaText: text, schemaId: 1 }).encode(toEncode(raw))
  if (!encoded.ok) throw new Error(encoded.path)
  const result = compileEventDecoder({ schemaText: text }).decode(encoded.value)
  if (!result.ok) throw new Error(result.reason)
  return result.event
}
