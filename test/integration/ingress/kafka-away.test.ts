import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { freeze } from '../../fixtures/frozen-process.ts'
import { testHost } from '../../fixtures/part-host.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import type { HttpAnswer } from './stage.ts'
import { IngressStage, sampleFor } from './stage.ts'

const soon = { withinMs: 60_000 }

function codeOf({ body }: HttpAnswer): unknown {
  return (body.error as { code?: unknown } | undefined)?.code
}

describe('an ingress whose Kafka goes away', () => {
  it('answers 503 in time, sheds what waits too long, and goes on by itself; nothing acknowledged is lost', async () => {
    const folder = await temporaryFolder('ingress-kafka-away')
    onTestFinished(() => folder.remove())
    const [port = 0, controllerPort = 0] = await freePorts(2)
    const dataDir = join(folder.path, 'kafka')
    const options = { dataDir, logFile: join(folder.path, 'kafka.log'), port, controllerPort }
    let kafka = await startKafka(options, testHost())
    onTestFinished(async () => {
      await kafka.stop()
    })
    const stage = await IngressStage.set({
      brokers: kafka.brokers,
      settings: { RECORD_DEADLINE_MS: '3000', QUEUE_MAX_AGE_MS: '1000' },
    })
    onTestFinished(() => stage.stop())
    const acknowledged: string[] = []
    const send = async (): Promise<HttpAnswer> => {
      const body = await sampleFor(stage.endpoint)
      const answer = await stage.send(body)
      if (answer.status === 200) acknowledged.push(JSON.parse(body).id)
      return answer
    }

    expect((await send()).status).toBe(200)
    await kafka.kill()
    const expired = await send()
    expect([expired.status, codeOf(expired)]).toEqual([503, 'not_durable'])
    // New ones come while the oldest has waited for long already.
    const pending: Promise<HttpAnswer>[] = []
    const codes = new Set<unknown>()
    await eventually(() => {
      const answer = send()
      pending.push(answer)
      void answer.then((reply) => codes.add(codeOf(reply)))
      return codes.has('queue_full')
    }, soon)
    expect((await Promise.all(pending)).every(({ status }) => status === 503)).toBe(true)
    expect(stage.problems().join()).toContain('kafka')

    kafka = await startKafka(options, testHost())
    await eventually(async () => (await send()).status === 200, soon)
    await eventually(() => stage.problems().length === 0, soon)

    await freeze(kafka.pid)
    const frozen = await send()
    expect([frozen.status, codeOf(frozen)]).toEqual([503, 'not_durable'])
    process.kill(kafka.pid, 'SIGCONT')
    await eventually(async () => (await send()).status === 200, soon)

    const stored = new Set((await stage.records('card')).map(({ headers }) => headers.ce_id))
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
    expect(acknowledged.length).toBeGreaterThanOrEqual(3)
  })
})
