import { homedir } from 'node:os'
import type { Environment } from '#platform/config/environment.ts'
import { loadSettings } from '#platform/config/settings.ts'
import type { Death } from './children.ts'
import { Children } from './children.ts'
import { type PartHost, userCacheDir } from './parts/host.ts'
import type { Ledger } from './parts/ledger.ts'
import { PartFault } from './parts/part-fault.ts'
import { withLog } from './parts/readiness.ts'
import type { LaunchOptions } from './program.ts'
import { removeRunFile } from './run-file.ts'
import { sampleShow } from './sample-show.ts'
import type { LocalSettings } from './settings.ts'
import { LOCAL_SETTINGS } from './settings.ts'
import type { RunningStack } from './stack.ts'
import { startStack } from './stack.ts'
import type { StackFolder } from './stack-folder.ts'
import { occupy, removeState, stackFolder } from './stack-folder.ts'
import type { StopRequests } from './stop-signals.ts'
import { welcome } from './welcome.ts'

/** What the launcher may touch of the process around it. */
export interface Surroundings {
  readonly environment: Environment
  /** One line to standard output. */
  readonly line: (text: string) => void
  readonly stop: StopRequests
}

/** Why a launch is over: null when it was asked to stop, else what went wrong. */
type Ending = { readonly fault: unknown } | null

/** A stop takes 20 s at most; what is left then gets no more time. */
const STOP_WITHIN_MS = 17_000
/** What a shell says of a process that Ctrl-C ended. */
const KILLED_EXIT_CODE = 130

function deathFault({ child, exit }: Death): PartFault {
  const how = exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`
  return new PartFault(withLog(child, `${child.name} ended unexpectedly (${how})`))
}

/** The settings again that lead another terminal to this stack. */
function variablesOf({ localDir, topicPrefix }: LocalSettings) {
  return {
    ...(localDir === LOCAL_SETTINGS.localDir.fallback ? {} : { LOCAL_DIR: localDir }),
    ...(topicPrefix === LOCAL_SETTINGS.topicPrefix.fallback ? {} : { TOPIC_PREFIX: topicPrefix }),
  }
}

/** One launch, with all that its steps share. */
class Launch {
  readonly #options: LaunchOptions
  readonly #surroundings: Surroundings
  readonly #settings: LocalSettings
  readonly #folder: StackFolder
  readonly #children = new Children()
  readonly #ended = new AbortController()
  readonly #begun = performance.now()
  /** Whether the folder is this launcher's: before, its files are those of another one. */
  #isHome = false

  constructor(options: LaunchOptions, surroundings: Surroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.#settings = loadSettings(LOCAL_SETTINGS, surroundings.environment)
    this.#folder = stackFolder(this.#settings.localDir)
  }

  /** Until somebody asks for the end, or something breaks. */
  async run(): Promise<number> {
    const working = this.#work()
    const ending = await Promise.race([
      working.then(
        () => new Promise<never>(() => {}),
        (fault: unknown): Ending => ({ fault }),
      ),
      this.#children.firstDeath.then((death): Ending => this.#mourn(death)),
      this.#surroundings.stop.first.then((): Ending => null),
    ])
    if (ending === null) this.#surroundings.line('\nstopping (once more Ctrl-C kills at once)')
    this.#ended.abort()
    const patient = await this.#stop()
    if (ending !== null) throw ending.fault
    return patient ? 0 : KILLED_EXIT_CODE
  }

  #mourn(death: Death): Ending {
    this.#surroundings.line(`\n${death.child.name} ended unexpectedly, stopping the rest`)
    return { fault: deathFault(death) }
  }

  async #stop(): Promise<boolean> {
    await this.#noRunFile()
    const impatient = this.#surroundings.stop.second.then(() => this.#children.kill())
    const patient = await Promise.race([
      this.#children.stop(STOP_WITHIN_MS).then(() => true),
      impatient.then(() => false),
    ])
    // Once more: the start may just have been writing it.
    await this.#noRunFile()
    return patient
  }

  async #noRunFile(): Promise<void> {
    if (this.#isHome) await removeRunFile(this.#folder.runFile)
  }

  async #work(): Promise<void> {
    const { environment, line } = this.#surroundings
    const ledger = await this.#prepare()
    const stack = await startStack({
      settings: this.#settings,
      environment,
      folder: this.#folder,
      host: this.#host(ledger),
      children: this.#children,
    })
    const { logs } = this.#folder
    const stopped = this.#ended.signal
    if (this.#options.sample) await sampleShow({ stack, environment, logs, line, stopped })
    if (!stopped.aborted) this.#welcome(stack)
  }

  async #prepare(): Promise<Ledger> {
    const ledger = await occupy(this.#settings.localDir)
    this.#isHome = true
    const found = await ledger.stopLeftovers()
    if (found.length > 0) {
      const names = found.map(({ name }) => name).join(', ')
      this.#report(`stopped what an earlier launcher had left behind: ${names}`)
    }
    if (this.#options.fresh) await removeState(this.#folder)
    await removeRunFile(this.#folder.runFile)
    return ledger
  }

  #host(ledger: Ledger): PartHost {
    const { environment } = this.#surroundings
    return {
      env: environment,
      cacheDir: userCacheDir(environment.XDG_CACHE_HOME, homedir()),
      ledger,
      report: (line) => this.#report(line),
      started: (child) => this.#children.add(child),
      ended: this.#ended.signal,
    }
  }

  /** A line of progress, with the seconds since the beginning. */
  #report(text: string): void {
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1)
    this.#surroundings.line(`${seconds.padStart(6)} s  ${text}`)
  }

  #welcome({ run, endpoints, metrics, waitingVersions }: RunningStack): void {
    const { runFile, logs } = this.#folder
    const variables = variablesOf(this.#settings)
    const shown = { run, runFile, logs, endpoints, metrics, variables, waitingVersions }
    for (const line of welcome(shown)) this.#surroundings.line(line)
  }
}

/**
 * Runs the local stack until it is asked to stop, and stops all of it before it returns.
 *
 * @returns the exit code
 * @throws PartFault or SettingsFault of what went wrong, after everything was stopped
 */
export async function launch(options: LaunchOptions, surroundings: Surroundings): Promise<number> {
  return await new Launch(options, surroundings).run()
}
