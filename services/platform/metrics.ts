import { collectDefaultMetrics, Registry } from 'prom-client'

/** A registry of its own per process (and per test), with the runtime's own figures. */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}
