import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PartHost } from './host.ts'
import { PartFault } from './part-fault.ts'
import { requireFreePort } from './ports.ts'
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts'
import { dropStaleLock } from './postgres-lock.ts'
import { type PostgresUser, postgresUser } from './postgres-user.ts'
import { type Child, startChild } from './process.ts'
import { waitUntilReady } from './readiness.ts'
import { run } from './run.ts'

export interface PostgresOptions {
  readonly dataDir: string
  readonly logFile: string
  readonly port: number
  /** The setting that moves the port, for the message about a busy one. */
  readonly portVariable?: string
}

export interface RunningPostgres extends Child {
  /** `postgres://user:password@127.0.0.1:port/event_router` */
  readonly url: string
}

const readyWithinMs = 60_000
const owner = 'event_router'
const database = 'event_router'

interface Installation {
  readonly binaries: PostgresBinaries
  readonly user: PostgresUser
}

/**
 * Starts Postgres on 127.0.0.1 with its data, password and database in `dataDir`, which is made
 * when it is not there; resolves when it takes connections.
 * @throws PartFault with a sentence that says what to do
 */
export async function startPostgres(
  options: PostgresOptions,
  host: PartHost,
): Promise<RunningPostgres> {
  await requireFreePort(options.port, 'Postgres', options.portVariable ?? 'POSTGRES_PORT')
  const binaries = await postgresBinaries()
  const user = await postgresUser(process.getuid?.() ?? 1, binaries.postgres, host)
  const { dataDir } = options
  if (!(await isThere(join(dataDir, 'password')))) await create(dataDir, { binaries, user }, host)
  await dropStaleLock(join(dataDir, 'cluster'))
  const child = await spawnServer(options, { binaries, user }, host)
  await waitUntilReady(child, () => takesConnections(dataDir, child.pid), readyWithinMs)
  const password = await readFile(join(dataDir, 'password'), 'utf8')
  return { ...child, url: `postgres://${owner}:${password}@127.0.0.1:${options.port}/${database}` }
}

/** Makes all of it in a folder beside and renames that: a data folder is whole or not there. */
async function create(dataDir: string, installation: Installation, host: PartHost): Promise<void> {
  host.report('creating the Postgres database (once)')
  await mkdir(dirname(dataDir), { recursive: true })
  const workshop = await mkdtemp(join(dirname(dataDir), '.postgres-'))
  try {
    const password = randomBytes(18).toString('base64url')
    await writeFile(join(workshop, 'password'), password, { mode: 0o600 })
    await mkdir(join(workshop, 'cluster'), { mode: 0o700 })
    await installation.user.adopt(workshop)
    await initialise(workshop, installation, host)
    await rm(dataDir, { recursive: true, force: true })
    await rename(workshop, dataDir)
  } finally {
    await rm(workshop, { recursive: true, force: true })
  }
}

async function initialise(folder: string, { binaries, user }: Installation, host: PartHost) {
  const cluster = join(folder, 'cluster')
  await tool(
    [
      ...user.prefix,
      binaries.initdb,
      `--pgdata=${cluster}`,
      `--pwfile=${join(folder, 'password')}`,
      `--username=${owner}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ],
    '',
    host,
  )
  const single = [...user.prefix, binaries.postgres, '--single', '-D', cluster, 'postgres']
  await tool(single, `CREATE DATABASE ${database};\n`, host)
}

async function tool(line: readonly string[], input: string, host: PartHost): Promise<void> {
  const [command = '', ...args] = line
  const outcome = await run(command, args, {
    env: { ...host.env, LC_ALL: 'C' },
    input,
    signal: host.ended,
  })
  if (outcome.kind === 'missing') throw new PartFault(`Postgres could not be run: no ${command}.`)
  if (outcome.code === 0) return
  throw new PartFault(
    `Postgres could not make its database:\n${outcome.output.trimEnd().split('\n').slice(-10).join('\n')}`,
  )
}

// SIGINT is Postgres's fast stop: SIGTERM would wait for every client to leave.
function spawnServer(
  { dataDir, logFile, port }: PostgresOptions,
  { binaries, user }: Installation,
  host: PartHost,
): Promise<Child> {
  const cluster = join(dataDir, 'cluster')
  const args = ['-D', cluster, '-p', String(port), ...settings.flatMap((each) => ['-c', each])]
  const { prefix } = user
  const env = { LC_ALL: 'C' }
  const command = binaries.postgres
  return startChild(
    { name: 'postgres', prefix, command, args, logFile, env, stopSignal: 'SIGINT' },
    host,
  )
}

// fsync stays on: what a consumer committed must survive a power loss here as it does elsewhere.
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=100',
  'shared_buffers=32MB',
  // Processes that nothing here needs.
  'io_method=sync',
  'max_logical_replication_workers=0',
  'fsync=on',
  'log_min_messages=warning',
  'log_min_error_statement=panic',
]

/** The eighth line of postmaster.pid says so; pg_ctl trusts it likewise. */
async function takesConnections(dataDir: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
