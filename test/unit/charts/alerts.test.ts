import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { consumerMetrics } from '#consumers/runtime/metrics.ts'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly summary: string; readonly description: string }
}

const file = new URL('../../../charts/event-router/alerts/consumers.yaml', import.meta.url)
const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)

const registry = new Registry()
consumerMetrics(registry)
const known = new Map(registry.getMetricsAsArray().map((metric) => [metric.name, metric]))

describe('the alerts of the consumers', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s: asks for metrics and labels that exist',
    (_name, { expr }) => {
      const names = expr.match(/\bconsumer_[a-z_]+/g) ?? []
      expect(names.length).toBeGreaterThan(0)
      for (const name of names) {
        const metric = known.get(name) as { labelNames?: readonly string[] } | undefined
        expect([name, metric !== undefined]).toEqual([name, true])
        const labels = [...expr.matchAll(/by \(([a-z_, ]+)\)|\{([a-z_]+)[=!]/g)]
        const asked = labels.flatMap(([, by, match]) => (by ?? match ?? '').split(/, ?/))
        // Every metric of a process carries its service.
        const own = ['service', ...(metric?.labelNames ?? [])]
        expect(asked.filter((label) => !own.includes(label))).toEqual([])
      }
    },
  )

  it('each say what happened and what to do', () => {
    for (const { alert, annotations } of rules) {
      expect([alert, annotations.summary.length > 10, annotations.description.length > 10]).toEqual(
        [alert, true, true],
      )
    }
  })
})
