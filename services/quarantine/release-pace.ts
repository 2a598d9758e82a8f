/** A batch of the safe producer: encoding it blocks for about 4 ms. */
const MOST_EVENTS = 200
/**
 * Often and little: whoever waits behind a step waits for some milliseconds. Twice as often cost
 * consumers and their database more than it spared others, since each step is a transaction there.
 */
const STEPS_A_SECOND = 10

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
