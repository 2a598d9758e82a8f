import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoadJob, LoadResult } from './load-job.ts'
import { cpuSeconds } from './machine.ts'

/** A load's result, with what each answer cost the server. */
export interface Cost extends LoadResult {
  /** Answers per second. */
  readonly rate: number
  /** Microseconds of CPU of the server's process; without /proc, of time. */
  readonly microseconds: number
}

const FEW = 1 / 1000
const PROGRAM = fileURLToPath(new URL('load-process.ts', import.meta.url))

/** The process that sends. */
export class LoadGenerator {
  readonly #child: ChildProcess = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })

  /**
   * @param mayFail the share of requests that may fail
   * @throws when more of them fail: then the figures mean nothing
   */
  async run(job: LoadJob, serverPid: number, mayFail = FEW): Promise<Cost> {
    this.#child.send(job)
    await this.#message()
    const ended = this.#message()
    const before = await cpuSeconds(serverPid)
    const result = (await ended) as LoadResult
    const after = await cpuSeconds(serverPid)
    const { answered, failed, seconds } = result
    if (failed > (answered + failed) * mayFail || (answered === 0 && mayFail < 1)) {
      throw new Error(`${failed} requests failed, ${answered} were answered`)
    }
    const used = before === null || after === null ? seconds : after - before
    return { ...result, rate: answered / seconds, microseconds: (used / answered) * 1e6 }
  }

  async #message(): Promise<unknown> {
    const ended = new AbortController()
    const lost = once(this.#child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('the load process has ended')
    })
    lost.catch(() => undefined)
    try {
      const message = once(this.#child, 'message', { signal: ended.signal })
      message.catch(() => undefined)
      const [value] = await Promise.race([message, lost])
      return value
    } finally {
      ended.abort()
    }
  }

  close(): void {
    this.#child.kill()
  }
}
