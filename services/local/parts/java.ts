import { javaCommand, type PartHost } from './host.ts'
import { PartFault } from './part-fault.ts'
import { run } from './run.ts'

/** Kafka 4 runs on Java 17 and newer. */
const oldestJava = 17

/** A heap begins small, where Java's own choice, a share of the machine's memory, fills it first. */
const initialHeapMegabytes = 48

/** For a server that shares a person's machine with ten others: small, and quick to start. */
export function smallJavaFlags(heapMegabytes: number): string[] {
  return [
    `-Xms${Math.min(initialHeapMegabytes, heapMegabytes)}m`,
    `-Xmx${heapMegabytes}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
  ]
}

/** glibc keeps up to eight arenas a core for the threads of a process; two are enough here. */
export const smallJavaEnvironment = { MALLOC_ARENA_MAX: '2' }

/** The feature release in what `java -version` prints ("1.8.0_402" is 8), or null. */
export function javaFeatureVersion(printed: string): number | null {
  const found = /version "(?:1\.)?(\d+)/.exec(printed)
  return found?.[1] === undefined ? null : Number(found[1])
}

/**
 * Finds a Java that runs the parts.
 * @returns the command to start it with
 * @throws PartFault when there is none, or an older one than 17
 */
export async function requireJava(host: PartHost): Promise<string> {
  const java = javaCommand(host.env)
  const remedy = `install Java ${oldestJava} or newer, or point JAVA_HOME at it`
  const outcome = await run(java, ['-version'], { env: host.env })
  if (outcome.kind === 'missing') throw new PartFault(`Java was not found (${java}): ${remedy}.`)
  const version = javaFeatureVersion(outcome.output)
  if (version === null) throw new PartFault(`${java} does not run here: ${remedy}.`)
  if (version < oldestJava) {
    throw new PartFault(`Java ${version} (${java}) is too old: ${remedy}.`)
  }
  return java
}
