import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { NOTHING_TO_READ } from '#cli/metrics-document.ts'
import { consumerMetrics } from '#consumers/runtime/metrics.ts'
import { ERRORS, isFinal } from '#core/errors.ts'
import { HANDLED_DOMAINS } from '#core/routing.ts'
import { ingressMetrics } from '#ingress/metrics.ts'
import { alertRules } from '../../fixtures/alert-rules.ts'
import { expectKnown, labelsOf, valuesOf } from '../../fixtures/metric-promises.ts'
import { parseExpression } from '../../fixtures/promql.ts'

const rules = alertRules()

/** The series that a process shows before anything happened, as `name{label="value"}`. */
async function firstSeries(): Promise<ReadonlySet<string>> {
  const registry = new Registry()
  ingressMetrics(registry, NOTHING_TO_READ)
  consumerMetrics(registry)
  const metrics = await registry.getMetricsAsJSON()
  return new Set(
    metrics.flatMap(({ name, values }) =>
      values.flatMap(({ labels }) =>
        Object.entries(labels).map(([label, value]) => `${name}{${label}="${value}"}`),
      ),
    ),
  )
}

describe.each(rules.map((rule) => [rule.alert, rule] as const))('%s', (name, rule) => {
  it('asks for metrics, labels and values that exist', () => {
    expectKnown(rule.expr)
  })

  it('says what happened, what it means, and how bad it is', () => {
    expect(name).toMatch(/^EventRouter[A-Z][A-Za-z0-9]+$/)
    expect(['critical', 'warning', 'info']).toContain(rule.labels.severity)
    expect(rule.annotations.summary).toMatch(/^.{20,}\.$/)
    expect(rule.annotations.description).toMatch(/^.{20,}\.$/)
    if (rule.for !== undefined) expect(rule.for).toMatch(/^\d+m$/)
  })

  it('names only labels in its words that its expression keeps', () => {
    const words = JSON.stringify(rule.annotations)
    const named = [...words.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
    const { groupings, uses } = parseExpression(rule.expr)
    // What is absent has the labels that it was asked for by.
    const asked = uses
      .filter(({ within }) => within === 'absent')
      .flatMap(({ matchers }) => matchers.map(({ label }) => label))
    const kept = [...groupings, ...asked]
    expect(named.filter((label) => !kept.includes(label ?? ''))).toEqual([])
  })

  it('counts from the very first event on: its series begin at 0', async () => {
    const series = await firstSeries()
    const { uses } = parseExpression(rule.expr)
    for (const use of uses.filter(({ within }) => within === 'increase')) {
      const own = [...series].filter((each) => each.startsWith(`${use.name}{`))
      const isOpen = use.name === 'consumer_impossible_transitions_total'
      if (labelsOf(use).length > 1) expect([use.name, own.length > 0]).toEqual([use.name, !isOpen])
      for (const { label, operator, value } of use.matchers) {
        if (operator.startsWith('!')) continue
        const values = valuesOf(use, label) ?? []
        const matched = values.filter((each) => new RegExp(`^(?:${value})$`).test(each))
        const missing = matched.filter((each) => !series.has(`${use.name}{${label}="${each}"}`))
        expect([use.name, label, missing]).toEqual([use.name, label, []])
      }
    }
  })
})

it('every answer after which an event is gone is counted from the first on', async () => {
  const series = await firstSeries()
  const finals = Object.entries(ERRORS).filter(([, { status }]) => isFinal(status))
  const missing = finals.filter(([code]) => !series.has(`final_4xx_total{reason="${code}"}`))
  expect(series.has('final_4xx_total{destination="known"}')).toBe(true)
  expect(missing).toEqual([])
})

it('a consumer that is away is noticed, whichever it is', () => {
  const { expr = '' } = rules.find(({ alert }) => alert === 'EventRouterConsumerAbsent') ?? {}
  const services = parseExpression(expr).uses.flatMap(({ matchers }) =>
    matchers.map(({ value }) => value),
  )
  expect(services).toEqual(HANDLED_DOMAINS.map((domain) => `consumer-${domain}`))
})

it('no alert is there twice', () => {
  const names = rules.map(({ alert }) => alert)
  expect(new Set(names).size).toBe(names.length)
})
