import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PartHost } from './host.ts'
import { registryJar } from './jars.ts'
import { requireJava, smallJavaEnvironment, smallJavaFlags } from './java.ts'
import { requireFreePort } from './ports.ts'
import { type Child, startChild } from './process.ts'
import { waitUntilReady } from './readiness.ts'

export interface RegistryOptions {
  readonly dataDir: string
  readonly logFile: string
  readonly port: number
  /** The setting that moves the port, for the message about a busy one. */
  readonly portVariable?: string
}

export interface RunningRegistry extends Child {
  /** Base of the Confluent API. */
  readonly url: string
}

const readyWithinMs = 90_000

/**
 * Starts Apicurio on 127.0.0.1 with its data in an H2 file; resolves when it is ready.
 * @throws PartFault with a sentence that says what to do
 */
export async function startRegistry(
  options: RegistryOptions,
  host: PartHost,
): Promise<RunningRegistry> {
  await requireFreePort(options.port, 'the registry', options.portVariable ?? 'REGISTRY_PORT')
  const [java, jar] = await Promise.all([requireJava(host), registryJar(host)])
  await mkdir(options.dataDir, { recursive: true })
  const child = await startChild(
    {
      name: 'registry',
      command: java,
      args: [...smallJavaFlags(heapMegabytes), ...properties(options), '-jar', jar],
      env: smallJavaEnvironment,
      cwd: dirname(jar),
      logFile: options.logFile,
    },
    host,
  )
  const address = `http://127.0.0.1:${options.port}`
  await waitUntilReady(child, () => answers(`${address}/health/ready`), readyWithinMs)
  return { ...child, url: `${address}/apis/ccompat/v7` }
}

const heapMegabytes = 192

// Without WRITE_DELAY=0 a SIGKILL lost a registration that had been answered. H2 closes its file
// itself on SIGTERM otherwise, before the requests in flight have ended.
function properties({ dataDir, port }: RegistryOptions): string[] {
  const file = join(dataDir, 'registry')
  return [
    '-Dquarkus.http.host=127.0.0.1',
    `-Dquarkus.http.port=${port}`,
    '-Dquarkus.http.access-log.enabled=false',
    '-Dquarkus.log.level=WARN',
    '-Dapicurio.storage.kind=sql',
    '-Dapicurio.storage.sql.kind=h2',
    `-Dapicurio.datasource.url=jdbc:h2:file:${file};WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE`,
    '-Dapicurio.datasource.jdbc.initial-size=2',
    '-Dapicurio.datasource.jdbc.min-size=2',
    '-Dapicurio.datasource.jdbc.max-size=10',
  ]
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  await answer.arrayBuffer()
  return answer.ok
}
