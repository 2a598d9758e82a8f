/** What a step found out, as the report tells it. */
export type Findings = Readonly<Record<string, string | number>>

export interface Step {
  readonly name: string
  readonly seconds: number
  readonly findings: Findings
  /** Null when all that it asserts held. */
  readonly fault: string | null
}

/** An assertion of a step does not hold. */
class StepFault extends Error {
  override readonly name = 'StepFault'
}

/** @throws StepFault when the claim is false */
export function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new StepFault(otherwise)
}

function shown(findings: Findings): string {
  return Object.entries(findings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\n${messageOf(error.cause)}`
  const text = error instanceof StepFault ? error.message : (error.stack ?? error.message)
  return `${text}${cause}`
}

/** Runs steps one after another, and prints what came of each. */
export class Proceedings {
  readonly steps: Step[] = []
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /**
   * @param name what holds when the step passes
   * @returns whether it did; a step that fails does not end the suite
   */
  async step(name: string, work: () => Promise<Findings>): Promise<boolean> {
    this.#print(`     ${name} …`)
    const begun = performance.now()
    const seconds = () => Math.round((performance.now() - begun) / 100) / 10
    try {
      const findings = await work()
      this.steps.push({ name, seconds: seconds(), findings, fault: null })
      this.#print(`ok   ${name} (${seconds()} s): ${shown(findings)}`)
      return true
    } catch (error) {
      const fault = messageOf(error)
      this.steps.push({ name, seconds: seconds(), findings: {}, fault })
      this.#print(`FAIL ${name} (${seconds()} s)\n${fault.replaceAll(/^/gm, '       ')}`)
      return false
    }
  }

  get failed(): number {
    return this.steps.filter(({ fault }) => fault !== null).length
  }

  /** The line that CI counts. */
  summary(): string {
    return `${this.steps.length - this.failed} passed, ${this.failed} failed`
  }
}
