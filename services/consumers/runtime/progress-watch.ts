export interface ProgressWatchOptions {
  /** Null while all is well, otherwise what stands still, in words. */
  readonly stalled: () => string | null
  readonly everyMs: number
  /** Called once. */
  readonly onStalled: (problem: string) => void
}

/**
 * Looks again and again whether work stands still. Everything that a batch waits for has an end or
 * a step; what has neither is a fault of ours that only a new process cures.
 *
 * @returns ends the watch
 */
export function watchProgress({ stalled, everyMs, onStalled }: ProgressWatchOptions): () => void {
  const timer = setInterval(() => {
    const problem = stalled()
    if (problem === null) return
    clearInterval(timer)
    onStalled(problem)
  }, everyMs)
  return () => clearInterval(timer)
}
