import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DOMAINS, eventTopic, MODES, quarantineTopic } from '#core/routing.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { IngressProcess } from '../fixtures/ingress-process.ts'
import { startIngressProcess } from '../fixtures/ingress-process.ts'
import type { LogRecord } from '../fixtures/log-reader.ts'
import { readLog } from '../fixtures/log-reader.ts'
import { publishTopics } from '../fixtures/published-topics.ts'
import { VERSIONS } from '../fixtures/published-versions.ts'
import type { TemporaryFolder } from '../fixtures/temporary-folder.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import type { Canaries } from './canaries.ts'
import { canariesOf } from './canaries.ts'
import { plainRequest } from './case.ts'
import type { Endpoints } from './endpoints.ts'
import { newEndpoints } from './endpoints.ts'
import { exchange } from './exchange.ts'
import { messageOf } from './message.ts'

/** Versions in the catalogue beside those of the repository. */
const ODD_VERSIONS = [
  { date: '2031-12-31', state: 'draining' },
  { date: '2024-01-01', state: 'retired' },
] as const

/** Time-outs are short, so that cases that wait for them take few seconds. */
const PATIENCE = {
  HEADERS_TIMEOUT_MS: '1000',
  REQUEST_TIMEOUT_MS: '1500',
  // What a busy machine does to Kafka is no matter of these requests.
  QUEUE_MAX_AGE_MS: '14500',
  EVENT_LOOP_MAX_LATE_MS: '10000',
}

/** Settings by the name of the ingress. */
const INGRESSES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  usual: PATIENCE,
  strict: {
    ...PATIENCE,
    STALE_SIGNATURE: 'reject',
    UNSEEN_ENDPOINT: 'refuse',
    OLD_SIGNATURE_HEADER: 'false',
    CARD_NUMBERS: 'quarantine',
  },
  lenient: { ...PATIENCE, STALE_SIGNATURE: 'accept' },
}

const UNKNOWN_VERSION = plainRequest({ event: { api_version: '2030-01-01' } })

/** Listening ingresses with topics of their own on one Kafka. */
export class CorpusStage {
  readonly prefix = `c${randomUUID().slice(0, 8)}`
  readonly endpoints: Endpoints = newEndpoints()
  readonly canaries: Canaries = canariesOf(this.endpoints)
  /** Places of records that the stage itself made. */
  readonly own: string[] = []
  readonly #brokers: string
  readonly #folder: TemporaryFolder
  readonly #ingresses = new Map<string, IngressProcess>()

  private constructor(brokers: string, folder: TemporaryFolder) {
    this.#brokers = brokers
    this.#folder = folder
  }

  /** @param names which ingresses; all unless told */
  static async set(brokers: string, names = Object.keys(INGRESSES)): Promise<CorpusStage> {
    const stage = new CorpusStage(brokers, await temporaryFolder('corpus'))
    try {
      await stage.#start(names)
      return stage
    } catch (error) {
      await stage.stop()
      throw error
    }
  }

  get ingresses(): readonly IngressProcess[] {
    return [...this.#ingresses.values()]
  }

  ingress(name: string): IngressProcess {
    const ingress = this.#ingresses.get(name)
    if (ingress === undefined) throw new Error(`no ingress ${name}`)
    return ingress
  }

  /** Every record that the ingresses wrote, read by the Java client. */
  async records(): Promise<readonly LogRecord[]> {
    const topics = MODES.flatMap((mode) => [
      ...DOMAINS.map((domain) => eventTopic(this.prefix, mode, domain)),
      quarantineTopic(this.prefix, mode),
    ])
    return await readLog({ brokers: this.#brokers, topics })
  }

  async stop(): Promise<void> {
    await Promise.all(this.ingresses.map((ingress) => ingress.stop()))
    await this.#folder.remove()
  }

  async #start(names: readonly string[]): Promise<void> {
    await publishTopics(this.#brokers, this.prefix, ODD_VERSIONS)
    const endpointsFile = join(this.#folder.path, 'endpoints.json')
    const endpoints = Object.values(this.endpoints)
    await writeFile(endpointsFile, JSON.stringify({ endpoints }), { mode: 0o600 })
    await Promise.all(names.map((name) => this.#startOne(name, endpointsFile)))
  }

  async #startOne(name: string, endpointsFile: string): Promise<void> {
    const ingress = await startIngressProcess({
      name,
      folder: join(this.#folder.path, 'logs'),
      brokers: this.#brokers,
      endpointsFile,
      env: { TOPIC_PREFIX: this.prefix, LOG_LEVEL: 'debug', ...INGRESSES[name] },
    })
    this.#ingresses.set(name, ingress)
    const versions = VERSIONS.length + ODD_VERSIONS.length
    const compiled = async () => {
      const lines = (await ingress.log()).split('\n')
      const last = lines.findLast((line) => line.includes('"routes.compiled"')) ?? '{}'
      return (JSON.parse(last).versions as readonly string[] | undefined)?.length === versions
    }
    await eventually(compiled, { withinMs: 30_000 })
    await eventually(() => this.#knowsWhatIsUnknown(ingress), { withinMs: 30_000 })
  }

  /** In its first seconds an ingress cannot tell an unknown version from one it has not heard of. */
  async #knowsWhatIsUnknown({ port }: IngressProcess): Promise<boolean> {
    const { endpoints, canaries } = this
    const now = () => Math.floor(Date.now() / 1000)
    const around = { endpoints, canaries, ids: new Map<string, string>(), now }
    const { bytes } = messageOf(UNKNOWN_VERSION, around)
    const giveUpMs = 5000
    const one = { port, bytes, pieces: [], ending: null, answers: 1, giveUpMs }
    const [answer] = (await exchange(one)).answers
    const at = answer?.headers.get('x-event-router-record')
    if (at !== undefined) this.own.push(at)
    return answer?.status === 202
  }
}
