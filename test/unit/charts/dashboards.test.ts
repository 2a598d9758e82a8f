import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectKnown } from '../../fixtures/metric-promises.ts'
import { parseExpression } from '../../fixtures/promql.ts'

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly templating: { readonly list: readonly { readonly name: string }[] }
  readonly panels: readonly Panel[]
}

const FOLDER = new URL('../../../charts/event-router/dashboards/', import.meta.url)

const dashboards = readdirSync(FOLDER).map((file) => {
  const text = readFileSync(new URL(file, FOLDER), 'utf8')
  return { file, text, dashboard: JSON.parse(text) as Dashboard }
})

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

describe.each(dashboards)('$file', ({ text, dashboard }) => {
  it.each(dashboard.panels.map((panel) => [panel.title, panel] as const))(
    '%s: asks for metrics, labels and values that exist, and shows labels that are kept',
    (_title, { targets }) => {
      expect(targets.length).toBeGreaterThan(0)
      for (const { expr, legendFormat } of targets) {
        expectKnown(expr)
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
        expect(shown.filter((label) => !parseExpression(expr).groupings.includes(label))).toEqual(
          [],
        )
      }
    },
  )

  it('takes any Prometheus, and no address of ours', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource'])
    expect(text).not.toMatch(/"uid": "(?!event-router-|\$\{datasource\})/)
    expect(text).not.toMatch(/https?:/)
  })

  it('has panels beside each other, each once', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24)).toBe(true)
    for (const [i, panel] of panels.entries()) {
      expect(panels.slice(i + 1).filter((other) => overlap(panel, other))).toEqual([])
    }
  })
})

it('dashboards have names of their own', () => {
  expect(new Set(dashboards.map(({ dashboard }) => dashboard.uid)).size).toBe(dashboards.length)
})
