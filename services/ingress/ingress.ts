import { randomUUID } from 'node:crypto'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { RegisteredSchema } from '#core/catalogue.ts'
import { controlTopic, endpointUsageTopic } from '#core/routing.ts'
import type { EventEncoder } from '#platform/avro/event-encoder.ts'
import { compileEventEncoder } from '#platform/avro/event-encoder.ts'
import type { ReadinessCheck } from '#platform/http/management.ts'
import { BatchSender } from '#platform/kafka/batch-sender.ts'
import { connectionOf } from '#platform/kafka/connection.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import { startControlTail } from '#platform/kafka/control-tail.ts'
import type { Logger } from '#platform/log.ts'
import { errorFields } from '#platform/log.ts'
import type { Tracing } from '#platform/traces.ts'
import { Admission } from './admission.ts'
import { ingressApp } from './app.ts'
import { BodyIntake } from './body-intake.ts'
import { receiveCall } from './call-reception.ts'
import { DecisionServices } from './decision-service.ts'
import { watchedEndpoints } from './endpoint-place.ts'
import type { WatchedEndpoints } from './endpoint-store.ts'
import { endpointsHash } from './endpoints-hash.ts'
import { GroupCommit } from './group-commit.ts'
import { Identifier } from './identification.ts'
import { LoopLateness } from './loop-lateness.ts'
import type { IngressLevels, IngressMetrics } from './metrics.ts'
import { ingressMetrics } from './metrics.ts'
import { Receiver } from './receiver.ts'
import { RecentEvents } from './recent-events.ts'
import { Report } from './report.ts'
import type { RouteTable } from './routes.ts'
import { compileRoutes } from './routes.ts'
import { SecretUsage } from './secret-usage.ts'
import type { SecretUsageWriter } from './secret-usage-writer.ts'
import { usageWriter } from './secret-usage-writer.ts'
import type { IngressSettings } from './settings.ts'
import { TenantRates } from './tenant-rates.ts'

export interface IngressOptions {
  readonly settings: IngressSettings
  readonly log: Logger
  readonly metrics: Registry
  /** None are made when missing. */
  readonly tracing?: Tracing | null
}

/** An ingress in this process. */
export interface RunningIngress {
  readonly checks: readonly ReadinessCheck[]
  /** Takes webhooks from now on; resolves with `http://host:port`. */
  listen(): Promise<string>
  /** Stops in order: nothing acknowledged is lost, no request in flight is cut off. */
  stop(): Promise<void>
}

const RECONNECT_DELAY_MS = 100
const BACK_OFF_MS = 100
/** What is still waiting for Kafka after the last request has ended. */
const FLUSH_CAP_MS = 2000

/** Compiles each schema once, whatever becomes of the catalogue. */
function encoderMemo(log: Logger): (schema: RegisteredSchema) => EventEncoder | null {
  const known = new Map<string, EventEncoder | null>()
  return ({ subject, schemaId, schema }) => {
    const key = `${schemaId}/${subject}`
    const found = known.get(key)
    if (found !== undefined) return found
    let encoder: EventEncoder | null = null
    try {
      encoder = compileEventEncoder({ schemaText: schema, schemaId })
    } catch (error) {
      log.error({ event: 'schema.unusable', subject, schema_id: schemaId, ...errorFields(error) })
    }
    known.set(key, encoder)
    return encoder
  }
}

/** The route table of now, made anew whenever the catalogue changes. */
function routeTable(control: ControlTail, prefix: string, log: Logger): () => RouteTable {
  const encoderFor = encoderMemo(log)
  const compile = () => compileRoutes(control.entries().values(), prefix, encoderFor)
  let table = compile()
  control.onChange(() => {
    table = compile()
    const versions = [...table.versions].map(([version, { state }]) => `${version} ${state}`)
    log.info({ event: 'routes.compiled', versions })
  })
  return () => table
}

