import { ERRORS } from '#core/errors.ts'
import { QUARANTINE_REASONS } from '#core/outcome.ts'
import { DOMAINS, MODES } from '#core/routing.ts'
import { VERSION_STATES } from '#core/versions.ts'
import type { LabelMeanings } from '#platform/metrics.ts'
import { CUT_CAUSES } from './admission-metrics.ts'
import { NO_DECISIONS } from './decision-service.ts'
import { SIGNATURE_HEADERS } from './identification.ts'
import { LIMITS } from './pressure.ts'

const CODES = Object.keys(ERRORS)
const STATUSES = Object.values(ERRORS).map(({ status }) => String(status))

/** Whether the id in the path is or was an endpoint of ours. */
export const DESTINATIONS = ['known', 'unknown'] as const

/** Every label of the ingress. All are few: none holds a tenant, an endpoint, an id or a value. */
export const INGRESS_LABELS: LabelMeanings = {
  outcome: {
    about: 'what became of a request',
    values: ['stored', 'duplicate', 'set_aside', 'denied', 'decided', 'refused'],
  },
  reason: {
    about: 'why: a code of the answers or of the quarantine, empty for what was stored',
    values: [...CODES, ...QUARANTINE_REASONS, ''],
  },
  // Not `endpoint`: Prometheus writes that one itself for what it finds in Kubernetes.
  destination: {
    about: 'whether the path names an endpoint that this process knows or knew',
    values: DESTINATIONS,
  },
  status: { about: 'HTTP status of the answer', values: ['200', '202', ...STATUSES] },
  code: {
    about: 'the code that is an alarm',
    values: [
      'id_conflict',
      'card_number',
      ...CODES.filter((code) => 'alarm' in ERRORS[code as never]),
    ],
  },
  result: {
    about:
      'of a write (answered, refused, failed, unknown), of a reading (loaded, failed) or of a synchronous call (decided, or why not)',
    values: ['answered', 'unknown', 'loaded', 'failed', 'decided', ...NO_DECISIONS],
  },
  limit: { about: 'what there was too much of, in the way of a webhook', values: LIMITS },
  cause: { about: 'why a connection was closed unanswered', values: CUT_CAUSES },
  domain: { about: 'part of the business', values: DOMAINS },
  header: { about: 'the header that carried the signature', values: SIGNATURE_HEADERS },
  mode: { about: 'the mode of the endpoint', values: MODES },
  state: { about: 'where an API version is in its life', values: VERSION_STATES },
}
