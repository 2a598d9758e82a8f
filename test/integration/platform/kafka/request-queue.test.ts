import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, inject, it } from 'vitest'

const program = fileURLToPath(new URL('../../../fixtures/idle-client.ts', import.meta.url))

it('an idle connection to Kafka sets no timer again and again, and warns of nothing', async () => {
  const child = spawn(process.execPath, [program, inject('kafkaBrokers')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect([code, complaint]).toEqual([0, ''])
  // While one connection idled for a second; kafkajs's own loop would make hundreds.
  expect(Number(out)).toBeLessThan(50)
})
