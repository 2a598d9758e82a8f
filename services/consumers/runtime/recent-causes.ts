const REMEMBERED_MS = 60_000
const MOST = 1000

/**
 * Causes that were met a moment ago. An event that fails like many before it is not tried again in
 * place: the rest of its batch would wait with it for nothing.
 */
export class RecentCauses {
  readonly #until = new Map<string, number>()

  isFresh(fingerprint: string, nowMs: number): boolean {
    return (this.#until.get(fingerprint) ?? 0) > nowMs
  }

  remember(fingerprint: string, nowMs: number): void {
    if (this.#until.size >= MOST) this.#until.clear()
    this.#until.set(fingerprint, nowMs + REMEMBERED_MS)
  }
}
