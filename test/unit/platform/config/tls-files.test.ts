import { copyFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Environment } from '#platform/config/environment.ts'
import {
  DATABASE_SETTINGS,
  KAFKA_SETTINGS,
  REGISTRY_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { SettingDefinitions } from '#platform/config/settings.ts'
import { loadSettings, SettingsFault } from '#platform/config/settings.ts'
import { tlsMaterial } from '#platform/config/tls-files.ts'
import type { Authority, CertificateFiles } from '../../../fixtures/certificates.ts'
import { createAuthority, withPassphrase } from '../../../fixtures/certificates.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

let folder: TemporaryFolder
let ca: Authority
let own: CertificateFiles
let other: CertificateFiles
let encrypted: string
let noPem: string

beforeAll(async () => {
  folder = await temporaryFolder('tls')
  ca = await createAuthority(folder.path)
  own = await ca.issue('own')
  other = await ca.issue('other')
  encrypted = await withPassphrase(own)
  noPem = join(folder.path, 'no.pem')
  await writeFile(noPem, 'hunter2')
})
afterAll(() => folder.remove())

function problemsOf(definitions: SettingDefinitions, environment: Environment): readonly string[] {
  try {
    loadSettings(definitions, environment)
    return []
  } catch (error) {
    if (error instanceof SettingsFault) return error.problems
    throw error
  }
}

const KAFKA = { KAFKA_BROKERS: 'a:1', KAFKA_SSL: 'true' }
const REGISTRY = { SCHEMA_REGISTRY_URL: 'https://registry' }

describe('the files of a TLS connection', () => {
  it('are taken when they are certificates, and a key that fits', () => {
    const files = (prefix: string) => ({
      [`${prefix}_CA_FILE`]: ca.cert,
      [`${prefix}_CERT_FILE`]: own.cert,
      [`${prefix}_KEY_FILE`]: own.key,
    })
    expect(problemsOf(KAFKA_SETTINGS, { ...KAFKA, ...files('KAFKA_SSL') })).toEqual([])
    const registry = { ...REGISTRY, ...files('SCHEMA_REGISTRY') }
    expect(problemsOf(REGISTRY_SETTINGS, registry)).toEqual([])
  })

  it('are refused in words that name the variable and never the value', () => {
    const refused = (variables: Environment) =>
      problemsOf(KAFKA_SETTINGS, { ...KAFKA, ...variables })
    const both = (cert: string, key: string) => ({
      KAFKA_SSL_CERT_FILE: cert,
      KAFKA_SSL_KEY_FILE: key,
    })
    const cases: readonly (readonly [Environment, readonly string[]])[] = [
      [{ KAFKA_SSL_CA_FILE: '/hunter2' }, ['KAFKA_SSL_CA_FILE: there is no such file']],
      [{ KAFKA_SSL_CA_FILE: folder.path }, ['KAFKA_SSL_CA_FILE: the file cannot be read (EISDIR)']],
      [{ KAFKA_SSL_CA_FILE: noPem }, ['KAFKA_SSL_CA_FILE: the file holds no PEM certificate']],
      [{ KAFKA_SSL_CA_FILE: own.key }, ['KAFKA_SSL_CA_FILE: the file holds no PEM certificate']],
      [
        { KAFKA_SSL_CERT_FILE: own.cert },
        ['KAFKA_SSL_CERT_FILE: needs KAFKA_SSL_KEY_FILE as well'],
      ],
      [{ KAFKA_SSL_KEY_FILE: own.key }, ['KAFKA_SSL_KEY_FILE: needs KAFKA_SSL_CERT_FILE as well']],
      [both(own.cert, own.cert), ['KAFKA_SSL_KEY_FILE: the file holds no PEM private key']],
      [both(own.cert, other.key), ['KAFKA_SSL_KEY_FILE: the key does not fit the certificate']],
      [
        both(own.cert, encrypted),
        ['KAFKA_SSL_KEY_FILE: the key has a passphrase: give it without one'],
      ],
      [both(noPem, own.key), ['KAFKA_SSL_CERT_FILE: the file holds no PEM certificate']],
    ]
    for (const [variables, problems] of cases) expect(refused(variables)).toEqual(problems)
  })

  it('hold a certificate that is cut off', async () => {
    const cut = join(folder.path, 'cut.crt')
    await writeFile(cut, '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n')
    expect(problemsOf(KAFKA_SETTINGS, { ...KAFKA, KAFKA_SSL_CA_FILE: cut })).toEqual([
      'KAFKA_SSL_CA_FILE: the file holds a certificate that cannot be read',
    ])
  })

  it('are refused where they would have no effect', () => {
    const withoutTls = { KAFKA_BROKERS: 'a:1', KAFKA_SSL_CA_FILE: ca.cert }
    expect(problemsOf(KAFKA_SETTINGS, withoutTls)).toEqual([
      'KAFKA_SSL_CA_FILE: has no effect without KAFKA_SSL=true',
    ])
    const plain = { SCHEMA_REGISTRY_URL: 'http://registry', SCHEMA_REGISTRY_CA_FILE: ca.cert }
    expect(problemsOf(REGISTRY_SETTINGS, plain)).toEqual([
      'SCHEMA_REGISTRY_CA_FILE: has no effect unless SCHEMA_REGISTRY_URL is https',
    ])
  })

  it('count anew when they are renewed, and as they were while they are away', async () => {
    const caFile = join(folder.path, 'renewed.crt')
    await copyFile(own.cert, caFile)
    const files = { caFile, certFile: null, keyFile: null }
    const first = tlsMaterial(files)
    await copyFile(other.cert, `${caFile}.new`)
    await rename(`${caFile}.new`, caFile)
    const second = tlsMaterial(files)
    expect(second).not.toEqual(first)
    await rm(caFile)
    expect(tlsMaterial(files)).toEqual(second)
    expect(tlsMaterial({ caFile: null, certFile: null, keyFile: null })).toEqual({})
  })
})

describe('the files in a Postgres URL', () => {
  const of = (parameters: Readonly<Record<string, string>>) => {
    const url = `postgres://user:hunter2@db/x?${new URLSearchParams(parameters)}`
    return problemsOf(DATABASE_SETTINGS, { DATABASE_URL: url })
  }

  it('are checked as those of Kafka are', () => {
    const tls = { sslmode: 'verify-full', sslrootcert: ca.cert }
    expect(of(tls)).toEqual([])
    expect(of({ ...tls, sslcert: own.cert, sslkey: own.key })).toEqual([])
    expect(of({ ...tls, sslrootcert: noPem })).toEqual([
      'DATABASE_URL: sslrootcert: the file holds no PEM certificate',
    ])
    expect(of({ ...tls, sslcert: own.cert })).toEqual([
      'DATABASE_URL: sslcert: needs sslkey as well',
    ])
    expect(of({ ...tls, sslkey: own.key })).toEqual(['DATABASE_URL: sslkey: needs sslcert as well'])
    expect(of({ ...tls, sslcert: own.cert, sslkey: other.key })).toEqual([
      'DATABASE_URL: sslkey: the key does not fit the certificate',
    ])
  })

  it('and its sslmode are what pg knows', () => {
    expect(of({ sslmode: 'verify' })[0]).toMatch(/^DATABASE_URL: sslmode is one of disable, /)
    expect(of({ sslmode: 'disable', sslrootcert: ca.cert })).toEqual([
      'DATABASE_URL: sslrootcert has no effect: sslmode=disable',
    ])
  })
})

describe('who we are for a registry', () => {
  const problems = (variables: Environment) =>
    problemsOf(REGISTRY_SETTINGS, { ...REGISTRY, ...variables })
  const user = { SCHEMA_REGISTRY_USERNAME: 'user', SCHEMA_REGISTRY_PASSWORD: 'hunter2' }

  it('is a user with a password, or a token, and not both', () => {
    expect(problems(user)).toEqual([])
    expect(problems({ SCHEMA_REGISTRY_TOKEN: 'token' })).toEqual([])
    expect(problems({ SCHEMA_REGISTRY_USERNAME: 'user' })).toEqual([
      'SCHEMA_REGISTRY_USERNAME: needs SCHEMA_REGISTRY_PASSWORD as well',
    ])
    expect(problems({ SCHEMA_REGISTRY_PASSWORD: 'hunter2' })).toEqual([
      'SCHEMA_REGISTRY_PASSWORD: needs SCHEMA_REGISTRY_USERNAME as well',
    ])
    const words = 'SCHEMA_REGISTRY_TOKEN and SCHEMA_REGISTRY_USERNAME: give one of them'
    expect(problems({ ...user, SCHEMA_REGISTRY_TOKEN: 'token' })).toEqual([
      `SCHEMA_REGISTRY_USERNAME: ${words}`,
      `SCHEMA_REGISTRY_TOKEN: ${words}`,
    ])
    const url = { SCHEMA_REGISTRY_URL: 'https://user:hunter2@registry' }
    expect(problems({ ...url, SCHEMA_REGISTRY_TOKEN: 'token' })).toEqual([
      'SCHEMA_REGISTRY_TOKEN: SCHEMA_REGISTRY_URL has credentials too: take them out of it',
    ])
  })

  it('never splits a header', () => {
    expect(problems({ SCHEMA_REGISTRY_TOKEN: 'hunter2\r\nx: y' })).toHaveLength(1)
  })

  it('and its context are said once', () => {
    expect(problems({ SCHEMA_REGISTRY_CONTEXT: '.staging' })).toEqual([])
    expect(problems({ SCHEMA_REGISTRY_CONTEXT: ':.staging:' })).toHaveLength(1)
    const url = { SCHEMA_REGISTRY_URL: 'https://registry/contexts/:.a:' }
    expect(problems({ ...url, SCHEMA_REGISTRY_CONTEXT: 'b' })).toEqual([
      'SCHEMA_REGISTRY_CONTEXT: SCHEMA_REGISTRY_URL names a context too: take it out of one of them',
    ])
  })
})

describe('a SASL mechanism', () => {
  it('is of no use without user and password', () => {
    const mechanism = { KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain' }
    expect(problemsOf(KAFKA_SETTINGS, mechanism)).toEqual([
      'KAFKA_SASL_MECHANISM: needs KAFKA_SASL_USERNAME as well',
    ])
    expect(problemsOf(KAFKA_SETTINGS, { ...mechanism, KAFKA_SASL_USERNAME: 'user' })).toEqual([
      'KAFKA_SASL_MECHANISM: needs KAFKA_SASL_PASSWORD as well',
    ])
  })
})
