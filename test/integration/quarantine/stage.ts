import { inject } from 'vitest'
import { CliFault } from '#cli/fault.ts'
import { runCommand } from '#cli/program.ts'
import { signatureHeader } from '#ingress/signature.ts'
import { createLogger } from '#platform/log.ts'
import type { Database, Row } from '#platform/postgres/database.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { DeclaredEndpoint, HttpAnswer } from '../ingress/stage.ts'
import { IngressStage, nowSeconds, sampleFor } from '../ingress/stage.ts'

/** A version that nobody has registered when a stage begins. */
export const NEW_VERSION = '2031-02-03'

export interface Ran {
  readonly lines: readonly string[]
  /** What went to standard error. */
  readonly notes: readonly string[]
  readonly fault: CliFault | null
}

/** An ingress with its quarantine, and the command line of whoever works with it. */
export class QuarantineStage {
  readonly ingress: IngressStage
  readonly database: Database
  /** All that any command has said. */
  readonly said: string[] = []

  readonly #settings: Readonly<Record<string, string>>

  private constructor(
    ingress: IngressStage,
    database: Database,
    settings: Readonly<Record<string, string>>,
  ) {
    this.#settings = settings
    this.ingress = ingress
    this.database = database
  }

  static async set(
    endpoints: readonly DeclaredEndpoint[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<QuarantineStage> {
    const database = openDatabase({
      url: inject('databaseUrl'),
      applicationName: 'test',
      poolSize: 2,
      statementTimeoutMs: 10_000,
      log: createLogger({ service: 'test', level: 'silent' }),
    })
    const folder = new URL('../../../services/consumers/runtime/migrations/', import.meta.url)
    const [ingress] = await Promise.all([
      IngressStage.set({ endpoints, settings }),
      migrate(database, [{ folder, versionTable: 'runtime.schema_version' }]),
    ])
    const stage = new QuarantineStage(ingress, database, settings)
    await stage.#lease()
    return stage
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      ...this.#settings,
      KAFKA_BROKERS: this.ingress.brokers,
      SCHEMA_REGISTRY_URL: inject('registryUrl'),
      TOPIC_PREFIX: this.ingress.prefix,
      DATABASE_URL: inject('databaseUrl'),
      ENDPOINTS_FILE: this.ingress.endpointsFile,
      LOCAL_DIR: '/nowhere',
    }
  }

  /** Until the catalogue is known to be fresh nothing is called unknown. */
  async #lease(): Promise<void> {
    const { ingress } = this
    await eventually(async () => (await this.#unknown(ingress.endpoint)).status === 202, {
      withinMs: 30_000,
    })
  }

  async #unknown(endpoint: DeclaredEndpoint): Promise<HttpAnswer> {
    return await this.ingress.send(await this.newEvent(endpoint), endpoint)
  }

  /** An event of the version that nobody knows. */
  async newEvent(
    endpoint: DeclaredEndpoint,
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const own = { api_version: NEW_VERSION, ...changes }
    return await sampleFor(endpoint, 'card.transaction.authorized', '2026-05-19', own)
  }

  /** Sends what was signed some time ago. */
  async sendLate(body: string, endpoint: DeclaredEndpoint): Promise<HttpAnswer> {
    const bytes = Buffer.from(body)
    const secret = endpoint.secrets[0]?.value ?? ''
    const signature = signatureHeader(secret, bytes, nowSeconds() - 1000)
    return await this.ingress.raw(bytes, endpoint.id, { 'QairoPay-Signature': signature })
  }

  /** Makes the version known, as the registrar does. */
  async learn(): Promise<void> {
    const { ingress } = this
    await ingress.register(await ingress.copyOfVersion('2026-05-19', NEW_VERSION))
    await ingress.routes(4)
  }

  /** Runs a verb below `quarantine` in this process. */
  async run(
    args: readonly string[],
    stopped: AbortSignal = new AbortController().signal,
    onNote: (text: string) => void = () => {},
  ): Promise<Ran> {
    return await this.runVerb(['quarantine', ...args], stopped, onNote)
  }

  async runVerb(
    args: readonly string[],
    stopped: AbortSignal = new AbortController().signal,
    onNote: (text: string) => void = () => {},
    otherwise: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    const lines: string[] = []
    const notes: string[] = []
    let fault: CliFault | null = null
    const environment = { ...this.environment, ...otherwise }
    const note = (text: string) => {
      notes.push(text)
      onNote(text)
    }
    try {
      const line = (text: string) => void lines.push(text)
      await runCommand(args, { environment, line, note, stopped })
    } catch (error) {
      if (!(error instanceof CliFault)) throw error
      fault = error
    }
    this.said.push(...lines, ...notes, fault?.message ?? '')
    return { lines, notes, fault }
  }

  /** The audit of this stage, oldest first. */
  async audit(): Promise<readonly Row[]> {
    return await this.database.session((session) =>
      session.query({
        text: "SELECT actor, action, arguments, outcome FROM runtime.audit WHERE arguments->>'topic' LIKE $1 ORDER BY id",
        values: [`${this.ingress.prefix}.%`],
      }),
    )
  }

  async stop(): Promise<void> {
    await this.ingress.stop()
    await this.database.end()
  }
}
