import { storePlace } from '#ingress/endpoint-place.ts'
import { ENDPOINT_STORE_SETTINGS } from '#ingress/endpoint-settings.ts'
import type { EndpointBook } from './endpoint-book.ts'
import { DatabaseBook } from './endpoint-database-book.ts'
import { FileBook } from './endpoint-file-book.ts'
import { usageFault } from './fault.ts'
import { cliSettings, stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

/** The environment with the address of the endpoints, also of a running local stack. */
export async function endpointEnvironment(terminal: Terminal) {
  const { environment } = terminal
  const isFile = (environment.ENDPOINTS_STORE || 'file') === 'file'
  return await stackEnvironment(environment, isFile ? ['ENDPOINTS_FILE'] : [])
}

/** The store that the environment names. */
export async function endpointBook(terminal: Terminal): Promise<EndpointBook> {
  const settings = cliSettings(ENDPOINT_STORE_SETTINGS, await endpointEnvironment(terminal))
  const place = storePlace(settings)
  if (!('kind' in place)) throw usageFault(place.join('; '))
  return place.kind === 'file'
    ? new FileBook(place.path, (line) => terminal.note(line))
    : new DatabaseBook(place)
}
