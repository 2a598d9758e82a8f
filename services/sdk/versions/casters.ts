import type { KnownEvent, KnownVersion } from '../events/known-event.ts'
import { card as cardUntil20260201 } from './2026-02-01.ts'
import {
  card as cardUntil20260519,
  pass as passUntil20260519,
  settlement as settlementUntil20260519,
} from './2026-05-19.ts'
import type { Cast, Step } from './step.ts'

type Fields = Readonly<Record<string, unknown>>
/** A step without its types: the tables below are checked where they are written. */
type LooseStep = Step<never, Fields>

/** What changed when a version came, by resource; a resource that is missing reads the same. */
interface VersionStep {
  readonly since: KnownVersion
  readonly bringsPreviousAttributes: boolean
  readonly resources: Readonly<Record<string, LooseStep>>
}

/** Neighbouring versions, oldest first: the one place that knows how they differ. */
const STEPS: readonly VersionStep[] = [
  {
    since: '2026-02-01',
    bringsPreviousAttributes: false,
    resources: { ...cardUntil20260201 } as Readonly<Record<string, LooseStep>>,
  },
  {
    since: '2026-05-19',
    bringsPreviousAttributes: true,
    resources: {
      ...cardUntil20260519,
      ...passUntil20260519,
      ...settlementUntil20260519,
    } as unknown as Readonly<Record<string, LooseStep>>,
  },
]

interface Passage {
  readonly step: VersionStep
  readonly isUp: boolean
}

/** The steps between two versions, in the order in which they are taken. */
function passages(from: string, to: string): readonly Passage[] {
  const between = STEPS.filter(({ since }) => {
    return from < to ? from < since && since <= to : to < since && since <= from
  })
  return from < to
    ? between.map((step) => ({ step, isUp: true }))
    : between.toReversed().map((step) => ({ step, isUp: false }))
}

/**
 * A resource as one version says it, in the words of another one. A version that came after these
 * steps reads like the newest of them.
 *
 * @param name the resource's key under `data`
 */
export function castResource(
  name: string,
  resource: Fields,
  from: string,
  to: string,
): Cast<Fields> {
  let value = resource
  const lost: string[] = []
  for (const { step, isUp } of passages(from, to)) {
    const own = Object.hasOwn(step.resources, name) ? step.resources[name] : undefined
    if (own === undefined) continue
    const cast = isUp ? own.up(value as never) : own.down(value)
    value = cast.value
    lost.push(...cast.lost)
  }
  return { value, lost: lost.map((path) => `${name}.${path}`) }
}

/** The event of a version that is of the same type. */
type Counterpart<Event extends KnownEvent, To extends KnownVersion> = Extract<
  KnownEvent<To>,
  { readonly type: Event['type'] }
>

/**
 * An event in the words of another version: its resources, its `apiVersion` and its
 * `previousAttributes`. `raw` stays as signed. What the other version cannot say is in `lost`.
 */
export function castEvent<Event extends KnownEvent, To extends KnownVersion>(
  event: Event,
  to: To,
): Cast<Counterpart<Event, To>> {
  const { apiVersion: from } = event
  const casts = Object.entries<Fields | null>({ ...event.resources } as never).map(
    ([name, resource]) => {
      const cast =
        resource === null
          ? { value: null, lost: [] }
          : castResource(name, resource as Fields, from, to)
      return [name, cast] as const
    },
  )
  const drops = passages(from, to).some(({ step, isUp }) => !isUp && step.bringsPreviousAttributes)
  const isLost = drops && event.previousAttributes !== null
  const value = {
    ...event,
    apiVersion: to,
    previousAttributes: drops ? null : event.previousAttributes,
    resources: Object.fromEntries(casts.map(([name, cast]) => [name, cast.value])),
  }
  return {
    value: value as unknown as Counterpart<Event, To>,
    lost: [...(isLost ? ['previous_attributes'] : []), ...casts.flatMap(([, cast]) => cast.lost)],
  }
}
