import { Type } from 'typebox'
import type { Settings } from './config/settings.ts'
import { optional, setting } from './config/settings.ts'
import type { Logger } from './log.ts'
import type { Tracing } from './traces.ts'

/** Where traces go, and how many begin here. */
export const TRACE_SETTINGS = {
  tracesEndpoint: optional(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    Type.String({ pattern: '^https?://' }),
    'Base URL of an OpenTelemetry collector; traces go to its /v1/traces, as OTLP in JSON. Without it no trace is made.',
    'http://otel-collector:4318',
  ),
  traceSampleRatio: setting(
    'TRACE_SAMPLE_RATIO',
    Type.Number({ minimum: 0, maximum: 1 }),
    1,
    'Part of the traces that is kept, 0 to 1. A caller\u2019s traceparent is linked and decides nothing; a consumer\u2019s span follows those of the ingress.',
    '0.1',
  ),
} as const

/** Where a collector takes traces. */
export function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`
}

/**
 * Traces for a service, or null when no collector is configured: then nothing of OpenTelemetry's is
 * loaded.
 */
export async function startTracing(
  { tracesEndpoint, traceSampleRatio }: Settings<typeof TRACE_SETTINGS>,
  service: string,
  log: Logger,
): Promise<Tracing | null> {
  if (tracesEndpoint === null) return null
  const { OtlpTracing } = await import('./traces-otlp.ts')
  const url = tracesUrl(tracesEndpoint as string)
  return new OtlpTracing({ url, sampleRatio: traceSampleRatio, service, log })
}
