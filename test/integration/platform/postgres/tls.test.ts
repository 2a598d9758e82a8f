import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePorts } from '#local/parts/ports.ts'
import type { RunningPostgres } from '#local/parts/postgres.ts'
import { startPostgres } from '#local/parts/postgres.ts'
import { DATABASE_SETTINGS } from '#platform/config/service-settings.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import type { Row } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import type { Authority, CertificateFiles } from '../../../fixtures/certificates.ts'
import { createAuthority } from '../../../fixtures/certificates.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { testHost } from '../../../fixtures/part-host.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

const CONNECTION = 'SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()'

let folder: TemporaryFolder
let ours: Authority
let theirs: Authority
let postgres: RunningPostgres | undefined

function databaseAt(url: string, applicationName = 'tls-test') {
  const log = createLogger({ service: 'test', level: 'silent' })
  return openDatabase({ url, applicationName, poolSize: 1, statementTimeoutMs: 5000, log })
}

async function asked(url: string, ...statements: readonly string[]): Promise<Row | undefined> {
  const database = databaseAt(url)
  try {
    return await database.session(async (session) => {
      let rows: readonly Row[] = []
      for (const text of statements) rows = await session.query({ text, values: [] })
      return rows[0]
    })
  } finally {
    await database.end()
  }
}

/** The URL as the settings take it, with these parameters. */
function urlWith(parameters: Readonly<Record<string, string>>): string {
  const url = `${postgres?.url}?${new URLSearchParams(parameters)}`
  return loadSettings(DATABASE_SETTINGS, { DATABASE_URL: url }).databaseUrl
}

/** Lets the running server speak TLS, and ask for certificates where it does. */
async function turnOnTls(url: string, dataDir: string): Promise<void> {
  const server = await ours.issue('server')
  const rules = join(dataDir, 'cluster', 'pg_hba.conf')
  const strict = 'hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n'
  await writeFile(rules, `${strict}${await readFile(rules, 'utf8')}`)
  await asked(
    url,
    `ALTER SYSTEM SET ssl_cert_file = '${server.cert}'`,
    `ALTER SYSTEM SET ssl_key_file = '${server.key}'`,
    `ALTER SYSTEM SET ssl_ca_file = '${ours.cert}'`,
    'ALTER SYSTEM SET ssl = on',
    'SELECT pg_reload_conf()',
  )
  await eventually(async () => (await asked(url, 'SHOW ssl'))?.ssl === 'on', { withinMs: 10_000 })
}

beforeAll(async () => {
  folder = await temporaryFolder('postgres-tls')
  ours = await createAuthority(folder.path, 'ours')
  theirs = await createAuthority(folder.path, 'theirs')
  const [port = 0] = await freePorts(1)
  const dataDir = join(folder.path, 'postgres')
  const logFile = join(folder.path, 'postgres.log')
  postgres = await startPostgres({ dataDir, logFile, port }, testHost())
  await turnOnTls(postgres.url, dataDir)
})

afterAll(async () => {
  await postgres?.stop()
  await folder.remove()
})

describe('Postgres over TLS with a private authority', () => {
  it('is reached with the files that the URL names', async () => {
    const { cert, key } = await ours.issue('router')
    const files = { sslrootcert: ours.cert, sslcert: cert, sslkey: key }
    const found = await asked(urlWith({ sslmode: 'verify-full', ...files }), CONNECTION)
    expect(found).toEqual({ ssl: true, client_dn: '/CN=router' })
  })

  it('takes renewed files for its next connection, with no restart', async () => {
    const own = { cert: join(folder.path, 'current.crt'), key: join(folder.path, 'current.key') }
    const renew = async ({ cert, key }: CertificateFiles) => {
      await Promise.all([copyFile(cert, own.cert), copyFile(key, own.key)])
    }
    await renew(await ours.issue('first'))
    const files = { sslrootcert: ours.cert, sslcert: own.cert, sslkey: own.key }
    const database = databaseAt(urlWith({ sslmode: 'verify-full', ...files }), 'tls-renewal')
    onTestFinished(() => database.end())
    const whoWeAre = async () => {
      const [row] = await database.session((session) => {
        return session.query({ text: CONNECTION, values: [] })
      })
      return row?.client_dn
    }
    expect(await whoWeAre()).toBe('/CN=first')
    await renew(await ours.issue('second'))
    // A connection that is there stays as it was made.
    expect(await whoWeAre()).toBe('/CN=first')
    await asked(
      postgres?.url ?? '',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tls-renewal'",
    )
    const isRenewed = async () => (await whoWeAre().catch(() => null)) === '/CN=second'
    await eventually(isRenewed, { withinMs: 10_000 })
  })

  it('is not reached with another authority, without our certificate, or with a foreign one', async () => {
    const router = await ours.issue('router')
    const stranger = await theirs.issue('stranger')
    const full = { sslmode: 'verify-full', sslrootcert: ours.cert }
    const wrong = [
      { ...full, sslrootcert: theirs.cert, sslcert: router.cert, sslkey: router.key },
      { sslmode: 'verify-full', sslcert: router.cert, sslkey: router.key },
      full,
      { ...full, sslcert: stranger.cert, sslkey: stranger.key },
    ]
    for (const parameters of wrong) {
      await expect(asked(urlWith(parameters), CONNECTION)).rejects.toThrow()
    }
  })
})
