import { EndpointFiles } from '#ingress/endpoint-files.ts'
import type { EndpointSet } from '#ingress/endpoints.ts'
import { createLogger } from '#platform/log.ts'
import { failure } from './fault.ts'

const NEVER_MS = 3_600_000

/**
 * Reads the endpoints once, as the ingress would.
 *
 * @throws CliFault that says what is wrong, without a word of the file's contents.
 */
export async function readEndpoints(path: string): Promise<EndpointSet> {
  const files = new EndpointFiles({
    path,
    pollMs: NEVER_MS,
    log: createLogger({ service: 'cli', level: 'silent' }),
    onReload: () => {},
  })
  await files.start()
  files.stop()
  const endpoints = files.current()
  if (endpoints === null)
    throw failure(`the endpoints in ${path}: ${files.problem() ?? 'unreadable'}`)
  return endpoints
}
