import { parse } from 'yaml'
import { markdownTable, prose } from './markdown-table.ts'

interface Alert {
  readonly alert: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

const ORDER = ['critical', 'warning']

/** What Prometheus fills in, e.g. `{{ $labels.reason }}`, as the label's name. */
function filled(summary: string): string {
  return summary.replaceAll(/\{\{\s*\$labels\.(\w+)\s*\}\}/g, '`$1`')
}

/**
 * A table of alerts: what each means, and where it says what to do; those that wake somebody first.
 *
 * @param files texts of Prometheus's rule files
 */
export function alertsDocument(files: readonly string[]): string {
  const alerts = files.flatMap((text) => {
    const { groups } = parse(text) as { groups: { rules: Alert[] }[] }
    return groups.flatMap(({ rules }) => rules)
  })
  const rankOf = ({ labels }: Alert) => ORDER.indexOf(labels.severity)
  const rows = alerts
    .toSorted((a, b) => rankOf(a) - rankOf(b) || (a.alert < b.alert ? -1 : 1))
    .map(({ alert, labels, annotations }) => [
      `[${alert}](${annotations.runbook.replace(/^docs\//, '')})`,
      labels.severity,
      prose(filled(annotations.summary)),
    ])
  return markdownTable(['Alert', 'Severity', 'What it means'], rows)
}
