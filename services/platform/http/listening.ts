import type { Logger } from '../log.ts'
import type { Shutdown } from '../shutdown.ts'

/**
 * The address of whoever begins to listen, or the end of the process: one line says which setting
 * to change.
 *
 * @param variables the settings that name the place
 */
export async function listening(
  variables: string,
  listen: () => Promise<string>,
  { log, shutdown }: { readonly log: Logger; readonly shutdown: Shutdown },
): Promise<string> {
  try {
    return await listen()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const problem = `${variables}: it is not possible to listen there (${code}); name another one`
    log.fatal({ event: 'service.not_started', problem })
    return await shutdown('not_started', 1)
  }
}
