import { randomBytes, randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { inject } from 'vitest'
import type { Coordinate } from '#core/outcome.ts'
import type { Domain, Mode } from '#core/routing.ts'
import { controlTopic, eventTopic, quarantineTopic } from '#core/routing.ts'
import type { VersionState } from '#core/versions.ts'
import type { RunningIngress } from '#ingress/ingress.ts'
import { createIngress } from '#ingress/ingress.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import { signatureHeader } from '#ingress/signature.ts'
import { recordCoordinate } from '#local/sender.ts'
import { loadSettings } from '#platform/config/settings.ts'
import { createLogger } from '#platform/log.ts'
import type { Tracing } from '#platform/traces.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { LogRecord } from '../../fixtures/log-reader.ts'
import { readLog } from '../../fixtures/log-reader.ts'
import type { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../../fixtures/temporary-folder.ts'
import { removeTopics } from '../../fixtures/topic-removal.ts'
import { copiedVersion, registerSchemas, setVersionStates } from './stage-schemas.ts'

/** An endpoint as its file describes it. */
export interface DeclaredEndpoint {
  readonly id: string
  readonly tenant_id: string
  readonly live_mode: boolean
  readonly enabled?: boolean
  readonly removed?: boolean
  readonly decision_url?: string
  readonly secrets: readonly {
    readonly id: string
    readonly value: string
    readonly not_after?: string
  }[]
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readonly<Record<string, unknown>>
  /** Where the record lies, when the ingress said so. */
  readonly at: Coordinate | null
}

type HeaderValues = Readonly<Record<string, string | readonly string[] | number>>

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 26 characters as a ULID has them. */
export function ulid(): string {
  return [...randomBytes(26)].map((byte) => CROCKFORD.charAt(byte & 31)).join('')
}

export function newEndpoint(changes: Partial<DeclaredEndpoint> = {}): DeclaredEndpoint {
  const secrets = [{ id: 'k1', value: `whsec_${randomUUID()}` }]
  return {
    id: `whk_${ulid()}`,
    tenant_id: `tnt_${ulid()}`,
    live_mode: false,
    secrets,
    ...changes,
  }
}

/** Posts bytes with exactly these headers. */
export function post(
  url: string,
  body: Uint8Array,
  headers: HeaderValues,
  method = 'POST',
  agent = new Agent(),
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const own = { 'content-length': body.byteLength, ...headers }
    const outgoing = request(
      url,
      { method, agent, headers: own as OutgoingHttpHeaders },
      (reply) => {
        const chunks: Buffer[] = []
        reply.on('error', reject)
        reply.on('data', (chunk: Buffer) => chunks.push(chunk))
        reply.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const place = reply.headers['x-event-router-record']
          resolve({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            body: text === '' ? {} : JSON.parse(text),
            at: recordCoordinate(Array.isArray(place) ? place[0] : place),
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export interface StageOptions {
  /** Of another stage, for an ingress beside it on the same topics; its own when missing. */
  readonly prefix?: string
  readonly brokers?: string
  readonly endpoints?: readonly DeclaredEndpoint[]
  readonly settings?: Readonly<Record<string, string>>
  /** Of the log; debug when missing. */
  readonly level?: string
  readonly tracing?: Tracing
}

/** An ingress in this process with topics and tenants of its own on the shared parts. */
export class IngressStage {
  readonly prefix: string
  readonly logLines: string[] = []
  readonly metrics = new Registry()
  readonly ingress: RunningIngress
  readonly folder: TemporaryFolder
  readonly brokers: string
  url = ''
  readonly #ownsTopics: boolean
  #endpoints: readonly DeclaredEndpoint[] = []
  #stopped = false

  private constructor(folder: TemporaryFolder, options: StageOptions) {
    this.folder = folder
    this.#ownsTopics = options.prefix === undefined
    this.prefix = options.prefix ?? `t${randomUUID().slice(0, 8)}`
    this.brokers = options.brokers ?? inject('kafkaBrokers')
    const settings = loadSettings(INGRESS_SETTINGS, {
      KAFKA_BROKERS: this.brokers,
      TOPIC_PREFIX: this.prefix,
      INGRESS_PORT: '0',
      ENDPOINTS_FILE: this.endpointsFile,
      REPORT_COORDINATES: 'true',
      DRAIN_DELAY_MS: '0',
      // A busy machine is no overload; tests of it say so themselves.
      EVENT_LOOP_MAX_LATE_MS: '10000',
      ...options.settings,
    })
    const write = (line: string) => void this.logLines.push(line)
    const { level = 'debug', tracing = null } = options
    const log = createLogger({ service: 'ingress', level, destination: { write } })
    this.ingress = createIngress({ settings, log, metrics: this.metrics, tracing })
  }

  /** Registers the schemas, starts, and waits until it is ready. */
  static async set(options: StageOptions = {}): Promise<IngressStage> {
    const stage = await IngressStage.bare(options)
    if (options.prefix === undefined) await stage.register()
    await stage.ready()
    await stage.routes(3)
    return stage
  }

  /** Starts without topics, schemas and catalogue. */
  static async bare(options: StageOptions = {}): Promise<IngressStage> {
    const folder = await temporaryFolder('ingress')
    const stage = new IngressStage(folder, options)
    await stage.declare(options.endpoints ?? [newEndpoint()])
    stage.url = await stage.ingress.listen()
    return stage
  }

  get endpointsFile(): string {
    return join(this.folder.path, 'endpoints.json')
  }

  get endpoints(): readonly DeclaredEndpoint[] {
    return this.#endpoints
  }

  get endpoint(): DeclaredEndpoint {
    const [first] = this.#endpoints
    if (first === undefined) throw new Error('no endpoint')
    return first
  }

  async declare(endpoints: readonly DeclaredEndpoint[]): Promise<void> {
    this.#endpoints = endpoints
    await writeFile(this.endpointsFile, JSON.stringify({ endpoints }))
  }

  /** Registers every version, or only what lies in the folder, and routes it at once. */
  async register(schemasFolder = 'schemas'): Promise<void> {
    const { brokers, prefix } = this
    const isNew = await registerSchemas(brokers, prefix, schemasFolder)
    if (isNew) await this.setStates('unknown', 'active')
  }

  /** Gives every version in a state another one, whatever waits for it. */
  async setStates(from: VersionState, to: VersionState): Promise<void> {
    await setVersionStates(this.brokers, this.controlTopic, from, to)
  }

  /** Copies a version of the repository's schemas under another date; returns the folder. */
  async copyOfVersion(version: string, date: string): Promise<string> {
    return await copiedVersion(join(this.folder.path, 'schemas'), version, date)
  }

  async ready(): Promise<void> {
    await eventually(() => this.problems().length === 0, { withinMs: 30_000 })
  }

  /** Waits until so many versions are routed: entries arrive one after another. */
  async routes(versions: number): Promise<void> {
    const count = (line: string) =>
      (JSON.parse(line).versions as readonly string[] | undefined)?.length
    const compiled = () => this.logLines.filter((line) => line.includes('"routes.compiled"')).at(-1)
    await eventually(() => count(compiled() ?? '{}') === versions, { withinMs: 30_000 })
  }

  problems(): readonly string[] {
    return this.ingress.checks.flatMap(({ name, problem }) => {
      const words = problem()
      return words === null ? [] : [`${name}: ${words}`]
    })
  }

  topic(domain: Domain | 'quarantine', mode: Mode = 'sandbox'): string {
    return domain === 'quarantine'
      ? quarantineTopic(this.prefix, mode)
      : eventTopic(this.prefix, mode, domain)
  }

  get controlTopic(): string {
    return controlTopic(this.prefix)
  }

  /** Posts a body signed for the endpoint at this very second. */
  async send(
    body: Uint8Array | string,
    endpoint: DeclaredEndpoint = this.endpoint,
    headers: HeaderValues = {},
  ): Promise<HttpAnswer> {
    const bytes = Buffer.from(body as string)
    const signature = signatureHeader(endpoint.secrets[0]?.value ?? '', bytes, nowSeconds())
    return await this.raw(bytes, endpoint.id, {
      'content-type': 'application/json',
      'QairoPay-Signature': signature,
      ...headers,
    })
  }

  async raw(body: Uint8Array, endpointId: string, headers: HeaderValues): Promise<HttpAnswer> {
    return await post(`${this.url}/v1/hooks/${endpointId}`, body, headers)
  }

  /** Every record of a topic, read by the Java client. */
  async records(domain: Domain | 'quarantine', mode: Mode = 'sandbox'): Promise<LogRecord[]> {
    return await readLog({ brokers: this.brokers, topics: [this.topic(domain, mode)] })
  }

  async metric(name: string): Promise<number> {
    const metric = await this.metrics.getSingleMetric(name)?.get()
    return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0)
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.ingress.stop()
    if (this.#ownsTopics) await removeTopics(this.brokers, this.prefix)
    await this.folder.remove()
  }
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** A golden sample as text, for the endpoint's tenant and mode. */
export async function sampleFor(
  endpoint: DeclaredEndpoint,
  type = 'card.transaction.authorized',
  version = '2026-05-19',
  changes: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const text = await readFile(join('schemas', version, 'samples', `${type}.json`), 'utf8')
  return JSON.stringify({
    ...JSON.parse(text),
    id: `evt_${ulid()}`,
    tenant_id: endpoint.tenant_id,
    live_mode: endpoint.live_mode,
    ...changes,
  })
}
