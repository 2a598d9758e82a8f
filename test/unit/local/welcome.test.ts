import { execFile } from 'node:child_process'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { parseEnvelope } from '#core/envelope.ts'
import type { Endpoint } from '#ingress/endpoints.ts'
import { parseSignatureHeader, verify } from '#ingress/signature.ts'
import { demoEndpoints } from '#local/demo-endpoints.ts'
import type { RunFile } from '#local/run-file.ts'
import { writeRunFile } from '#local/run-file.ts'
import { shellWord, signedExample, welcome } from '#local/welcome.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

const execute = promisify(execFile)
const shell = (text: string) => execute('bash', ['-c', text])

let folder: TemporaryFolder
let endpoints: readonly Endpoint[]
beforeEach(async () => {
  folder = await temporaryFolder("it's a folder")
  endpoints = await demoEndpoints(join(folder.path, 'endpoints.json'))
})
afterEach(() => folder.remove())

function optionsFor(
  ingress: string,
  variables: Readonly<Record<string, string>> = {},
  waitingVersions: readonly string[] = [],
) {
  const run: RunFile = {
    ingress,
    management: 'http://127.0.0.1:9080',
    kafka: '127.0.0.1:9092',
    registry: 'http://127.0.0.1:8081/apis/ccompat/v7',
    database: 'postgres://event_router:password@127.0.0.1:15432/event_router',
    endpointsFile: join(folder.path, 'endpoints.json'),
    processes: {},
  }
  const runFile = join(folder.path, 'run.json')
  const metrics = [['ingress', 9081] as const]
  return { run, runFile, logs: '.local/logs', endpoints, metrics, variables, waitingVersions }
}

interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A server that takes one request and answers 200. */
async function listener(): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      received.push({ url: request.url ?? '', headers: request.headers, body })
      response.end('{"received":true}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

describe('the example that is printed', () => {
  it('posts an event with its endpoint\u2019s own signature when it is pasted into a shell', async () => {
    const { url, received } = await listener()
    const [endpoint] = endpoints
    if (endpoint === undefined) throw new Error('no endpoint')
    const { stdout } = await shell(signedExample(endpoint, optionsFor(url)).join('\n'))
    expect(stdout).toMatch(/^HTTP\/1.1 200 OK[\s\S]*\{"received":true\}\n$/)

    const [request] = received
    if (request === undefined) throw new Error('nothing was posted')
    expect(request.url).toBe(`/v1/hooks/${endpoint.id}`)
    const header = parseSignatureHeader(String(request.headers['qairopay-signature']))
    if (header === null) throw new Error('no signature')
    const verification = verify(header, request.body, endpoint.secrets, Date.now() / 1000, 300)
    expect(verification).toMatchObject({ kind: 'verified', stale: false })
    const parsed = parseEnvelope(JSON.parse(request.body.toString('utf8')))
    expect(parsed).toMatchObject({
      ok: true,
      envelope: { tenantId: endpoint.tenantId, liveMode: false, apiVersion: '2026-05-19' },
    })
  })

  it('is another event each time', async () => {
    const { url, received } = await listener()
    const [endpoint] = endpoints
    if (endpoint === undefined) throw new Error('no endpoint')
    const text = signedExample(endpoint, optionsFor(url)).join('\n')
    await shell(text)
    await shell(text)
    const ids = received.map(({ body }) => JSON.parse(body.toString('utf8')).id)
    expect(new Set(ids).size).toBe(2)
    for (const id of ids) expect(id).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/)
  })
})

describe('the welcome', () => {
  it('shows no secret and no password', async () => {
    const lines = welcome(optionsFor('http://127.0.0.1:8080')).join('\n')
    expect(lines).not.toContain('password')
    for (const { secrets } of endpoints) {
      expect(lines).not.toContain(secrets[0]?.key.export().toString('utf8'))
    }
  })

  it('tells how to get into the database, with a command that finds the password', async () => {
    const options = optionsFor('http://127.0.0.1:8080')
    await writeRunFile(options.runFile, options.run)
    const line = welcome(options).find((each) => each.includes('psql')) ?? ''
    const command = line.trim().replace(/^Postgres +psql/, 'echo')
    expect((await shell(command)).stdout).toBe(`${options.run.database}\n`)
  })

  it('names the command that activates a version which is registered only, and none otherwise', () => {
    const variables = { LOCAL_DIR: 'my stack' }
    const url = 'http://127.0.0.1:8080'
    const lines = welcome(optionsFor(url, variables, ['2026-09-01']))
    expect(lines).toContain("LOCAL_DIR='my stack' npm run cli -- versions release 2026-09-01")
    expect(lines.join('\n')).toContain('Registered, but not routed yet: 2026-09-01.')
    expect(welcome(optionsFor(url)).join('\n')).not.toContain('versions release')
  })

  it('tells how to read the example from its topic', () => {
    const plain = welcome(optionsFor('http://127.0.0.1:8080'))
    expect(plain).toContain('npm run cli -- tail --mode sandbox --domain card --from-beginning')
    const moved = welcome(optionsFor('http://127.0.0.1:8080', { LOCAL_DIR: 'my stack' }))
    expect(moved).toContain(
      "LOCAL_DIR='my stack' npm run cli -- tail --mode sandbox --domain card --from-beginning",
    )
  })
})

it('quotes words for a shell, whatever is in them', async () => {
  const word = `a 'b' "c" $d \\e`
  expect((await shell(`printf %s ${shellWord(word)}`)).stdout).toBe(word)
  expect(shellWord('.local/run.json')).toBe('.local/run.json')
})
