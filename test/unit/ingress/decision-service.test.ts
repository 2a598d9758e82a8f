import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { CallToDecide } from '#ingress/decision-service.ts'
import { DecisionServices } from '#ingress/decision-service.ts'
import { parseEndpoints } from '#ingress/endpoints.ts'
import type { TlsFiles } from '#platform/config/tls-files.ts'
import { APPROVAL, approve, DecisionServer } from '../../fixtures/decision-server.ts'
import { eventually } from '../../fixtures/eventually.ts'

const KIB = 1024
const body = Buffer.from('{ "type":"card.transaction.authorization_request", "n":1.00 }')
const signature = { name: 'QairoPay-Signature', value: `t=1,v1=${'0'.repeat(64)}` } as const

const open: { stop(): Promise<void> | void }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

function endpointOf(id = 'whk_1') {
  const secrets = [{ id: 'k1', value: 's' }]
  const entry = { id, tenant_id: 'tnt_1', live_mode: true, secrets }
  const result = parseEndpoints([{ endpoints: [entry] }])
  const [endpoint] = result.ok ? result.endpoints.values() : []
  if (endpoint === undefined) throw new Error('no endpoint')
  return endpoint
}

async function serverThat(answering: DecisionServer['answering']): Promise<DecisionServer> {
  const server = await DecisionServer.start(answering)
  open.push(server)
  return server
}

const NO_FILES = { caFile: null, certFile: null, keyFile: null }

function services(budgetMs = 5000, maxInFlight = 64, tls: TlsFiles = NO_FILES): DecisionServices {
  const made = new DecisionServices({ budgetMs, maxInFlight, tls })
  open.push({ stop: () => made.close() })
  return made
}

function callTo(url: string, changes: Partial<CallToDecide> = {}): CallToDecide {
  return {
    endpoint: endpointOf(),
    url: new URL(url),
    body,
    contentType: 'application/json; charset=utf-8',
    signature,
    traceparent: null,
    arrivedAtMs: performance.now(),
    ...changes,
  }
}

/** A listener that does with its sockets what it is told. */
async function socketsThat(deed: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(deed)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ stop: () => void server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('a decision service', () => {
  it('gets the exact bytes, their type, the signature, and who the call is for', async () => {
    const server = await serverThat(approve)
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const answer = await services().decide(callTo(server.url, { traceparent }))
    expect(answer).toEqual({
      kind: 'decided',
      body: Buffer.from(APPROVAL),
      contentType: 'application/vnd.decision+json',
    })
    const [call] = server.calls
    expect(call?.body).toEqual(body)
    expect(call?.path).toBe('/decide?site=1')
    expect(call?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'qairopay-signature': signature.value,
      'x-event-router-endpoint': 'whk_1',
      'x-event-router-tenant': 'tnt_1',
      'x-event-router-mode': 'live',
      'x-event-router-budget-ms': expect.stringMatching(/^\d{2,4}$/),
      traceparent,
    })
  })

  it('sees an old signature header under its old name', async () => {
    const server = await serverThat(approve)
    const old = { name: 'X-QairoPay-Signature', value: signature.value } as const
    await services().decide(callTo(server.url, { signature: old }))
    expect(server.calls[0]?.headers).toHaveProperty('x-qairopay-signature', signature.value)
    expect(server.calls[0]?.headers).not.toHaveProperty('qairopay-signature')
  })

  it('gets a type that cannot travel as one that can', async () => {
    const server = await serverThat(approve)
    for (const contentType of [undefined, '', 'x'.repeat(300), 'a\u00e9']) {
      await services().decide(callTo(server.url, { contentType }))
    }
    const types = server.calls.map(({ headers }) => headers['content-type'])
    expect(new Set(types)).toEqual(new Set(['application/octet-stream']))
  })

  it('may answer any 2xx, with 64 KiB at most, and with nothing', async () => {
    const server = await serverThat((response) => response.writeHead(204).end())
    const nothing = { kind: 'decided', body: Buffer.alloc(0), contentType: null }
    expect(await services().decide(callTo(server.url))).toEqual(nothing)
    const full = Buffer.alloc(64 * KIB, 0x20)
    server.answering = (response) => response.writeHead(201).end(full)
    expect(await services().decide(callTo(server.url))).toMatchObject({ body: full })
  })

  it('keeps its connections', async () => {
    const server = await serverThat(approve)
    const kept = services()
    for (let i = 0; i < 5; i += 1) await kept.decide(callTo(server.url))
    expect(server.connections).toBe(1)
  })
})

