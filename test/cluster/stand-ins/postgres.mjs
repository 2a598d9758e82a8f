// What the image postgres does: begins as root, gives its folder to its own user and becomes that
// user, or begins as that user and finds its folder writable; makes the cluster and the database of
// its environment once, and runs the server.
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'

const OWNER = 999
const FOLDER = '/var/lib/postgresql'
const DATA = `${FOLDER}/18/docker`
const PASSWORD = '/tmp/password'
const BIN = '/opt/postgres/bin'

// biome-ignore lint/style/noProcessEnv: a container's own program, told as the public image is
const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database } = process.env
const env = { LC_ALL: 'C', LD_LIBRARY_PATH: '/opt/postgres/lib', HOME: FOLDER }
const isRoot = process.getuid() === 0
const asOwner = isRoot ? { uid: OWNER, gid: OWNER, env } : { env }

function own(path) {
  if (isRoot) chownSync(path, OWNER, OWNER)
}

function run(program, args, input) {
  const stdio = ['pipe', 'inherit', 'inherit']
  const { status } = spawnSync(`${BIN}/${program}`, args, { ...asOwner, input, stdio })
  if (status !== 0) process.exit(1)
}

own(FOLDER)
if (!existsSync(`${DATA}/PG_VERSION`)) {
  mkdirSync(DATA, { recursive: true, mode: 0o700 })
  own(`${FOLDER}/18`)
  own(DATA)
  writeFileSync(PASSWORD, password, { mode: 0o600 })
  own(PASSWORD)
  const how = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions']
  run('initdb', [`--pgdata=${DATA}`, `--pwfile=${PASSWORD}`, `--username=${user}`, ...how], '')
  rmSync(PASSWORD)
  run('postgres', ['--single', '-D', DATA, 'postgres'], `CREATE DATABASE ${database};\n`)
  writeFileSync(`${DATA}/pg_hba.conf`, 'host all all all scram-sha-256\n')
  own(`${DATA}/pg_hba.conf`)
}
const settings = ['listen_addresses=*', 'unix_socket_directories=', 'io_method=sync']
const args = ['-D', DATA, ...settings.flatMap((each) => ['-c', each])]
const server = spawn(`${BIN}/postgres`, args, { ...asOwner, stdio: 'inherit' })
// SIGINT is its fast stop: SIGTERM would wait for every client to leave.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.kill('SIGINT'))
server.on('exit', (code) => process.exit(code ?? 1))
