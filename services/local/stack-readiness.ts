import type { ReadinessCheck } from '#platform/http/management.ts'
import type { ServicePlan } from './service-children.ts'
import { readyProblem } from './service-children.ts'

const POLL_MS = 1000

/** Whether the whole stack is ready: what its services said when they were last asked. */
export class StackReadiness {
  readonly #ended: AbortSignal | undefined
  #problems: ReadonlyMap<string, string> = new Map([['stack', 'is starting']])

  /** @param ended from then on the stack is not ready any more */
  constructor(ended: AbortSignal | undefined) {
    this.#ended = ended
  }

  /** Asks these services from now on; resolves after the first answers. */
  async follow(plans: readonly ServicePlan[]): Promise<void> {
    const look = async () => {
      const answers = await Promise.all(
        plans.map(async (plan) => [plan.name, await readyProblem(plan)] as const),
      )
      this.#problems = new Map(
        answers.flatMap(([name, problem]) => (problem === null ? [] : [[name, problem]])),
      )
    }
    await look()
    setInterval(() => void look(), POLL_MS).unref()
  }

  /** The check behind `/readyz`. */
  check(): ReadinessCheck {
    return { name: 'stack', problem: () => this.#problem() }
  }

  #problem(): string | null {
    if (this.#ended?.aborted) return 'is stopping'
    const lines = [...this.#problems].map(([name, problem]) => `${name}: ${problem}`)
    return lines.length === 0 ? null : lines.join('; ')
  }
}
