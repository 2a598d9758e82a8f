import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** What a label says, for the document and for the test of the alerts. */
interface LabelMeaning {
  readonly about: string
  /** Every value that it can have; null where a small set is not known to the code. */
  readonly values: readonly string[] | null
}

/** The labels of a service's figures by name. One that is not among them may not be used. */
export type LabelMeanings = Readonly<Record<string, LabelMeaning>>

/** A condition of readiness, as the gauge sees it. */
interface Check {
  readonly name: string
  problem(): string | null
}

/** A registry of its own per process (and per test), with the runtime's own figures. */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Declares what `/readyz` says, as figures; asked anew at each reading. */
export function readinessGauge(registry: Registry, checks: readonly Check[]): void {
  new Gauge({
    name: 'service_readiness_problem',
    help: '1 while a condition of readiness does not hold; `/readyz` has the words.',
    labelNames: ['check'],
    registers: [registry],
    collect() {
      for (const { name, problem } of checks) this.set({ check: name }, Number(problem() !== null))
    },
  })
}
