import { setTimeout as delay } from 'node:timers/promises'
import { PartFault } from './part-fault.ts'
import type { Child } from './process.ts'

/**
 * Waits until a part answers as it should.
 * @param isReady asked again and again; a rejection counts as "not yet"
 * @throws PartFault with the end of the part's log when it ends or takes too long; it is killed then
 */
export async function waitUntilReady(
  child: Child,
  isReady: () => Promise<boolean>,
  withinMs: number,
): Promise<void> {
  const deadline = Date.now() + withinMs
  const ended = child.exited.then(() => 'ended' as const)
  while (Date.now() < deadline) {
    const answer = await Promise.race([isReady().catch(() => false), ended])
    if (answer === true) return
    if (answer === 'ended')
      throw new PartFault(withLog(child, `${child.name} ended while starting`))
    await Promise.race([delay(50), ended])
  }
  await child.kill()
  throw new PartFault(withLog(child, `${child.name} was not ready within ${withinMs / 1000} s`))
}

/** A sentence about a part, with the end of its log below. */
export function withLog(child: Child, sentence: string): string {
  return `${sentence}; the end of ${child.logFile}:\n${child.tail()}`
}
