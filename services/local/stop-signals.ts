/** Ctrl-C, a polite end, and a terminal that was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** npm passes a Ctrl-C on although the terminal has sent it here as well: both are one request. */
const SAME_REQUEST_MS = 300

/** When this process is asked to stop. */
export interface StopRequests {
  readonly first: Promise<void>
  /** Somebody has lost patience. */
  readonly second: Promise<void>
}

/** Counts requests; those that come together are one. */
export function stopRequests(now: () => number) {
  const asked: (() => void)[] = []
  const promised = () => new Promise<void>((resolve) => asked.push(resolve))
  const requests: StopRequests = { first: promised(), second: promised() }
  let last = Number.NEGATIVE_INFINITY
  const ask = () => {
    if (now() - last >= SAME_REQUEST_MS) asked.shift()?.()
    last = now()
  }
  return { requests, ask }
}

/** Takes over the signals that end a process. */
export function onStopSignals(): StopRequests {
  const { requests, ask } = stopRequests(() => performance.now())
  for (const signal of SIGNALS) process.on(signal, ask)
  return requests
}
