import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { RegistryClient } from '#platform/registry/registry-client.ts'

const SCHEMA = JSON.stringify({ type: 'record', name: 'A', fields: [] })

let server: Server | null = null

/** A registry that answers as told, and its address. */
async function registry(answer: (request: IncomingMessage, reply: ServerResponse) => void) {
  const listening = createServer(answer)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(listening.address() as AddressInfo).port}`
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = null
})

describe('the registry client', () => {
  it('gives up on a registry that hangs', async () => {
    const client = new RegistryClient({ url: `http://${await registry(() => {})}`, timeoutMs: 500 })
    const unreachable = { kind: 'unreachable', reason: 'TimeoutError' }
    expect(await client.compatibility('a')).toEqual(unreachable)
    expect(await client.register('a', SCHEMA)).toMatchObject({ kind: 'unreachable' })
  })

  it('tells an unreachable registry from one that refuses', async () => {
    const gone = await registry(() => {})
    server?.close()
    const client = new RegistryClient({ url: `http://${gone}` })
    const unreachable = { kind: 'unreachable', reason: 'ECONNREFUSED' }
    expect(await client.registeredId('a', SCHEMA)).toEqual(unreachable)
    expect(await client.register('a', SCHEMA)).toMatchObject({ kind: 'unreachable' })
  })

  it('passes on why a schema is refused', async () => {
    const url = await registry((request, response) => {
      if (request.method === 'GET') reply(response, 200, { compatibilityLevel: 'FULL_TRANSITIVE' })
      else reply(response, 409, { error_code: 409, message: 'not compatible' })
    })
    const client = new RegistryClient({ url: `http://${url}` })
    expect(await client.register('a', SCHEMA)).toEqual({
      kind: 'refused',
      status: 409,
      reason: 'not compatible',
    })
  })

  it('takes a 404 of something that is no registry for a refusal', async () => {
    const url = await registry((_request, response) => reply(response, 404, {}))
    const client = new RegistryClient({ url: `http://${url}` })
    expect(await client.compatibility('a')).toMatchObject({ kind: 'refused', status: 404 })
  })

  it('asks for an unknown id once in ten seconds', async () => {
    let asked = 0
    const url = await registry((_request, response) => {
      asked += 1
      reply(response, 404, { error_code: 40403, message: 'Schema not found' })
    })
    let now = 0
    const client = new RegistryClient({ url: `http://${url}`, now: () => now })
    for (let i = 0; i < 20; i += 1)
      expect(await client.schemaText(7)).toMatchObject({ value: null })
    expect(asked).toBe(1)
    now = 10_001
    await client.schemaText(7)
    expect(asked).toBe(2)
  })

  it('asks for a known id once', async () => {
    let asked = 0
    const url = await registry((_request, response) => {
      asked += 1
      reply(response, 200, { schema: SCHEMA })
    })
    const client = new RegistryClient({ url: `http://${url}` })
    await client.schemaText(7)
    expect(await client.schemaText(7)).toEqual({ kind: 'ok', value: SCHEMA })
    expect(asked).toBe(1)
  })

  it('sends the credentials of its address with every call', async () => {
    const seen = new Set<string | undefined>()
    const url = await registry((request, response) => {
      seen.add(request.headers.authorization)
      reply(response, 200, { compatibilityLevel: 'FULL_TRANSITIVE', id: 3, schema: SCHEMA })
    })
    const client = new RegistryClient({ url: `http://user:word@${url}` })
    await client.compatibility('a')
    expect(await client.register('a', SCHEMA)).toEqual({ kind: 'ok', value: 3 })
    expect([...seen]).toEqual([`Basic ${Buffer.from('user:word').toString('base64')}`])
  })
})
