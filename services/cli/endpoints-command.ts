import Table from 'cli-table3'
import type { Endpoint } from '#ingress/endpoints.ts'
import { readEndpoints } from './endpoint-source.ts'
import { stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface EndpointsOptions {
  readonly json?: true
}

function shown({ id, tenantId, mode, state, secrets }: Endpoint) {
  return { id, tenant_id: tenantId, mode, enabled: state === 'enabled', secrets: secrets.length }
}

/** Lists the endpoints: how many secrets each has, never the secrets. */
export async function listEndpoints(terminal: Terminal, { json }: EndpointsOptions): Promise<void> {
  const environment = await stackEnvironment(terminal.environment, ['ENDPOINTS_FILE'])
  const endpoints = await readEndpoints(environment.ENDPOINTS_FILE ?? '')
  const rows = [...endpoints.values()].map(shown)
  if (json === true) {
    for (const row of rows) terminal.line(JSON.stringify(row))
    return
  }
  const table = new Table({
    head: ['id', 'tenant', 'mode', 'enabled', 'secrets'],
    style: { head: [], border: [], compact: true },
  })
  for (const { id, tenant_id: tenant, mode, enabled, secrets } of rows) {
    table.push([id, tenant, mode, enabled ? 'yes' : 'no', secrets])
  }
  terminal.line(table.toString())
}
