import { Type } from 'typebox'
import {
  KAFKA_SETTINGS,
  LOG_SETTINGS,
  MANAGEMENT_SETTINGS,
} from '#platform/config/service-settings.ts'
import type { Settings } from '#platform/config/settings.ts'
import { oneOf, setting, wholeNumber } from '#platform/config/settings.ts'
import { TRACE_SETTINGS } from '#platform/traces-settings.ts'
import { ADMISSION_SETTINGS } from './admission-settings.ts'
import { CONTENT_SETTINGS } from './content-settings.ts'
import { ENDPOINT_SETTINGS } from './endpoint-settings.ts'

const MINUTE_MS = 60_000
const MIB = 1024 * 1024

/** What an operator can set, limit by limit. */
const OWN_SETTINGS = {
  host: setting(
    'INGRESS_HOST',
    Type.String(),
    '127.0.0.1',
    'Address on which webhooks are received; 0.0.0.0 in a container.',
    '0.0.0.0',
  ),
  port: setting(
    'INGRESS_PORT',
    wholeNumber(0, 65_535),
    8080,
    'Port on which webhooks are received; 0 takes a free one.',
  ),
  unseenEndpoint: setting(
    'UNSEEN_ENDPOINT',
    oneOf(['retry', 'refuse']),
    'retry',
    'Answer for a well-formed endpoint id that this process has never seen: 503, since it may be being set up, or 404.',
  ),
  signatureToleranceSeconds: setting(
    'SIGNATURE_TOLERANCE_SECONDS',
    wholeNumber(1, 86_400),
    300,
    'How far the time of a signature may lie from now, in both directions.',
  ),
  ...CONTENT_SETTINGS,
  bodyBytes: setting(
    'BODY_MAX_BYTES',
    wholeNumber(1024, MIB),
    MIB,
    'Largest body; above it the answer is 413, which the sender does not repeat. Topics take records of 4 MiB: the body and its typed copy.',
  ),
  jsonDepth: setting(
    'JSON_MAX_DEPTH',
    wholeNumber(4, 1024),
    64,
    'Deepest nesting of a body; a deeper one is set aside as malformed.',
  ),
  recordDeadlineMs: setting(
    'RECORD_DEADLINE_MS',
    wholeNumber(1000, 14_500),
    13_000,
    'A webhook that is not durable after this is answered 503; the sender hangs up after 15 s.',
  ),
  catalogueLeaseMs: setting(
    'CATALOGUE_LEASE_MS',
    wholeNumber(1000, 10_000),
    10_000,
    'How old the catalogue of API versions may be; when it may be older, versions that are not active are answered 503. `versions add` waits as long.',
  ),
  attemptTimeoutMs: setting(
    'ATTEMPT_TIMEOUT_MS',
    wholeNumber(500, 10_000),
    3500,
    'Time of one attempt to write a batch; then the connection is thrown away.',
  ),
  queueRecords: setting(
    'QUEUE_MAX_RECORDS',
    wholeNumber(1, 1_000_000),
    10_000,
    'Events that may wait for Kafka; above it the answer is 503.',
  ),
  queueBytes: setting(
    'QUEUE_MAX_BYTES',
    wholeNumber(1024, 4096 * MIB),
    64 * MIB,
    'Bytes that may wait for Kafka; above it the answer is 503.',
  ),
  queueAgeMs: setting(
    'QUEUE_MAX_AGE_MS',
    wholeNumber(100, 14_500),
    2000,
    'While the oldest event has waited longer than this, the answer is 503.',
  ),
  batchRecords: setting(
    'BATCH_MAX_RECORDS',
    wholeNumber(1, 200),
    200,
    'Records of one write; encoding them blocks the process (200: about 4 ms).',
  ),
  batchBytes: setting(
    'BATCH_MAX_BYTES',
    wholeNumber(1024, 1024 * 1024),
    256 * 1024,
    'Bytes of one write; a larger record goes out alone.',
  ),
  recentEvents: setting(
    'RECENT_EVENTS',
    wholeNumber(0, 10_000_000),
    100_000,
    'Acknowledged event ids kept in memory, to answer duplicates without writing them again.',
  ),
  maxConnections: setting(
    'MAX_CONNECTIONS',
    wholeNumber(1, 1_000_000),
    10_000,
    'Open sockets; more are closed at once.',
  ),
  requestTimeoutMs: setting(
    'REQUEST_TIMEOUT_MS',
    wholeNumber(1000, MINUTE_MS),
    10_000,
    'A request that has not arrived whole after this is answered 408.',
  ),
  headersTimeoutMs: setting(
    'HEADERS_TIMEOUT_MS',
    wholeNumber(1000, MINUTE_MS),
    5000,
    'The same for its headers alone.',
  ),
  keepAliveTimeoutMs: setting(
    'KEEP_ALIVE_TIMEOUT_MS',
    wholeNumber(1000, 10 * MINUTE_MS),
    72_000,
    'How long an idle connection is kept; longer than the load balancer in front keeps it.',
  ),
  maxRequestsPerSocket: setting(
    'MAX_REQUESTS_PER_SOCKET',
    wholeNumber(0, 1_000_000),
    10_000,
    'Requests of one connection before it is closed, so that load spreads; 0 means no limit.',
  ),
  maxHeaderBytes: setting(
    'MAX_HEADER_BYTES',
    wholeNumber(1024, 65_536),
    16_384,
    'Bytes of all headers of a request; above it the answer is 431.',
  ),
  drainDelayMs: setting(
    'DRAIN_DELAY_MS',
    wholeNumber(0, MINUTE_MS),
    1000,
    'After SIGTERM, how long requests are still taken (not ready, connections closing).',
  ),
  drainDeadlineMs: setting(
    'DRAIN_DEADLINE_MS',
    wholeNumber(1000, MINUTE_MS),
    14_000,
    'How long requests in flight may take to end after that.',
  ),
  reportCoordinates: setting(
    'REPORT_COORDINATES',
    Type.Boolean(),
    false,
    'Whether an answer names topic/partition/offset in x-event-router-record; for tests and the local stack.',
    'true',
  ),
} as const

/** Every setting of the ingress. */
export const INGRESS_SETTINGS = {
  ...ENDPOINT_SETTINGS,
  ...OWN_SETTINGS,
  ...ADMISSION_SETTINGS,
  ...KAFKA_SETTINGS,
  ...MANAGEMENT_SETTINGS,
  ...LOG_SETTINGS,
  ...TRACE_SETTINGS,
} as const

export type IngressSettings = Settings<typeof INGRESS_SETTINGS>
