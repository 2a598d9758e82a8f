import type { AsideEntry, ParkedTenant } from './dead-letters.ts'
import type { Cause } from './handler-failure.ts'
import type { ReleaseOptions, ReleaseStep } from './release.ts'
import { releaseAside, releaseTenant } from './release.ts'

/** What is to be released: whole queues, and events that were set aside. */
export interface ReleasePlan {
  readonly tenants: readonly ParkedTenant[]
  readonly aside: readonly AsideEntry[]
}

export interface ReleaseRun {
  readonly plan: ReleasePlan
  /** How to handle the events of a group. */
  readonly optionsOf: (groupId: string) => ReleaseOptions
  /** So many dead letters are tried one by one before the others; 0 for none. */
  readonly canary: number
  readonly stopped: AbortSignal
  readonly onProgress: (handled: number) => void
}

/** Where a release ended. */
export interface ReleaseReport {
  readonly handled: number
  /** Tenants whose queues are empty now. */
  readonly woken: number
  readonly canaryPassed: boolean
  /** Null when all went through, or somebody stopped it. */
  readonly failed: { readonly cause: Cause; readonly where: string } | null
}

/** Events of one transaction of a release. */
const STEP_EVENTS = 100

class Run {
  handled = 0
  woken = 0
  failed: ReleaseReport['failed'] = null
  readonly #run: ReleaseRun

  constructor(run: ReleaseRun) {
    this.#run = run
  }

  get over(): boolean {
    return this.failed !== null || this.#run.stopped.aborted
  }

  /** Handles events of a tenant; the number is that of one step, and with `all` steps follow. */
  async tenant(tenant: ParkedTenant, limit: number, all: boolean): Promise<void> {
    let step: ReleaseStep
    do {
      step = await releaseTenant(this.#run.optionsOf(tenant.groupId), tenant, limit)
      this.#count(step.handled)
      if (step.failed !== null) this.failed = { cause: step.failed, where: tenant.tenantId }
    } while (all && step.left > 0 && step.handled > 0 && !this.over)
    if (step.left === 0) this.woken += 1
  }

  async aside(entry: AsideEntry): Promise<void> {
    const cause = await releaseAside(this.#run.optionsOf(entry.groupId), entry)
    if (cause === null) this.#count(1)
    else this.failed = { cause, where: `${entry.topic}/${entry.partition}/${entry.offset}` }
  }

  #count(handled: number): void {
    this.handled += handled
    this.#run.onProgress(this.handled)
  }
}

/**
 * Releases in order, and stops at the first failure: what fails once fails for its neighbours too.
 *
 * @throws what makes a step worth another try (the database is away)
 */
export async function runRelease(options: ReleaseRun): Promise<ReleaseReport> {
  const { plan, canary } = options
  const run = new Run(options)
  const canaries = plan.tenants.slice(0, canary)
  const canaryAside = plan.aside.slice(0, canary - canaries.length)
  for (const tenant of canaries) if (!run.over) await run.tenant(tenant, 1, false)
  for (const entry of canaryAside) if (!run.over) await run.aside(entry)
  const canaryPassed = !run.over
  const emptied = run.woken
  run.woken = 0
  for (const tenant of plan.tenants) if (!run.over) await run.tenant(tenant, STEP_EVENTS, true)
  for (const entry of plan.aside.slice(canaryAside.length)) if (!run.over) await run.aside(entry)
  const woken = canaryPassed ? run.woken : emptied
  return { handled: run.handled, woken, canaryPassed, failed: run.failed }
}
