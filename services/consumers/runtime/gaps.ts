import type { HandledDomain } from '#core/routing.ts'
import type { Transaction } from '#platform/postgres/database.ts'
import type { Place } from './fence.ts'
import { contradictions, saysAnything, silentChanges } from './gap-comparison.ts'
import type { Announcements } from './gap-fields.ts'
import { announcementKey, announcements } from './gap-fields.ts'
import type { Neighbours, NewEvents } from './gap-neighbours.ts'
import { newNeighbours } from './gap-neighbours.ts'
import type { Gap } from './gap-table.ts'
import { closeGaps, openGaps } from './gap-table.ts'
import { parsedExactly } from './json-text.ts'

/** What new events did to the gaps of a group. */
export interface GapCount {
  readonly found: number
  readonly closed: number
}

const NONE: GapCount = { found: 0, closed: 0 }
const NOTHING_KNOWN: ReadonlySet<string> = new Set()

/** Reads each text once: what comes after one event is what was before the next. */
type Reader = (json: string) => unknown

function readerOnce(): Reader {
  const read = new Map<string, unknown>()
  return (json) => {
    const known = read.get(json)
    if (known !== undefined) return known
    const value = parsedExactly(json)
    read.set(json, value)
    return value
  }
}

/** The gap between two neighbours; null when nothing shows one. */
function gapBetween(neighbours: Neighbours, known: Announcements, read: Reader): Gap | null {
  const { update, before } = neighbours
  // Versions have words of their own for the same value; a difference between them proves nothing.
  if (update.previous === null || update.apiVersion !== before.apiVersion) return null
  const previous = read(update.previous)
  if (!saysAnything(previous)) return null
  const shown = read(before.snapshot)
  const contradicted = contradictions(previous, shown)
  const announced = known.get(announcementKey(update.resource, update.apiVersion)) ?? NOTHING_KNOWN
  const silent = silentChanges(previous, shown, read(update.snapshot), announced)
  return contradicted.length + silent.length === 0 ? null : { ...neighbours, contradicted, silent }
}

/**
 * Finds webhooks that never came. To be called in a batch's transaction, when its new events are
 * in the history.
 *
 * In the order (`created`, event id) of a resource's events, each update tells what was before it:
 * its `previous_attributes`, and for all else that the sender is known to name when it changes, its
 * own snapshot. Where the event before shows something else, a webhook between the two is missing.
 * A new event makes new neighbours, which are judged again: what came late closes its gap, so on
 * a stream without losses none stays open, in whatever order it arrives.
 *
 * Never found, since nothing that came tells of it:
 * - an event after which no update of its resource came, or one only after some event that is not
 *   an update and shows the change as well;
 * - an event that changed nothing by the time of the next update: changed back by another lost one;
 * - an event before the first one of its resource that we hold;
 * - a change between two versions, or in versions before 2026-05-19, whose updates do not tell;
 * - a change of a field that no update has named so far, when the next update does not name it
 *   either; and a new key of an object of which the next update names another key.
 *
 * Found wrongly, if the sender did what its contract does not say:
 * - begin to send a field without a new version, and name it in the next update of a resource that
 *   did not have it yet;
 * - name a field when an update changes it, but also change it with no event that shows the
 *   resource (a pass by `pass.scanned`, which shows the scan); most such gaps contradict nothing;
 * - give two events of a resource the same millisecond, and ids in another order than theirs.
 */
export async function recordGaps(
  transaction: Transaction,
  place: Place,
  domain: HandledDomain,
  newEvents: NewEvents,
): Promise<GapCount> {
  const pairs = await newNeighbours(transaction, domain, newEvents)
  if (pairs.length === 0) return NONE
  const updates = pairs.map(({ update }) => update)
  const known = await announcements(transaction, domain, updates)
  const read = readerOnce()
  const gaps: Gap[] = []
  const agreeing: Neighbours[] = []
  for (const pair of pairs) {
    const gap = gapBetween(pair, known, read)
    if (gap !== null) gaps.push(gap)
    else if (pair.updateWasHeld) agreeing.push(pair)
  }
  const found = await openGaps(transaction, place, domain, gaps)
  return { found, closed: await closeGaps(transaction, place, domain, agreeing) }
}
