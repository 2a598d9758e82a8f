import type { Terminal } from './terminal.ts'

const EVERY_MS = 2000

/**
 * Says on standard error, no more often than every two seconds, how far long work is. Work of less
 * than two seconds says nothing.
 */
export function progressNotes(terminal: Terminal): (text: () => string) => void {
  let saidMs = performance.now()
  return (text) => {
    if (performance.now() - saidMs < EVERY_MS) return
    saidMs = performance.now()
    terminal.note(text())
  }
}
