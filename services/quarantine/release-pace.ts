/** A batch of the safe producer: encoding it blocks for about 4 ms. */
const MOST_EVENTS = 200
/**
 * Often and little: consumers and their database work on the events of a step all at once, and
 * whoever waits behind that should wait for some milliseconds.
 */
const STEPS_A_SECOND = 20

/**
 * Events of one step of a release.
 *
 * @param rate events a second, or null for as fast as it goes
 */
export function stepLength(rate: number | null): number {
  if (rate === null) return MOST_EVENTS
  return Math.max(1, Math.min(MOST_EVENTS, Math.floor(rate / STEPS_A_SECOND)))
}

/**
 * How long a release rests after a step: until it is within its rate, and as long as the step took.
 * What takes long takes it from others, so a release has half of the time at most.
 */
export function restMs(tookMs: number, done: number, elapsedMs: number, rate: number): number {
  return Math.max(tookMs, pauseMs(done, elapsedMs, rate))
}

/** How long to wait so that what was done does not exceed the rate. */
export function pauseMs(done: number, elapsedMs: number, rate: number): number {
  return Math.max(0, (done / rate) * 1000 - elapsedMs)
}
