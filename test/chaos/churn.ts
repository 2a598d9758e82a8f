import type { Child } from '#local/parts/process.ts'
import type { Stand } from './stand.ts'

const ACTIONS = ['join', 'kill', 'stop', 'freeze'] as const
export type Action = (typeof ACTIONS)[number]

/** What was done to whom, seconds after the beginning. */
export interface Fault {
  readonly at: number
  readonly action: Action | 'thaw' | 'left'
  readonly member: string
}

/** Beyond the 10 s after which the group goes on without a silent member. */
const FROZEN_MS = 13_000
const FEWEST = 1
const MOST = 4

interface Member {
  readonly child: Child
  frozen: boolean
}

/** Members of a group that come and go: killed, stopped, frozen beyond their session, joined. */
export class Churn {
  readonly happened: Fault[] = []
  readonly #stand: Stand
  readonly #random: () => number
  readonly #members = new Set<Member>()
  readonly #thaws = new Set<Promise<void>>()
  readonly #begun = performance.now()

  constructor(stand: Stand, random: () => number) {
    this.#stand = stand
    this.#random = random
  }

  /** Members that left by themselves; somebody must have crashed. */
  get crashes(): number {
    return this.happened.filter(({ action }) => action === 'left').length
  }

  async join(): Promise<void> {
    const child = await this.#stand.startConsumer()
    const member = { child, frozen: false }
    this.#members.add(member)
    this.#note('join', child)
    void child.exited.then(() => {
      if (this.#members.delete(member)) this.#note('left', child)
    })
  }

  /** One fault, by chance. */
  async step(): Promise<void> {
    const active = [...this.#members].filter(({ frozen }) => !frozen)
    const action = this.#actionFor(active.length)
    const member = active[Math.floor(this.#random() * active.length)]
    if (action === 'join' || member === undefined) await this.join()
    else if (action === 'freeze') this.#freeze(member)
    else this.#remove(member, action)
  }

  /** Resolves when nobody is frozen any more. */
  async calm(): Promise<void> {
    await Promise.all(this.#thaws)
  }

  /** Who leaves from now on is none of ours. */
  end(): void {
    this.#members.clear()
  }

  #actionFor(active: number): Action {
    const drawn = ACTIONS[Math.floor(this.#random() * ACTIONS.length)] ?? 'join'
    if (active <= FEWEST) return 'join'
    if (active >= MOST && drawn === 'join') return 'kill'
    return drawn
  }

  #remove(member: Member, action: 'kill' | 'stop'): void {
    this.#members.delete(member)
    this.#note(action, member.child)
    void member.child[action]()
  }

  #freeze(member: Member): void {
    member.frozen = true
    this.#note('freeze', member.child)
    process.kill(member.child.pid, 'SIGSTOP')
    const thaw = new Promise<void>((resolve) => {
      setTimeout(() => {
        member.frozen = false
        this.#note('thaw', member.child)
        process.kill(member.child.pid, 'SIGCONT')
        resolve()
      }, FROZEN_MS)
    })
    this.#thaws.add(thaw)
    void thaw.then(() => this.#thaws.delete(thaw))
  }

  #note(action: Fault['action'], { name }: Child): void {
    const at = Math.round((performance.now() - this.#begun) / 100) / 10
    this.happened.push({ at, action, member: name })
  }
}
