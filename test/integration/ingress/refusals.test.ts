import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { kafkaClient } from '#platform/kafka/connection.ts'
import { createLogger } from '#platform/log.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { HttpAnswer, StageOptions } from './stage.ts'
import { IngressStage, newEndpoint, sampleFor } from './stage.ts'

const soon = { withinMs: 30_000 }
const log = createLogger({ service: 'test', level: 'silent' })

let stage: IngressStage

afterEach(async () => {
  await stage.stop()
})

async function set(options: StageOptions = {}): Promise<void> {
  stage = await IngressStage.set(options)
}

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

async function deleteTopic(topic: string): Promise<void> {
  const connection = { brokers: [stage.brokers], clientId: 'test', ssl: false, sasl: null }
  const admin = kafkaClient(connection, log, 3).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [topic] })
  await eventually(async () => !(await admin.listTopics()).includes(topic), soon)
  await admin.disconnect()
}

describe('a topic that is gone', () => {
  it('of a domain: 503 for its events, and the others go on', async () => {
    await set({ settings: { RECORD_DEADLINE_MS: '4000' } })
    await deleteTopic(stage.topic('card'))
    const answer = await eventually(async () => {
      const reply = await stage.send(await sampleFor(stage.endpoint))
      return codeOf(reply) === 'broker_refused' ? reply : null
    }, soon)
    expect(answer.status).toBe(503)
    expect(await stage.metric('ingress_alarms_total')).toBeGreaterThan(0)
    const other = await stage.send(await sampleFor(stage.endpoint, 'pass.created'))
    expect(other.status).toBe(200)
  })

  it('of the quarantine: 503, since nothing was set aside', async () => {
    await set({ settings: { RECORD_DEADLINE_MS: '4000' } })
    await deleteTopic(stage.topic('quarantine'))
    const answer = await stage.send('no json')
    expect([answer.status, codeOf(answer)]).toEqual([503, 'quarantine_unavailable'])
  })
})

describe('endpoints', () => {
  it('that are added are served with the very first request for them', async () => {
    await set({ settings: { ENDPOINTS_POLL_MS: '60000' } })
    const added = newEndpoint()
    await stage.declare([...stage.endpoints, added])
    expect((await stage.send(await sampleFor(added), added)).status).toBe(200)
  })

  it('whose file is broken stay as they were', async () => {
    await set({ settings: { ENDPOINTS_POLL_MS: '100' } })
    await writeFile(stage.endpointsFile, '{"endpoints":[{"id":')
    await eventually(() => stage.logLines.join('').includes('endpoints.broken'), soon)
    expect((await stage.send(await sampleFor(stage.endpoint))).status).toBe(200)
    expect(stage.problems()).toEqual([])
  })

  it('that were never read: 503, and not ready', async () => {
    stage = await IngressStage.bare({ endpoints: [], settings: { ENDPOINTS_FILE: '/nowhere' } })
    const answer = await stage.send('{}', newEndpoint())
    expect([answer.status, codeOf(answer)]).toEqual([503, 'endpoints_not_loaded'])
    expect(stage.problems().join()).toContain('endpoints')
  })
})

/** What a raw socket gets back for these bytes; the connection is closed by the ingress. */
function exchange(bytes: string): Promise<string> {
  const { port, hostname } = new URL(stage.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

describe('bytes that are no request', () => {
  it('are answered in the one shape of errors', async () => {
    await set({ settings: { HEADERS_TIMEOUT_MS: '1000', REQUEST_TIMEOUT_MS: '1500' } })
    const path = `/v1/hooks/${stage.endpoint.id}`
    const cases = [
      ['no HTTP', 'nonsense\r\n\r\n', 400, 'bad_request'],
      [
        'no Host',
        `POST ${path} HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`,
        400,
        'malformed_header',
      ],
      [
        'a strange expectation',
        `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n{}`,
        400,
        'malformed_header',
      ],
      [
        'two lengths',
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
        400,
        'bad_request',
      ],
      [
        'huge headers',
        `POST ${path} HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
        431,
        'headers_too_large',
      ],
      ['unfinished headers', `POST ${path} HTTP/1.1\r\nHost: a\r\n`, 408, 'request_timeout'],
      [
        'an unfinished body',
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}`,
        408,
        'request_timeout',
      ],
    ] as const
    for (const [name, bytes, status, code] of cases) {
      const text = await exchange(bytes)
      const [head = '', body = '{}'] = text.split('\r\n\r\n')
      const answer = JSON.parse(body)
      expect([name, head.split(' ')[1], answer.error?.code]).toEqual([name, String(status), code])
    }
  })
})
