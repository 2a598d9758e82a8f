import type { Child, ChildExit } from './parts/process.ts'

/** A child that ended though nobody had asked it to. */
export interface Death {
  readonly child: Child
  readonly exit: ChildExit
}

/**
 * In what order children end, those of one step side by side: nothing new comes in first, then
 * what came in is finished, and what both stand on goes last.
 */
export function stopSteps<Named extends { readonly name: string }>(
  children: readonly Named[],
): readonly (readonly Named[])[] {
  const stepOf = ({ name }: Named) =>
    name === 'ingress' ? 0 : name.startsWith('consumer-') ? 1 : 2
  return [0, 1, 2].map((step) => children.filter((child) => stepOf(child) === step))
}

/** All child processes of a launcher. */
export class Children {
  readonly #running = new Map<number, Child>()
  readonly #starts = new Set<Promise<Child>>()
  #ending = false
  #report: (death: Death) => void = () => {}
  /** The first one that ended by itself after its start had succeeded. */
  readonly firstDeath: Promise<Death>

  constructor() {
    this.firstDeath = new Promise((resolve) => {
      this.#report = resolve
    })
  }

  /** Takes a child that was just started; one that comes while all end is ended too. */
  add(child: Child): void {
    this.#running.set(child.pid, child)
    void child.exited.then(() => this.#running.delete(child.pid))
    if (this.#ending) void child.kill()
  }

  /** A start under way: once it has succeeded, its child must not end by itself any more. */
  async starting<Started extends Child>(start: Promise<Started>): Promise<Started> {
    this.#starts.add(start)
    try {
      const child = await start
      void child.exited.then((exit) => {
        if (!this.#ending) this.#report({ child, exit })
      })
      return child
    } finally {
      this.#starts.delete(start)
    }
  }

  /** Pids by name, in the order of their start. */
  pids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#running.values()].map(({ name, pid }) => [name, pid]))
  }

  /**
   * Stops all in order, and waits until starts under way have cleared up after themselves. What
   * is left after this many milliseconds is killed.
   */
  async stop(withinMs: number): Promise<void> {
    this.#ending = true
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => void this.kill().then(resolve), withinMs)
    })
    await Promise.race([this.#stopAll(), late])
    clearTimeout(timer)
  }

  /** SIGKILL for all, at once. */
  async kill(): Promise<void> {
    this.#ending = true
    await Promise.all([...this.#running.values()].map((child) => child.kill()))
  }

  async #stopAll(): Promise<void> {
    for (const step of stopSteps([...this.#running.values()])) {
      await Promise.all(step.map((child) => child.stop()))
    }
    await Promise.allSettled(this.#starts)
  }
}