describe('a decision service that does not decide', () => {
  it.each([
    [500, 'refused'],
    [503, 'refused'],
    [400, 'refused'],
    [409, 'refused'],
    [301, 'redirected'],
    [307, 'redirected'],
    [304, 'redirected'],
  ] as const)(
    'answers %i: there is no decision, and nothing is followed',
    async (status, reason) => {
      const elsewhere = await serverThat(approve)
      const server = await serverThat((response) =>
        response.writeHead(status, { location: elsewhere.url }).end(APPROVAL),
      )
      expect(await services().decide(callTo(server.url))).toEqual({ kind: 'none', reason })
      expect([server.calls.length, elsewhere.calls.length]).toEqual([1, 0])
    },
  )

  it('answers more than 64 KiB, announced or not', async () => {
    const large = Buffer.alloc(64 * KIB + 1, 0x20)
    const server = await serverThat((response) => {
      response.writeHead(200, { 'content-length': large.length }).write(large.subarray(0, 10))
    })
    const tooLarge = { kind: 'none', reason: 'too_large' }
    expect(await services().decide(callTo(server.url))).toEqual(tooLarge)
    server.answering = (response) => {
      response.writeHead(200)
      const more = () => {
        while (response.write(large)) if (response.destroyed) return
      }
      response.on('drain', more)
      more()
    }
    expect(await services().decide(callTo(server.url))).toEqual(tooLarge)
  })

  it('answers compressed, which nobody asked for', async () => {
    const server = await serverThat((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(APPROVAL),
    )
    expect(await services().decide(callTo(server.url))).toMatchObject({ reason: 'encoded' })
  })

  it('hangs, before or in the middle of its answer, no longer than the budget', async () => {
    const server = await serverThat(() => undefined)
    const hasty = services(200)
    const begun = performance.now()
    expect(await hasty.decide(callTo(server.url))).toEqual({ kind: 'none', reason: 'late' })
    server.answering = (response) => response.writeHead(200).write('{"decision":')
    expect(await hasty.decide(callTo(server.url))).toEqual({ kind: 'none', reason: 'late' })
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  it('takes connections and says nothing at all', async () => {
    const url = await socketsThat(() => undefined)
    expect(await services(200).decide(callTo(url))).toMatchObject({ reason: 'late' })
  })

  it('is not asked when the budget went to a slow body', async () => {
    const server = await serverThat(approve)
    const arrivedAtMs = performance.now() - 1000
    const answer = await services(900).decide(callTo(server.url, { arrivedAtMs }))
    expect(answer).toEqual({ kind: 'none', reason: 'late' })
    expect(server.calls).toEqual([])
  })

  it('is not there, closes at once, closes in the middle, or speaks no HTTP', async () => {
    const gone = await socketsThat(() => undefined)
    await open.pop()?.stop()
    const closing = await socketsThat((socket) => socket.destroy())
    const babbling = await socketsThat((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    for (const url of [gone, closing, babbling]) {
      expect(await services().decide(callTo(url))).toEqual({ kind: 'none', reason: 'unreachable' })
    }
    const half = await serverThat((response) => {
      response.writeHead(200, { 'content-length': 100 }).write(APPROVAL)
      setImmediate(() => response.destroy())
    })
    expect(await services().decide(callTo(half.url))).toMatchObject({ reason: 'broken_off' })
    const chunked = await serverThat((response) => {
      response.writeHead(200).write(APPROVAL)
      setImmediate(() => response.destroy())
    })
    expect(await services().decide(callTo(chunked.url))).toMatchObject({ reason: 'broken_off' })
  })

  it('is asked once, whatever it answers', async () => {
    const server = await serverThat((response) => response.destroy())
    await services().decide(callTo(server.url))
    expect(server.calls).toHaveLength(1)
  })

  it('holds no more calls of an endpoint than it may, and none of another one', async () => {
    const hanging = await serverThat(() => undefined)
    const fast = await serverThat(approve)
    const made = services(1500, 3)
    const held = Array.from({ length: 3 }, () => made.decide(callTo(hanging.url)))
    await eventually(() => hanging.calls.length === 3, { withinMs: 5000 })
    expect(await made.decide(callTo(hanging.url))).toEqual({ kind: 'none', reason: 'busy' })
    const other = callTo(fast.url, { endpoint: endpointOf('whk_2') })
    expect(await made.decide(other)).toMatchObject({ kind: 'decided' })
    expect(await Promise.all(held)).toMatchObject([
      { reason: 'late' },
      { reason: 'late' },
      { reason: 'late' },
    ])
    hanging.answering = approve
    expect(await made.decide(callTo(hanging.url))).toMatchObject({ kind: 'decided' })
  })

  it('leaves no connection behind when it was too late', async () => {
    let sockets = 0
    const url = await socketsThat((socket) => {
      sockets += 1
      socket.resume()
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets -= 1
      })
    })
    await services(100).decide(callTo(url))
    await eventually(() => sockets === 0, { withinMs: 5000 })
  })
})
