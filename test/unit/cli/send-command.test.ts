import { writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'
import { answerLine, summaryLine } from '#cli/send-command.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'

it('prints an answer with its place', () => {
  const at = { topic: 'qairopay.sandbox.card', partition: 3, offset: '17' }
  const answer = {
    kind: 'answered',
    status: 200,
    body: '{"received":true}\n',
    at,
    tookMs: 4,
  } as const
  expect(answerLine('evt_1', answer)).toBe(
    '200  evt_1  qairopay.sandbox.card/3/17  4 ms  {"received":true}',
  )
})

it('prints that no answer came, and why', () => {
  const answer = { kind: 'unanswered', reason: 'ECONNREFUSED', tookMs: 1 } as const
  expect(answerLine('evt_1', answer)).toBe('---  evt_1  no answer (ECONNREFUSED)')
})

it('counts the answers', () => {
  const answers = new Map([
    ['200', 3],
    ['503', 1],
  ])
  expect(summaryLine(answers, 2)).toBe('sent 4: 3 x 200, 1 x 503 in 2.00 s (2/s)')
})

const SECRETS = [{ id: 'k1', value: 'secret' }]
const ENDPOINTS = [
  { id: 'whk_a', tenant_id: 'tnt_a', live_mode: false, secrets: SECRETS },
  { id: 'whk_b', tenant_id: 'tnt_b', live_mode: true, secrets: SECRETS },
]

interface Sent {
  readonly path: string
  readonly atMs: number
  readonly event: Readonly<Record<string, unknown>>
}

/** An ingress that answers as told, with the endpoints that it knows. */
async function ingress(answer: (response: ServerResponse, position: number) => void) {
  const sent: Sent[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const event = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    sent.push({ path: request.url ?? '', atMs: performance.now(), event })
    answer(response, sent.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const folder = await temporaryFolder('send')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await folder.remove()
  })
  const file = join(folder.path, 'endpoints.json')
  await writeFile(file, JSON.stringify({ endpoints: ENDPOINTS }))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { sent, folder: folder.path, environment: { INGRESS_URL: url, ENDPOINTS_FILE: file } }
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const lines: string[] = []
  const stopped = new AbortController().signal
  const line = (text: string) => void lines.push(text)
  const terminal = { environment, line, note: () => {}, stopped }
  let fault: unknown = null
  await runCommand(['send', ...args], terminal).catch((error: unknown) => {
    fault = error
  })
  return { lines, fault }
}

const SAMPLE = ['--type', 'card.transaction.authorized', '--version', '2026-05-19']

describe('send', () => {
  it('sends samples of the first endpoint’s tenant, each with an id of its own', async () => {
    const { sent, environment } = await ingress((response) => response.end('{}'))
    const { lines, fault } = await run([...SAMPLE, '--count', '5'], environment)
    expect(fault).toBeNull()
    expect(lines).toHaveLength(6)
    expect(lines.at(-1)).toMatch(/^sent 5: 5 x 200/)
    expect(new Set(sent.map(({ event }) => event.id)).size).toBe(5)
    expect(sent[0]).toMatchObject({
      path: '/v1/hooks/whk_a',
      event: { type: 'card.transaction.authorized', tenant_id: 'tnt_a', live_mode: false },
    })
  })

  it('sends for the tenant it is told, in its mode', async () => {
    const { sent, environment } = await ingress((response) => response.end('{}'))
    await run([...SAMPLE, '--tenant', 'tnt_b'], environment)
    expect(sent).toMatchObject([
      { path: '/v1/hooks/whk_b', event: { tenant_id: 'tnt_b', live_mode: true } },
    ])
  })

  it('names the tenants there are when it does not know one', async () => {
    const { environment } = await ingress((response) => response.end('{}'))
    const { fault } = await run([...SAMPLE, '--tenant', 'tnt_x'], environment)
    expect(fault).toBeInstanceOf(CliFault)
    expect(String(fault)).toMatch(/tnt_x; there is one of tnt_a, tnt_b/)
  })

  it('fails when one event is not accepted', async () => {
    const { environment } = await ingress((response, position) =>
      response.writeHead(position === 2 ? 503 : 200).end(),
    )
    const { lines, fault } = await run([...SAMPLE, '--count', '3'], environment)
    expect(lines.at(-1)).toMatch(/2 x 200/)
    expect(lines.at(-1)).toMatch(/1 x 503/)
    expect(fault).toMatchObject({ exitCode: 1 })
  })

  it('keeps to the rate', async () => {
    const { sent, environment } = await ingress((response) => response.end('{}'))
    const begun = performance.now()
    await run([...SAMPLE, '--count', '5', '--rate', '20'], environment)
    const last = sent.at(-1)?.atMs ?? 0
    expect(last - begun).toBeGreaterThanOrEqual(195)
  })

  it('sends the event of a file', async () => {
    const { sent, folder, environment } = await ingress((response) => response.end('{}'))
    const file = join(folder, 'event.json')
    await writeFile(file, '{"type":"weather.changed","api_version":"2026-05-19","data":{"a":1}}')
    const { fault } = await run(['--file', file], environment)
    expect(fault).toBeNull()
    expect(sent).toMatchObject([{ event: { type: 'weather.changed', data: { a: 1 } } }])
  })
})
