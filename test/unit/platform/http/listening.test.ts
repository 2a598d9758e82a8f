import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const NO_BROKER = '127.0.0.1:1'

async function takenPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return String((server.address() as AddressInfo).port)
}

describe('a port that somebody else has', () => {
  it.each([
    ['services/ingress/main.ts', 'INGRESS_PORT'],
    ['services/ingress/main.ts', 'MANAGEMENT_PORT'],
    ['services/consumers/card/main.ts', 'MANAGEMENT_PORT'],
  ])('ends %s with 1, and one line that names %s', async (file, variable) => {
    const env = {
      KAFKA_BROKERS: NO_BROKER,
      DATABASE_URL: `postgres://${NO_BROKER}/none`,
      ENDPOINTS_FILE: '/nowhere',
      DRAIN_DELAY_MS: '0',
      INGRESS_PORT: '0',
      MANAGEMENT_PORT: '0',
      [variable]: await takenPort(),
    }
    const ended = await new Promise<{ code: unknown; out: string }>((resolve) => {
      execFile(process.execPath, [file], { cwd: ROOT, env }, (error, out) =>
        resolve({ code: error?.code, out }),
      )
    })
    expect(ended.code).toBe(1)
    const lines = ended.out.trim().split('\n')
    const fatal = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'fatal')
    expect(fatal).toMatchObject([
      { event: 'service.not_started', problem: expect.stringMatching(`${variable}.*EADDRINUSE`) },
    ])
  })
})
