import { Type } from 'typebox'
import { MODES } from '#core/routing.ts'
import {
  DATABASE_SETTINGS,
  KAFKA_SETTINGS,
  LOG_SETTINGS,
  MANAGEMENT_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { Settings } from '#platform/config/settings.ts'
import { oneOf, setting, wholeNumber } from '#platform/config/settings.ts'
import { TRACE_SETTINGS } from '#platform/traces-settings.ts'

/** Everything that can be set on a domain consumer. */
export const CONSUMER_SETTINGS = {
  ...LOG_SETTINGS,
  ...KAFKA_SETTINGS,
  ...DATABASE_SETTINGS,
  ...MANAGEMENT_SETTINGS,
  ...TRACE_SETTINGS,
  modes: setting(
    'MODES',
    Type.Array(oneOf(MODES), { minItems: 1, uniqueItems: true }),
    [...MODES],
    'Which modes this process serves, separated by commas.',
    'live',
  ),
  service: setting(
    'CONSUMER_SERVICE',
    Type.String({ pattern: '^[a-z][a-z0-9-]{0,40}$' }),
    'projector',
    'Last part of the consumer group\u2019s name. Another name begins anew from the first record.',
  ),
  databasePoolSize: setting(
    'DATABASE_POOL_SIZE',
    wholeNumber(1, 100),
    6,
    'Connections to Postgres. Partitions beyond that number wait for each other.',
  ),
  statementTimeoutMs: setting(
    'STATEMENT_TIMEOUT_MS',
    wholeNumber(500, 60_000),
    5000,
    'Longest time of one SQL statement, milliseconds. Longer ones are tried again.',
  ),
  handlerTimeoutMs: setting(
    'HANDLER_TIMEOUT_MS',
    wholeNumber(100, 5000),
    4000,
    'Longest time of a handler for one event; below half of the 10 s after which a silent member is replaced.',
  ),
  batchMaxRecords: setting(
    'BATCH_MAX_RECORDS',
    wholeNumber(1, 5000),
    500,
    'Most records of one transaction. Decoding is synchronous: 500 records take about 10 ms.',
  ),
  schemaWaitMs: setting(
    'SCHEMA_WAIT_MS',
    wholeNumber(0, 60_000),
    5000,
    'How long a record waits for its schema to appear in the catalogue before it is set aside, milliseconds.',
  ),
  gapGraceSeconds: setting(
    'GAP_GRACE_SECONDS',
    wholeNumber(0, 2_592_000),
    3600,
    'How long a missing webhook may be on its way before it counts as missed, seconds. The sender tries again for 7 days, four times in the first hour.',
  ),
  shutdownDeadlineMs: setting(
    'SHUTDOWN_DEADLINE_MS',
    wholeNumber(1000, 120_000),
    15_000,
    'How long a stop may take, milliseconds. What is not committed by then is done by the next process.',
  ),
} as const

export type ConsumerSettings = Settings<typeof CONSUMER_SETTINGS>
