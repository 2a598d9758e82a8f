import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHART } from '../../fixtures/chart.ts'

describe('the release', () => {
  const root = new URL('../../../', import.meta.url)
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  const chart = readFileSync(join(CHART, 'Chart.yaml'), 'utf8')

  it('has one version for package, images and chart', () => {
    expect(chart).toContain(`\nversion: ${version}\n`)
    expect(chart).toContain(`\nappVersion: ${version}\n`)
  })

  it('tells operators what changed', () => {
    const changes = readFileSync(join(CHART, 'CHANGELOG.md'), 'utf8')
    expect(/^## (\S+)$/m.exec(changes)?.[1]).toBe(version)
  })
})
