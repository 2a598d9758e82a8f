import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DeclaredMetric } from '#cli/metrics-document.ts'
import { metricsDocument, ownMetrics, runtimeMetrics } from '#cli/metrics-document.ts'

const groups = ownMetrics()
const own = groups.flatMap(({ metrics }) => metrics)

/** Whom a label would name, and what could be anything. */
const FORBIDDEN =
  /tenant|endpoint|secret|event|request|account|user|card_?number|address|ip|url|path|version|id$/
const TIME = /second|milli|micro|nano|minute|hour|_ms\b|_us\b|duration|latency|age|lag_time|delay/
const SIZE = /byte|_kb|_mb|kib|mib|size/

function isCounter({ type }: DeclaredMetric): boolean {
  return type === 'counter'
}

describe('docs/metrics.md', () => {
  it('is as the code has it (after `npm run docs`)', () => {
    const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
    expect(metricsDocument()).toBe(text)
  })

  it('names every figure of ours and of the runtime, once', () => {
    const text = metricsDocument()
    for (const { name } of [...own, ...runtimeMetrics()]) {
      expect([name, text.split(`| \`${name}\` `).length - 1]).toEqual([name, 1])
    }
  })
})

describe.each(own.map((metric) => [metric.name, metric] as const))('%s', (name, metric) => {
  it('is named as Prometheus has it: who, what, base unit, _total for what only grows', () => {
    expect(name).toMatch(/^(?:ingress|consumer|service|final_4xx)(?:_[a-z0-9]+)+$/)
    expect(name.endsWith('_total')).toBe(isCounter(metric))
    const unit = name.replace(/_total$/, '')
    if (TIME.test(unit)) expect(unit).toMatch(/_seconds$/)
    if (SIZE.test(unit)) expect(unit).toMatch(/_bytes$/)
    if (metric.type === 'histogram') expect(unit).toMatch(/_(?:seconds|bytes)$/)
  })

  it('says what it is in a sentence', () => {
    expect(metric.help).toMatch(/^\S.{9,}\.$/)
  })

  it('has only labels that are few and known, none of a tenant or of what callers choose', () => {
    const meanings = groups.find(({ metrics }) => metrics.includes(metric))?.labels ?? {}
    expect(metric.labels.filter((label) => !Object.hasOwn(meanings, label))).toEqual([])
    expect(metric.labels.filter((label) => FORBIDDEN.test(label))).toEqual([])
    for (const label of metric.labels) {
      expect(meanings[label]?.values?.length ?? 0, label).toBeLessThan(100)
    }
  })
})

describe('a label', () => {
  it('is explained only where a figure uses it', () => {
    for (const { metrics, labels } of groups) {
      const used = new Set(metrics.flatMap((metric) => metric.labels))
      expect(Object.keys(labels).filter((label) => !used.has(label))).toEqual([])
    }
  })
})
