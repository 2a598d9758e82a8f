/** What an answer may take (the table of threats), on a machine that has nothing else to do. */
export const QUICK_MS = 50
/** On any machine: so many times what a plain event takes just before it, which goes to Kafka and back. */
const TIMES_PLAIN = 10
const TRIES = 5

/** A case beside a plain event of the same moment. */
export interface Timed {
  readonly ownMs: number
  readonly plainMs: number
}

function isQuick({ ownMs, plainMs }: Timed): boolean {
  return ownMs <= Math.max(QUICK_MS, TIMES_PLAIN * plainMs)
}

/**
 * Whether a case is slow by its own doing: each time again, and beside what else takes its time.
 * What the machine does to one of them it does not do to all.
 */
export async function isSlow(again: () => Promise<Timed>): Promise<boolean> {
  for (let time = 0; time < TRIES; time += 1) if (isQuick(await again())) return false
  return true
}