class Ingress implements RunningIngress {
  readonly #settings: IngressSettings
  readonly #endpoints: WatchedEndpoints
  readonly #usage: SecretUsage
  readonly #usageWriter: SecretUsageWriter
  readonly #control: ControlTail
  readonly #sender: BatchSender
  /** Connects when a partition cannot be written. */
  readonly #trialSender: BatchSender
  readonly #commit: GroupCommit
  readonly #decisions: DecisionServices
  readonly #rates: TenantRates
  readonly #loop = new LoopLateness(() => performance.now())
  readonly #intake: BodyIntake
  readonly #admission: Admission
  readonly #receiver: Receiver
  readonly #app: FastifyInstance
  #draining = false

  constructor({ settings, log, metrics: registry, tracing = null }: IngressOptions) {
    this.#settings = settings
    const connection = connectionOf(settings, 'event-router-ingress')
    const { topicPrefix, attemptTimeoutMs, catalogueLeaseMs: leaseMs } = settings
    const topic = controlTopic(topicPrefix)
    this.#control = startControlTail({ connection, topic, log, leaseMs })
    const reconnectDelayMs = RECONNECT_DELAY_MS
    const sending = { connection, log, attemptTimeoutMs, reconnectDelayMs }
    this.#sender = new BatchSender(sending)
    this.#trialSender = new BatchSender(sending)
    const metrics = ingressMetrics(registry, this.#levels())
    this.#commit = this.#newCommit(metrics)
    this.#rates = new TenantRates({
      perSecond: settings.tenantRatePerSecond,
      burst: settings.tenantBurst,
    })
    const { bodyBytes, bodiesBytes: budgetBytes } = settings
    this.#intake = new BodyIntake({ bodyBytes, budgetBytes }, () => performance.now())
    this.#admission = this.#newAdmission()
    this.#endpoints = watchedEndpoints(settings, log, (result, count) => {
      metrics.endpointReloads.inc({ result })
      metrics.endpoints.set(count)
      metrics.endpointsCurrent.set(result === 'loaded' ? 1 : 0)
      const current = this.#endpoints.current()
      if (current !== null) metrics.endpointsHash.set(endpointsHash(current))
      this.#usage.keepLoaded(current)
    })
    this.#decisions = new DecisionServices({
      budgetMs: settings.authorizationBudgetMs,
      maxInFlight: settings.authorizationMaxInFlight,
      tls: {
        caFile: settings.authorizationCaFile,
        certFile: settings.authorizationCertFile,
        keyFile: settings.authorizationKeyFile,
      },
    })
    this.#usage = new SecretUsage(endpointUsageTopic(topicPrefix), randomUUID())
    this.#usageWriter = usageWriter(this.#usage, settings, log)
    this.#receiver = this.#newReceiver(routeTable(this.#control, topicPrefix, log))
    this.#app = ingressApp({
      receiver: this.#receiver,
      intake: this.#intake,
      report: new Report(log, metrics, () => performance.now()),
      knows: (id) => this.#endpoints.seen(id),
      settings,
      draining: () => this.#draining,
      tracing,
    })
  }

  get checks(): readonly ReadinessCheck[] {
    return [
      { name: 'draining', problem: () => (this.#draining ? 'is stopping' : null) },
      { name: 'endpoints', problem: () => this.#endpoints.problem() },
      { name: 'catalogue', problem: () => this.#catalogueProblem() },
      { name: 'kafka', problem: () => this.#sender.problem() },
    ]
  }

  async listen(): Promise<string> {
    this.#sender.connect()
    this.#loop.start()
    await this.#endpoints.start()
    this.#usageWriter.start()
    const { host, port } = this.#settings
    return await this.#app.listen({ host, port })
  }

  async stop(): Promise<void> {
    const { drainDelayMs, drainDeadlineMs } = this.#settings
    this.#draining = true
    await delay(drainDelayMs)
    // The kernel resets what waits in the backlog of a listener that closes: take it in first.
    await turn()
    const deadline = setTimeout(() => {
      this.#receiver.close()
      this.#app.server.closeAllConnections()
    }, drainDeadlineMs)
    await this.#app.close()
    clearTimeout(deadline)
    this.#receiver.close()
    await Promise.race([this.#commit.drained(), delay(FLUSH_CAP_MS, undefined, { ref: false })])
    this.#decisions.close()
    this.#loop.stop()
    await Promise.all([
      this.#endpoints.stop(),
      this.#usageWriter.stop(),
      this.#sender.close(),
      this.#trialSender.close(),
      this.#control.stop(),
    ])
  }

  #catalogueProblem(): string | null {
    const empty = this.#control.entries().size === 0 ? 'no API version is registered' : null
    return this.#control.problem() ?? empty
  }

  #levels(): IngressLevels {
    return {
      queueRecords: () => this.#commit.depth,
      queueBytes: () => this.#commit.bytes,
      brokenEntries: () => this.#control.brokenEntries(),
      leaseHeld: () => this.#control.leaseHeld(Date.now()),
      versionStates: () => [...this.#control.entries().values()].map(({ state }) => state),
      limits: this.#settings,
      pressure: () => this.#admission.pressure,
      waitingTenants: () => this.#commit.tenants,
      limitedTenants: () => this.#rates.size,
      requests: () => this.#requests(),
      bodyBytes: () => this.#intake.bytes,
      lateMs: () => this.#loop.sustainedMs,
    }
  }

  #requests(): number {
    return this.#intake.bodies + this.#receiver.inHand
  }

  #newAdmission(): Admission {
    const { queueRecords, queueBytes, queueAgeMs, ...settings } = this.#settings
    const { maxRequests: requests, loopMaxLateMs, shedOrder } = settings
    return new Admission({
      limits: { queueRecords, queueBytes, queueAgeMs, loopMaxLateMs, requests, shedOrder },
      queue: this.#commit,
      rates: this.#rates,
      lateMs: () => this.#loop.sustainedMs,
      requests: () => this.#requests(),
      now: () => performance.now(),
    })
  }

  #newCommit(metrics: IngressMetrics): GroupCommit {
    const settings = this.#settings
    const { queueRecords, queueBytes, queueAgeMs } = settings
    const limits = {
      batch: { records: settings.batchRecords, bytes: settings.batchBytes },
      queueRecords,
      queueBytes,
      queueAgeMs,
      deadlineMs: settings.recordDeadlineMs,
      backOffMs: BACK_OFF_MS,
    }
    const observer = {
      attempted: (result: string, _records: number, uncovered: number) => {
        metrics.attempts.inc({ result })
        if (uncovered > 0) metrics.uncovered.inc(uncovered)
      },
    }
    const writers = { main: this.#sender, trial: this.#trialSender }
    return new GroupCommit(writers, limits, observer, () => performance.now())
  }

  #newReceiver(table: () => RouteTable): Receiver {
    const settings = this.#settings
    const policy = {
      toleranceSeconds: settings.signatureToleranceSeconds,
      oldSignatureHeader: settings.oldSignatureHeader,
      unseenEndpoint: settings.unseenEndpoint,
      waitingBytes: settings.bodiesBytes / 2,
    }
    const identifier = new Identifier(this.#endpoints, policy, Date.now, (endpoint, secret, at) =>
      this.#usage.matched(endpoint, secret, at),
    )
    return new Receiver({
      identify: (webhook) => identifier.identify(webhook),
      committer: this.#commit,
      admission: this.#admission,
      recent: new RecentEvents(settings.recentEvents),
      table,
      leaseHeld: (nowMs) => this.#control.leaseHeld(nowMs),
      jsonDepth: settings.jsonDepth,
      staleSignature: settings.staleSignature,
      cardNumbers: settings.cardNumbers,
      takesCalls: (id) => (this.#endpoints.current()?.get(id)?.decisionUrl ?? null) !== null,
      answerCall: (who, call, webhook) => receiveCall(who, call, webhook, this.#decisions),
      now: Date.now,
    })
  }
}

/** Wires an ingress. Connects to Kafka and reads the catalogue in the background; listens later. */
export function createIngress(options: IngressOptions): RunningIngress {
  return new Ingress(options)
}
