/**
 * How an ingress is started, whoever starts it, so that it holds a full queue and no more. The young
 * generation would grow to 128 MiB; half of what it has here, and it is collected twice as often,
 * which the slowest answers show. The C library keeps what it was given back: with
 * a threshold of its own each body and record of 32 KiB and more goes back to the system at once.
 */
export const INGRESS_MEMORY = {
  NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=8',
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '32768',
} as const

/** The same for a consumer and its largest batch. */
export const CONSUMER_MEMORY = {
  NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=2',
  MALLOC_ARENA_MAX: '1',
} as const
