import type { TypedEvent } from '#platform/avro/event-decoder.ts'
import type { KnownEvent, KnownVersion } from '#sdk/events/known-event.ts'
import { EVENT_TYPES } from '#sdk/events/known-events.ts'
import { castEvent } from '#sdk/versions/casters.ts'
import { samples } from '../../platform/avro/sample-events.ts'
import { decoded } from '../decoded-sample.ts'

/** From one version to another one. */
export interface Direction {
  readonly from: KnownVersion
  readonly to: KnownVersion
}

export const versions = Object.keys(EVENT_TYPES).sort() as readonly KnownVersion[]

/** Every pair of versions, both ways, neighbours or not. */
export const directions: readonly Direction[] = versions.flatMap((from) =>
  versions.filter((to) => to !== from).map((to) => ({ from, to })),
)

/** Sampled events of a version, as a consumer reads them. */
export function eventsOf(version: KnownVersion): readonly (TypedEvent & KnownEvent)[] {
  return samples
    .filter((sample) => sample.version === version)
    .map((sample) => decoded(sample) as TypedEvent & KnownEvent)
}

/** Amounts of the samples are small enough for JSON numbers. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? Number(one) : one)),
  )
}

/** What the samples of a version become in another one, as the golden file holds it. */
export function goldenCasts({ from, to }: Direction): unknown {
  const casts = eventsOf(from).map((event) => {
    const { value, lost } = castEvent(event, to)
    const { resources, previousAttributes } = value
    return [event.type, plain({ lost, previousAttributes, resources })] as const
  })
  return Object.fromEntries(casts)
}

/** Where the golden file of a direction is. */
export function castsFile({ from, to }: Direction): URL {
  return new URL(`../../../vectors/casts/${from}-to-${to}.json`, import.meta.url)
}
