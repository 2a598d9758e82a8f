import { Type } from 'typebox'
import { DOMAINS } from '#core/routing.ts'
import { oneOf, setting, wholeNumber } from '#platform/config/settings.ts'

const MIB = 1024 * 1024

/** What an operator can set about too much: who is refused, and when. */
export const ADMISSION_SETTINGS = {
  tenantRatePerSecond: setting(
    'TENANT_RATE_PER_SECOND',
    wholeNumber(0, 1_000_000),
    500,
    'New events of one tenant in this process; above it 429. 0: no limit. QairoPay sends at most 100/s, in bursts 200.',
  ),
  tenantBurst: setting(
    'TENANT_BURST',
    wholeNumber(1, 1_000_000),
    1000,
    'How many of them may come at once after a rest.',
  ),
  maxRequests: setting(
    'MAX_REQUESTS',
    wholeNumber(1, 1_000_000),
    10_000,
    'Requests being received or awaiting their answer; above it 503 before the body is read.',
  ),
  bodiesBytes: setting(
    'BODIES_MAX_BYTES',
    wholeNumber(MIB, 4096 * MIB),
    32 * MIB,
    'Bytes of bodies being received, all together; when used up, slow ones are answered 503, then new ones.',
  ),
  shedOrder: setting(
    'SHED_ORDER',
    Type.Array(oneOf(DOMAINS), {
      minItems: DOMAINS.length,
      maxItems: DOMAINS.length,
      uniqueItems: true,
    }),
    ['other', 'pass', 'program', 'card', 'compliance', 'settlement'],
    'Every domain once: whose events are answered 503 first when more comes than can be handled.',
  ),
  loopMaxLateMs: setting(
    'EVENT_LOOP_MAX_LATE_MS',
    wholeNumber(50, 10_000),
    500,
    'While the process is this late all the time, the answer is 503; a single pause does not count.',
  ),
  connectionTimeoutMs: setting(
    'CONNECTION_TIMEOUT_MS',
    wholeNumber(15_000, 10 * 60_000),
    20_000,
    'A connection on which nothing moves for so long is cut, also one whose answers nobody reads.',
  ),
} as const
