import { EVENT_PARTITIONS, FAMILIES, HANDLED_DOMAINS, MODES } from '#core/routing.ts'
import type { LabelMeanings } from '#platform/metrics.ts'
import { SET_ASIDE_REASONS } from './reading.ts'

const GAP_KINDS = ['contradicted', 'silent']
/** How Kafka and the database can disagree about the next offset. */
export const JUMP_KINDS = ['seek_back', 'lost', 'topic_reset', 'gap'] as const
/** Whose fault a batch is tried again for. */
export const RETRIED_FAULTS = ['environment', 'unknown'] as const

/** Every label of the consumers. All are few: none holds a tenant, an id or a value. */
export const CONSUMER_LABELS: LabelMeanings = {
  mode: { about: 'live or sandbox', values: MODES },
  family: {
    about: 'first part of the event type, `unknown` for any that we do not know',
    values: [...FAMILIES, 'unknown'],
  },
  outcome: {
    about: 'what a record came to',
    values: ['applied', 'stale', 'history_only', 'duplicate', 'parked', 'set_aside', 'skipped'],
  },
  reason: { about: 'why a record was set aside', values: SET_ASIDE_REASONS },
  cause: {
    about: 'why a Kafka consumer was made anew',
    values: ['crash', 'silence', 'unreachable'],
  },
  fault: { about: 'whose fault the database saw', values: RETRIED_FAULTS },
  kind: { about: 'of a gap or of a jump', values: [...GAP_KINDS, ...JUMP_KINDS] },
  domain: { about: 'part of the business', values: HANDLED_DOMAINS },
  resource: { about: 'a resource of the schemas, such as `card`', values: null },
  partition: {
    about: 'partition of the topic',
    values: Array.from({ length: EVENT_PARTITIONS }, (_, partition) => String(partition)),
  },
}
