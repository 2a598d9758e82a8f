import { rm } from 'node:fs/promises'
import { writePrivateJson } from './private-file.ts'

/** What `run.json` says of a running stack; tools that find no variable of their own read it. */
export interface RunFile {
  /** `http://127.0.0.1:8080` */
  readonly ingress: string
  /** Base of `/readyz`, which answers 200 while the whole stack is ready. */
  readonly management: string
  /** `host:port`, several separated by commas. */
  readonly kafka: string
  /** Base of Confluent's API. */
  readonly registry: string
  /** With the password: the file is its owner's alone. */
  readonly database: string
  readonly endpointsFile: string
  /** Pids by name: launcher, parts and services. */
  readonly processes: Readonly<Record<string, number>>
}

/** Says that the stack is ready, and where; all at once. */
export async function writeRunFile(file: string, run: RunFile): Promise<void> {
  await writePrivateJson(file, run)
}

/** Says that there is no stack, also after one that was killed. */
export async function removeRunFile(file: string): Promise<void> {
  await rm(file, { force: true })
}
