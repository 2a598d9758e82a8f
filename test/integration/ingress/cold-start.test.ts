import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { signatureHeader } from '#ingress/signature.ts'
import { startKafka } from '#local/parts/kafka.ts'
import { freePorts } from '#local/parts/ports.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { testHost } from '../../fixtures/part-host.ts'
import { ServiceProcess } from '../../fixtures/service-process.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { IngressStage, nowSeconds, post, sampleFor } from './stage.ts'

const soon = { withinMs: 60_000 }
/** What an ingress may say besides its lines about requests while something is away for seconds. */
const FEW_LINES = 15

async function ingress(stage: IngressStage, brokers: string): Promise<ServiceProcess> {
  const service = await ServiceProcess.start('ingress', {
    KAFKA_BROKERS: brokers,
    TOPIC_PREFIX: stage.prefix,
    ENDPOINTS_FILE: stage.endpointsFile,
    ENDPOINTS_POLL_MS: '100',
    INGRESS_PORT: '0',
  })
  onTestFinished(() => service.kill())
  return service
}

/** Sends one signed event; its status and code. */
async function sent(service: ServiceProcess, { endpoint }: IngressStage) {
  const body = Buffer.from(await sampleFor(endpoint))
  const signature = signatureHeader(endpoint.secrets[0]?.value ?? '', body, nowSeconds())
  const url = `${service.url}/v1/hooks/${endpoint.id}`
  const answer = await post(url, body, { 'QairoPay-Signature': signature })
  const error = answer.body.error as { code?: string } | undefined
  return { status: answer.status, code: error?.code ?? null, headers: answer.headers }
}

/** Lines that are not about one request each. */
function ownLines(service: ServiceProcess) {
  return service.lines().filter(({ event }) => event !== 'webhook.received')
}

describe('an ingress that starts while Kafka is away', () => {
  it('is live, not ready in words, answers 503, says little, and serves by itself once Kafka is there; no registry is asked', async () => {
    const folder = await temporaryFolder('ingress-cold-start')
    onTestFinished(() => folder.remove())
    const [port = 0, controllerPort = 0] = await freePorts(2)
    const brokers = `127.0.0.1:${port}`
    const stage = await IngressStage.bare({ brokers })
    onTestFinished(() => stage.stop())
    const service = await ingress(stage, brokers)
    expect(await service.live()).toBe(true)
    expect(await service.problems()).toEqual({
      catalogue: expect.stringMatching(/control cannot be reached|not been read yet/),
      kafka: 'Kafka cannot be reached',
    })
    const refused = await sent(service, stage)
    expect(refused).toMatchObject({ status: 503, code: 'catalogue_unavailable' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(await service.metric('service_readiness_problem')).toBe(2)

    const dataDir = join(folder.path, 'kafka')
    const options = { dataDir, logFile: join(folder.path, 'kafka.log'), port, controllerPort }
    const kafka = await startKafka(options, testHost())
    onTestFinished(async () => void (await kafka.stop()))
    await stage.register()
    await service.ready()
    expect((await sent(service, stage)).status).toBe(200)
    expect(await service.metric('service_readiness_problem')).toBe(0)
    const events = ownLines(service).map(({ event }) => event)
    expect(events).toEqual(expect.arrayContaining(['kafka.unreachable', 'kafka.reached']))
    expect(events).toEqual(expect.arrayContaining(['control_tail.away', 'control_tail.back']))
    expect(events.length, events.join()).toBeLessThanOrEqual(FEW_LINES)
    expect(service.output).not.toMatch(/registry/i)
    expect(await service.stop()).toBe(0)
  })
})

describe('an ingress whose endpoints are away', () => {
  it('at the start is live, not ready in words, answers 503, and serves once they are there; later it keeps what it has', async () => {
    const stage = await IngressStage.set()
    onTestFinished(() => stage.stop())
    await rm(stage.endpointsFile)
    const service = await ingress(stage, stage.brokers)
    expect(await service.live()).toBe(true)
    await eventually(async () => {
      expect(await service.problems()).toEqual({ endpoints: 'cannot be read (ENOENT)' })
      return true
    }, soon)
    const refused = await sent(service, stage)
    expect(refused).toMatchObject({ status: 503, code: 'endpoints_not_loaded' })

    await stage.declare(stage.endpoints)
    await service.ready()
    expect((await sent(service, stage)).status).toBe(200)
    expect(await service.metric('ingress_endpoints_last_reload_successful')).toBe(1)

    await rm(stage.endpointsFile)
    await eventually(
      async () => (await service.metric('ingress_endpoints_last_reload_successful')) === 0,
      soon,
    )
    expect(await service.problems()).toBeNull()
    expect((await sent(service, stage)).status).toBe(200)
    await stage.declare(stage.endpoints)
    await eventually(
      async () => (await service.metric('ingress_endpoints_last_reload_successful')) === 1,
      soon,
    )
    expect(service.lines('endpoints.broken')).toMatchObject([{ kept: 0 }, { kept: 1 }])
    expect(ownLines(service).length).toBeLessThanOrEqual(FEW_LINES)
    expect(await service.stop()).toBe(0)
  })
})
