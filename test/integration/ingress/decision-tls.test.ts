import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '#local/parts/ports.ts'
import type { Authority, CertificateFiles } from '../../fixtures/certificates.ts'
import { createAuthority } from '../../fixtures/certificates.ts'
import { APPROVAL, approve, DecisionServer } from '../../fixtures/decision-server.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { IngressStage, newEndpoint } from './stage.ts'

const call = JSON.stringify({ type: 'card.transaction.authorization_request' })
const DECIDED = [200, APPROVAL]
const UNDECIDED = [503, 'decision_unavailable']

let folder: TemporaryFolder
let ours: Authority
let theirs: Authority

beforeAll(async () => {
  folder = await temporaryFolder('decision-tls')
  ours = await createAuthority(folder.path, 'ours')
  theirs = await createAuthority(folder.path, 'theirs')
})

afterAll(async () => {
  await folder.remove()
})

async function material({ cert, key }: CertificateFiles) {
  return { cert: await readFile(cert), key: await readFile(key) }
}

async function service(options: Parameters<typeof DecisionServer.start>[1]) {
  const server = await DecisionServer.start(approve, options)
  onTestFinished(() => server.stop())
  return server
}

/** An ingress on its own, since Kafka has no part in a call; asks the services in turn. */
async function ingressOf(urls: readonly string[], settings: Readonly<Record<string, string>>) {
  const endpoints = urls.map((url) => newEndpoint({ decision_url: url }))
  const brokers = `127.0.0.1:${await freePort()}`
  const stage = await IngressStage.bare({ brokers, endpoints, settings })
  onTestFinished(() => stage.stop())
  const ask = async () => {
    const answers = await Promise.all(endpoints.map((endpoint) => stage.send(call, endpoint)))
    return answers.map(({ status, body }) => {
      const error = body.error as { readonly code: string } | undefined
      return [status, error?.code ?? JSON.stringify(body)]
    })
  }
  return { stage, ask }
}

describe('a decision service behind https', () => {
  let trusted: DecisionServer
  let untrusted: DecisionServer

  beforeEach(async () => {
    trusted = await service(await material(await ours.issue('trusted')))
    untrusted = await service(await material(await theirs.issue('untrusted')))
  })

  it('decides when the authority that was named stands for it, and else is told nothing', async () => {
    const urls = [trusted.url, untrusted.url]
    const { stage, ask } = await ingressOf(urls, { AUTHORIZATION_CA_FILE: ours.cert })
    expect(await ask()).toEqual([DECIDED, UNDECIDED])
    expect([trusted.calls.length, untrusted.calls.length]).toEqual([1, 0])
    expect(stage.logLines.join()).toContain('decision service: unreachable')
  })

  it('of a private authority is not trusted unless somebody says so', async () => {
    const { ask } = await ingressOf([trusted.url], {})
    expect(await ask()).toEqual([UNDECIDED])
    expect(trusted.calls).toEqual([])
  })

  it('is trusted by the authority that is in the file at the time of the call', async () => {
    const file = join(folder.path, 'renewed.crt')
    await copyFile(theirs.cert, file)
    const { ask } = await ingressOf([trusted.url], { AUTHORIZATION_CA_FILE: file })
    expect(await ask()).toEqual([UNDECIDED])
    await copyFile(ours.cert, file)
    expect(await ask()).toEqual([DECIDED])
  })

  it('that asks for our certificate sees it', async () => {
    const asking = { requestCert: true, rejectUnauthorized: true, ca: await readFile(ours.cert) }
    const strict = await service({ ...(await material(await ours.issue('strict'))), ...asking })
    const { cert, key } = await ours.issue('ingress')
    const shown = { AUTHORIZATION_CERT_FILE: cert, AUTHORIZATION_KEY_FILE: key }
    const trust = { AUTHORIZATION_CA_FILE: ours.cert }
    expect(await (await ingressOf([strict.url], { ...trust, ...shown })).ask()).toEqual([DECIDED])
    expect(await (await ingressOf([strict.url], trust)).ask()).toEqual([UNDECIDED])
    expect(strict.calls).toHaveLength(1)
  })
})
