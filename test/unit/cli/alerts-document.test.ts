import { describe, expect, it } from 'vitest'
import { alertsDocument } from '#cli/alerts-document.ts'

function rules(...names: readonly (readonly [alert: string, severity: string])[]): string {
  const listed = names.map(([alert, severity]) => ({
    alert,
    labels: { severity },
    annotations: {
      summary: `${alert} of {{ $labels.mode }}.`,
      runbook: `docs/runbooks/${alert}.md`,
    },
  }))
  return JSON.stringify({ groups: [{ name: 'a', rules: listed }] })
}

describe('the table of alerts', () => {
  it('has each alert once with its runbook, those that wake somebody first', () => {
    const files = [rules(['Late', 'warning'], ['Zero', 'critical']), rules(['Gone', 'critical'])]
    const rows = alertsDocument(files).split('\n').slice(2)
    expect(rows.map((row) => row.split('|').map((cell) => cell.trim()))).toEqual([
      ['', '[Gone](runbooks/Gone.md)', 'critical', 'Gone of `mode`.', ''],
      ['', '[Zero](runbooks/Zero.md)', 'critical', 'Zero of `mode`.', ''],
      ['', '[Late](runbooks/Late.md)', 'warning', 'Late of `mode`.', ''],
    ])
  })
})
