import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ledger } from './parts/ledger.ts'
import { openLedger } from './parts/ledger.ts'
import { PartFault } from './parts/part-fault.ts'

/** Where everything of a stack lies. Nothing else in the folder is ever touched. */
export interface StackFolder {
  readonly kafka: string
  readonly registry: string
  readonly postgres: string
  readonly logs: string
  readonly endpointsFile: string
  readonly runFile: string
  readonly ledgerFile: string
}

/** The places in a LOCAL_DIR; relative when that is. */
export function stackFolder(localDir: string): StackFolder {
  const at = (name: string) => join(localDir, name)
  return {
    kafka: at('kafka'),
    registry: at('registry'),
    postgres: at('postgres'),
    logs: at('logs'),
    endpointsFile: at('endpoints.json'),
    runFile: at('run.json'),
    ledgerFile: at('processes.json'),
  }
}

/**
 * Takes a folder for this launcher: its processes are written down in it from now on.
 * @throws PartFault when another launcher lives in it, or it cannot be written
 */
export async function occupy(localDir: string): Promise<Ledger> {
  try {
    await mkdir(localDir, { recursive: true, mode: 0o700 })
    return openLedger(stackFolder(localDir).ledgerFile)
  } catch (error) {
    if (error instanceof PartFault) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new PartFault(
      `The folder ${localDir} cannot be used (${code ?? 'unknown'}): set LOCAL_DIR to a folder that you may write to.`,
    )
  }
}

/** Removes the state of earlier runs; only the ledger, which is in use, stays. */
export async function removeState({ ledgerFile, ...places }: StackFolder): Promise<void> {
  await Promise.all(
    Object.values(places).map((place) => rm(place, { recursive: true, force: true })),
  )
}
