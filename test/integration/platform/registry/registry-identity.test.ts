import { randomUUID } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { RegistryIdentity } from '#platform/registry/registry-access.ts'
import { RegistryClient } from '#platform/registry/registry-client.ts'
import type { Authority } from '../../../fixtures/certificates.ts'
import { createAuthority } from '../../../fixtures/certificates.ts'
import type { Doorkeeper, DoorTls } from '../../../fixtures/registry-door.ts'
import { jsonAnswer, openDoor } from '../../../fixtures/registry-door.ts'
import type { TemporaryFolder } from '../../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../../fixtures/temporary-folder.ts'

/** The machine may be busy. */
const PATIENT_MS = 10_000

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Probe',
  namespace: 'test',
  fields: [{ name: 'a', type: ['null', 'long'], default: null }],
})

/** A registration from first to last, and a look at the schema by a client that knows nothing. */
async function roundTrip(url: string, identity: RegistryIdentity) {
  const client = new RegistryClient({ url, identity, timeoutMs: PATIENT_MS })
  const subject = `test.${randomUUID()}`
  const set = await client.setCompatibility(subject)
  if (set.kind !== 'ok') return set
  const registered = await client.register(subject, SCHEMA)
  if (registered.kind !== 'ok') return registered
  const found = await client.registeredId(subject, SCHEMA)
  expect(found).toEqual(registered)
  const text = await new RegistryClient({ url, identity, timeoutMs: PATIENT_MS }).schemaText(
    registered.value,
  )
  return text.kind === 'ok' ? { kind: 'ok', schema: JSON.parse(String(text.value)) } : text
}

const WHOLE = { kind: 'ok', schema: JSON.parse(SCHEMA) }
const passOn: Doorkeeper = (_, pass) => pass()

function guarded(authorization: string): Doorkeeper {
  return (request, pass) =>
    request.headers.authorization === authorization
      ? pass()
      : jsonAnswer(401, { error_code: 401, message: 'Unauthorized' })
}

async function door(keeper: Doorkeeper, tls: DoorTls | null = null): Promise<string> {
  return (await openDoor(inject('registryUrl'), keeper, tls)).url
}

describe('a registry that wants to know who we are', () => {
  const basic = `Basic ${Buffer.from('user:p@ss:word').toString('base64')}`
  const refused = { kind: 'refused', status: 401 }

  it('takes a user and a password', async () => {
    const url = await door(guarded(basic))
    expect(await roundTrip(url, { username: 'user', password: 'p@ss:word' })).toEqual(WHOLE)
    expect(await roundTrip(url, { username: 'user', password: 'no' })).toMatchObject(refused)
    expect(await roundTrip(url, {})).toMatchObject(refused)
  })

  it('takes them from its address too', async () => {
    const url = new URL(await door(guarded(basic)))
    url.username = 'user'
    url.password = encodeURIComponent('p@ss:word')
    expect(await roundTrip(String(url), {})).toEqual(WHOLE)
  })

  it('takes a bearer token', async () => {
    const url = await door(guarded('Bearer to.ke-n'))
    expect(await roundTrip(url, { token: 'to.ke-n' })).toEqual(WHOLE)
    expect(await roundTrip(url, { token: 'another' })).toMatchObject(refused)
  })
})

describe('a registry with contexts', () => {
  const CONTEXT = ':.staging:'

  it('may be named in the address', async () => {
    const keeper: Doorkeeper = ({ path }, pass) => {
      const base = `/contexts/${CONTEXT}`
      return path.startsWith(`${base}/`) ? pass(path.slice(base.length)) : jsonAnswer(500, {})
    }
    expect(await roundTrip(`${await door(keeper)}/contexts/${CONTEXT}`, {})).toEqual(WHOLE)
  })

  it('may be named in each subject, and in the question for an id', async () => {
    const keeper: Doorkeeper = ({ path }, pass) => {
      const plain = decodeURIComponent(path)
      const named = plain.includes(`/${CONTEXT}test.`) || plain.endsWith(`?subject=${CONTEXT}`)
      if (!named) return jsonAnswer(500, {})
      return pass(plain.replace(`?subject=${CONTEXT}`, '').replace(CONTEXT, ''))
    }
    const url = await door(keeper)
    expect(await roundTrip(url, { context: '.staging' })).toEqual(WHOLE)
    expect(await roundTrip(url, { context: 'staging' })).toEqual(WHOLE)
  })
})

describe('a registry behind TLS', () => {
  let folder: TemporaryFolder
  let ours: Authority
  let theirs: Authority
  const trusting = ({ cert }: Authority) => ({ caFile: cert, certFile: null, keyFile: null })

  beforeAll(async () => {
    folder = await temporaryFolder('registry-tls')
    ours = await createAuthority(folder.path, 'ours')
    theirs = await createAuthority(folder.path, 'theirs')
  })
  afterAll(() => folder.remove())

  it('is trusted for the authority that the settings name, and for no other', async () => {
    const url = await door(passOn, await ours.issue('registry'))
    expect(await roundTrip(url, { tls: trusting(ours) })).toEqual(WHOLE)
    for (const identity of [{}, { tls: trusting(theirs) }]) {
      const answer = await roundTrip(url, identity)
      expect(answer.kind).toBe('unreachable')
      expect(JSON.stringify(answer)).toMatch(
        /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY|UNABLE_TO_GET/,
      )
    }
  })

  it('may ask for our certificate', async () => {
    const tls = { ...(await ours.issue('strict')), clientAuthority: ours.cert }
    const url = await door(passOn, tls)
    const known = await ours.issue('router')
    const stranger = await theirs.issue('stranger')
    const as = ({ cert, key }: typeof known) => ({
      tls: { caFile: ours.cert, certFile: cert, keyFile: key },
    })
    expect(await roundTrip(url, as(known))).toEqual(WHOLE)
    expect(await roundTrip(url, as(stranger))).toMatchObject({ kind: 'unreachable' })
    expect(await roundTrip(url, { tls: trusting(ours) })).toMatchObject({ kind: 'unreachable' })
  })

  it('may get a new authority while we run', async () => {
    const caFile = join(folder.path, 'current.crt')
    await copyFile(ours.cert, caFile)
    const identity = { tls: { caFile, certFile: null, keyFile: null } }
    const before = new RegistryClient({
      url: await door(passOn, await ours.issue('old')),
      identity,
    })
    expect((await before.compatibility('test')).kind).toBe('ok')
    const url = await door(passOn, await theirs.issue('new'))
    const client = new RegistryClient({ url, identity })
    expect((await client.compatibility('test')).kind).toBe('unreachable')
    await copyFile(theirs.cert, caFile)
    expect((await client.compatibility('test')).kind).toBe('ok')
  })
})
