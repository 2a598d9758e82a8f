import type { HandledDomain } from '#core/routing.ts'
import { consumerGroup, controlTopic, modeOf } from '#core/routing.ts'
import { groupStatuses } from '../consumers-command.ts'
import { endpointBook } from '../endpoint-access.ts'
import type { FoundEndpoints } from '../found-endpoints.ts'
import type { Terminal } from '../terminal.ts'
import { writtenEntries } from '../versions-book.ts'
import type { BrokerFacts } from './brokers.ts'
import { brokerFindings } from './brokers.ts'
import type { DatedEntry } from './catalogue.ts'
import { catalogueFindings } from './catalogue.ts'
import type { GroupFacts } from './consumers.ts'
import { consumerFindings, deadLetterFindings } from './consumers.ts'
import { clockFindings, databaseFindings } from './database.ts'
import type { Delivery } from './delivery.ts'
import { deliver } from './delivery.ts'
import { endpointFindings } from './endpoints.ts'
import type { Finding } from './finding.ts'
import { fault } from './finding.ts'
import type { KafkaSettings } from './kafka-reading.ts'
import { brokersOf, doctorConnection, readBrokers, readTopics } from './kafka-reading.ts'
import { readDatabase, readQuarantine, readRegistry } from './part-readings.ts'
import { quarantineFindings } from './quarantine.ts'
import type { Reading } from './reading.ts'
import { bounded, findingsOn, skipped } from './reading.ts'
import { registryFindings } from './registry.ts'
import { sendFindings } from './sending.ts'
import type { DeployedGroup, DoctorSettings, Given } from './settings.ts'
import { deployedGroups, settingsFindings } from './settings.ts'
import type { EndpointWish } from './test-event.ts'
import { chosenEndpoint } from './test-event.ts'
import { clusterFindings, topicFindings } from './topics.ts'

/** A test event that is asked for. */
export interface SendWish extends EndpointWish {
  readonly ingressUrl: string
  readonly domain: HandledDomain
  readonly withinMs: number
}

export interface Examination {
  /** Its environment is complete; it prints nothing. */
  readonly terminal: Terminal
  readonly settings: DoctorSettings
  /** Where the settings come from, in words. */
  readonly source: string
  readonly isLocal: boolean
  /** Null when nothing is to be sent. */
  readonly send: SendWish | null
}

/** No look takes longer; all go on side by side. */
const LOOK_WITHIN_MS = 25_000

type Look<Value> = Promise<Reading<Value>>

/** A look that needs settings; without them it is skipped, since their fault is told already. */
async function lookWith<Settings, Value>(
  given: Given<Settings>,
  work: (settings: Settings) => Promise<Value>,
): Look<Value> {
  if (!given.ok) return skipped('its settings cannot be used')
  return await bounded(LOOK_WITHIN_MS, () => work(given.value))
}

/** All looks of an examination, each on its way. */
class Looks {
  readonly #examination: Examination
  readonly #deployed: readonly DeployedGroup[]
  readonly brokers: Look<BrokerFacts>
  readonly catalogue: Look<readonly DatedEntry[]>
  readonly database
  readonly endpoints: Look<FoundEndpoints>
  readonly groups: Look<GroupFacts>
  readonly quarantine
  readonly registry
  readonly topics

