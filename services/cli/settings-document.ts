import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { LOCAL_SETTINGS } from '#local/settings.ts'
import type { Setting, SettingDefinitions } from '#platform/config/settings.ts'
import { REGISTRAR_SETTINGS } from '#registrar/settings.ts'
import { DOCTOR_SETTINGS } from './doctor/settings.ts'
import { markdownTable, prose, type Row } from './markdown-table.ts'

const HEAD = ['Variable', 'Default', 'Meaning', 'Example']

/** A service and all that it can be told. */
export interface ServiceSettings {
  readonly service: string
  readonly definitions: SettingDefinitions
}

const SERVICES: readonly ServiceSettings[] = [
  { service: 'Ingress', definitions: INGRESS_SETTINGS },
  { service: 'Consumers', definitions: CONSUMER_SETTINGS },
  { service: 'Registrar', definitions: REGISTRAR_SETTINGS },
  { service: 'Command line, besides those of the services', definitions: DOCTOR_SETTINGS },
  { service: 'Local stack (`npm start`)', definitions: LOCAL_SETTINGS },
]

function defaultOf({ fallback, optional }: Setting): string {
  if (optional) return 'none'
  return fallback === undefined ? '**required**' : `\`${String(fallback)}\``
}

function row(setting: Setting): Row {
  const { variable, about, example } = setting
  return [`\`${variable}\``, defaultOf(setting), prose(about), `\`${example}\``]
}

/** One table for each service, from the definitions that the services themselves load. */
export function settingsDocument(services: readonly ServiceSettings[] = SERVICES): string {
  const parts = services.map(({ service, definitions }) => {
    return `### ${service}\n\n${markdownTable(HEAD, Object.values(definitions).map(row))}`
  })
  return parts.join('\n\n')
}
