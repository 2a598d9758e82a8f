import type { HandledDomain } from './routing.ts'
import { controlTopic, endpointUsageTopic, eventTopic, HANDLED_DOMAINS, MODES } from './routing.ts'

/** Who asks Kafka for something: one principal for each, so that none can do the work of another. */
export type Principal = 'ingress' | `consumer-${HandledDomain}` | 'registrar' | 'operator'

export const PRINCIPALS: readonly Principal[] = [
  'ingress',
  ...HANDLED_DOMAINS.map((domain): Principal => `consumer-${domain}`),
  'registrar',
  'operator',
]

/** By the names of Kafka's ACLs; Read, Write and Delete include Describe. */
export type KafkaOperation = 'Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs' | 'Delete'

/** What a principal may do with topics or groups. */
export interface KafkaRight {
  readonly resource: 'topic' | 'group'
  readonly name: string
  /** Whether the name is the beginning of many. */
  readonly isPrefix: boolean
  readonly operations: readonly KafkaOperation[]
}

function topic(name: string, ...operations: readonly KafkaOperation[]): KafkaRight {
  return { resource: 'topic', name, isPrefix: false, operations }
}

function topics(name: string, ...operations: readonly KafkaOperation[]): KafkaRight {
  return { resource: 'topic', name, isPrefix: true, operations }
}

function groups(name: string, ...operations: readonly KafkaOperation[]): KafkaRight {
  return { resource: 'group', name, isPrefix: true, operations }
}

/** The groups of one reading each, by the client's id (`passing-group.ts`). */
function tails(client: string): KafkaRight {
  return groups(`event-router-${client}.tail.`, 'Read', 'Delete')
}

function consumerRights(prefix: string, domain: HandledDomain): readonly KafkaRight[] {
  const own = MODES.map((mode) => eventTopic(prefix, mode, domain))
  return [
    ...own.map((name) => topic(name, 'Read')),
    ...own.map((name) => groups(`${name}.`, 'Read')),
    topic(controlTopic(prefix), 'Read'),
    tails(domain),
  ]
}

const FIXED = {
  ingress: (prefix: string) => [
    ...MODES.map((mode) => topics(`${prefix}.${mode}.`, 'Write')),
    topic(controlTopic(prefix), 'Read'),
    topic(endpointUsageTopic(prefix), 'Write'),
    tails('ingress'),
  ],
  registrar: (prefix: string) => [
    topics(`${prefix}.`, 'Create', 'Describe', 'DescribeConfigs'),
    topic(controlTopic(prefix), 'Read', 'Write'),
    tails('registrar'),
  ],
  operator: (prefix: string) => [
    topics(`${prefix}.`, 'Read', 'Create', 'DescribeConfigs'),
    ...MODES.map((mode) => topics(`${prefix}.${mode}.`, 'Write')),
    topic(controlTopic(prefix), 'Write'),
    groups(`${prefix}.`, 'Describe'),
    tails('cli'),
  ],
} satisfies Record<string, (prefix: string) => readonly KafkaRight[]>

/**
 * All that a principal needs of Kafka, and nothing more. A consumer that serves one mode needs only
 * the topic and groups of that mode.
 *
 * @param prefix TOPIC_PREFIX
 */
export function kafkaRights(principal: Principal, prefix: string): readonly KafkaRight[] {
  const domain = HANDLED_DOMAINS.find((one) => principal === `consumer-${one}`)
  if (domain !== undefined) return consumerRights(prefix, domain)
  return FIXED[principal as keyof typeof FIXED](prefix)
}