  constructor(examination: Examination) {
    const { settings, terminal, isLocal } = examination
    this.#examination = examination
    this.#deployed = deployedGroups(settings)
    const domains = [...new Set(this.#deployed.map(({ domain }) => domain))]
    const modes = [...new Set(this.#deployed.map(({ mode }) => mode))]
    this.brokers = lookWith(settings.kafka, readBrokers)
    this.database = lookWith(settings.database, ({ databaseUrl }) =>
      readDatabase(databaseUrl, domains),
    )
    this.endpoints = lookWith(settings.endpoints, async () => (await endpointBook(terminal)).read())
    this.topics = this.#inKafka((kafka, brokers) => readTopics(kafka, brokers, isLocal))
    this.catalogue = this.#inKafka((kafka) =>
      writtenEntries({
        terminal,
        connection: doctorConnection(kafka),
        topic: controlTopic(kafka.topicPrefix),
      }),
    )
    this.groups = this.#groups()
    this.quarantine = this.#inKafka(async (kafka) =>
      Promise.all(modes.map((mode) => readQuarantine(terminal, kafka, mode))),
    )
    this.registry = this.#registry()
  }

  /** A look into Kafka, once it is known to answer: else each would wait for it in vain. */
  async #inKafka<Value>(
    work: (settings: KafkaSettings, brokers: number) => Promise<Value>,
  ): Look<Value> {
    const { kafka } = this.#examination.settings
    const brokers = await this.brokers
    const count = brokers.kind === 'read' ? brokersOf(brokers.value) : null
    if (count === null) return skipped('Kafka does not answer')
    return await lookWith(kafka, (settings) => work(settings, count))
  }

  async #groups(): Look<GroupFacts> {
    const { settings, terminal } = this.#examination
    const database = await this.database
    if (!settings.database.ok || database.kind !== 'read') {
      return skipped('Postgres does not answer')
    }
    const { databaseUrl } = settings.database.value
    return await this.#inKafka(async (kafka) => {
      const { topicPrefix } = kafka
      const deployed = this.#deployed.map(({ mode, domain, service }) =>
        consumerGroup(topicPrefix, mode, domain, service),
      )
      const statuses = await groupStatuses({
        connection: doctorConnection(kafka),
        topicPrefix,
        databaseUrl,
        expected: deployed,
        stopped: terminal.stopped,
      })
      return { statuses, deployed: new Set(deployed) }
    })
  }

  async #registry() {
    const catalogue = await this.catalogue
    const entries = catalogue.kind === 'read' ? catalogue.value : null
    return await lookWith(this.#examination.settings.registry, (settings) =>
      readRegistry(settings, entries),
    )
  }

  async send(wish: SendWish): Promise<readonly Finding[]> {
    const delivery = await this.#delivery(wish)
    if ('check' in delivery) return [delivery]
    // The sender gives up by itself after 15 s.
    const sent = await bounded(wish.withinMs + LOOK_WITHIN_MS, () => deliver(delivery))
    return findingsOn('send', sent, 'put that right first', sendFindings)
  }

  /** What is to be sent and where its effect will be, or why not. */
  async #delivery(wish: SendWish): Promise<Delivery | Finding> {
    const { settings, terminal } = this.#examination
    const [endpoints, catalogue] = [await this.endpoints, await this.catalogue]
    const { kafka, database } = settings
    if (endpoints.kind !== 'read' || catalogue.kind !== 'read' || !kafka.ok || !database.ok) {
      const needs = 'a test event needs endpoints, catalogue and the consumers\u2019 database'
      return fault('send', `nothing was sent: ${needs}`, 'put right what is told above')
    }
    const choice = chosenEndpoint(endpoints.value.usable, wish, Date.now())
    if (!choice.ok) return fault('send', `nothing was sent: ${choice.words}`, choice.remedy)
    const active = catalogue.value.filter(({ entry }) => entry.state === 'active')
    const version = active.at(-1)?.entry.version
    if (version === undefined) {
      return fault('send', 'nothing was sent: no version is active', 'see `versions list`')
    }
    const { ingressUrl, domain, withinMs } = wish
    const mode = modeOf(choice.entry.liveMode)
    const group = this.#deployed.find((each) => each.domain === domain && each.mode === mode)
    if (group === undefined) {
      const words = `nothing was sent: no consumer of ${domain} is deployed in ${mode}`
      return fault('send', words, 'name another by --domain, or correct CONSUMER_GROUPS or MODES')
    }
    const { service } = group
    const { topicPrefix } = kafka.value
    const { databaseUrl } = database.value
    const { stopped } = terminal
    const place = { ingressUrl, domain, withinMs, topicPrefix, service, databaseUrl, stopped }
    return { ...place, entry: choice.entry, version }
  }
}

/**
 * Looks at everything side by side and tells of each subject as soon as it is known, in the order of
 * `Check`. What is away holds up only what cannot be looked at without it. Never throws for what is
 * wrong with the world.
 */
export async function* examine(
  examination: Examination,
): AsyncGenerator<readonly Finding[], void, void> {
  const looks = new Looks(examination)
  const { settings, source, send } = examination
  yield settingsFindings(settings, source)
  const brokers = await looks.brokers
  yield findingsOn('brokers', brokers, 'see that Kafka runs', brokerFindings)
  const topics = await looks.topics
  yield findingsOn('cluster', topics, 'see the log of the brokers', clusterFindings)
  yield findingsOn('topics', topics, 'see the log of the brokers', topicFindings)
  const catalogue = await looks.catalogue
  const known = (entries: readonly DatedEntry[]) => catalogueFindings(entries, Date.now())
  yield findingsOn('catalogue', catalogue, 'see `versions list`', known)
  yield findingsOn(
    'registry',
    await looks.registry,
    'events go on; new schemas and other readers do not',
    registryFindings,
  )
  const database = await looks.database
  yield findingsOn('database', database, 'consumers wait for it and lose nothing', databaseFindings)
  yield findingsOn(
    'clock',
    database.kind === 'away' ? skipped('Postgres does not answer') : database,
    '',
    clockFindings,
  )
  yield findingsOn(
    'endpoints',
    await looks.endpoints,
    'the ingress goes on with those that it has; a new one is not ready',
    (found) => endpointFindings(found, Date.now()),
  )
  const groups = await looks.groups
  yield findingsOn('consumers', groups, 'see `consumers status`', consumerFindings)
  yield findingsOn(
    'dead letters',
    groups.kind === 'away' ? skipped('the groups could not be read') : groups,
    '',
    deadLetterFindings,
  )
  yield findingsOn(
    'quarantine',
    await looks.quarantine,
    'see `quarantine stats`',
    quarantineFindings,
  )
  if (send !== null) yield await looks.send(send)
}
