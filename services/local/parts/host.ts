import type { Ledger } from './ledger.ts'
import type { Child } from './process.ts'

/** What a launcher lends to the parts that it starts. Parts read no environment of their own. */
export interface PartHost {
  /** Environment of every child: PATH, HOME and what the user's Java and Maven need. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's cache folder (XDG_CACHE_HOME or ~/.cache); jars live in `event-router/` below. */
  readonly cacheDir: string
  /** Remembers children, so that the next start can stop what a killed launcher left behind. */
  readonly ledger: Ledger | null
  /** Takes one line of progress, without a line end. */
  readonly report: (line: string) => void
  /** Told of every child the moment it runs, also of those that never become ready. */
  readonly started?: (child: Child) => void
  /** Aborted when the launcher ends: commands that only prepare something (Maven, initdb) end too. */
  readonly ended?: AbortSignal
}

/** The user's cache folder by the XDG base directory specification: absolute paths only. */
export function userCacheDir(xdgCacheHome: string | undefined, home: string): string {
  return xdgCacheHome?.startsWith('/') ? xdgCacheHome : `${home}/.cache`
}

/** The Java of JAVA_HOME where it is set, else the one in PATH; Maven chooses alike. */
export function javaCommand(env: PartHost['env']): string {
  return env.JAVA_HOME ? `${env.JAVA_HOME}/bin/java` : 'java'
}
