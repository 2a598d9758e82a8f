import type { FieldChange } from '../fixtures/schema-changes.ts'
import { retyped } from '../fixtures/schema-changes.ts'

/** What traffic holds, as far as a breakage depends on it. */
export interface TrafficFacts {
  /** Event type. */
  readonly type: string
  readonly data: Readonly<Record<string, Fields | undefined>>
  readonly hasPreviousAttributes: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** One thing that is wrong with a candidate, and which events come to harm by it. */
export interface Breakage {
  readonly what: string
  /** `card:card.status` as the candidate's fields are, and how it is changed. */
  readonly change: readonly [place: string, change: FieldChange] | null
  /** Where and how it is to be found. */
  readonly place: string
  readonly effect: 'lost' | 'nulled' | 'set_aside' | 'rounded'
  readonly isHarmed: (facts: TrafficFacts) => boolean
}

const gone: FieldChange = () => null
const confirmed: FieldChange = ({ inferred: _, ...field }) => field

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Fields)[name] : undefined
}

/** Whether an event has a value at `card.shipping.tracking_number`. */
function has(path: string): (facts: TrafficFacts) => boolean {
  return ({ data }) => {
    const value = path.split('.').reduce<unknown>(at, data)
    return value !== undefined && value !== null
  }
}

function removed(place: string, what: string): Breakage {
  const [, path = ''] = place.split(':')
  return { what, change: [place, gone], place, effect: 'lost', isHarmed: has(path) }
}

function wrongType(
  place: string,
  type: unknown,
  effect: Breakage['effect'],
  what: string,
): Breakage {
  const [, path = ''] = place.split(':')
  return { what, change: [place, retyped(type)], place, effect, isHarmed: has(path) }
}

function record(name: string, field: string) {
  const fields = [{ name: field, type: ['null', 'string'], default: null, doc: 'Text.' }]
  return { type: 'record', name, doc: 'Made up.', fields }
}

function linesOf({ data }: TrafficFacts): readonly unknown[] {
  const lines = at(data.settlement, 'lines')
  return Array.isArray(lines) ? lines : []
}

/** Twenty breakages that the linter lets through. */
export const BREAKAGES: readonly Breakage[] = [
  removed('card:transaction.merchant.category_code', 'a field is gone'),
  removed('pass:scan', 'a resource is gone'),
  removed('pass:pass_template.brand', 'a nested record is gone'),
  {
    what: 'a field is renamed',
    change: ['pass:pass.template_id', (field) => ({ ...field, name: 'pass_template_id' })],
    place: 'pass:pass.template_id',
    effect: 'lost',
    isHarmed: has('pass.template_id'),
  },
  wrongType('card:transaction.amount_cents', 'string', 'set_aside', 'long to string'),
  wrongType('card:dispute.reason', 'long', 'nulled', 'string to long'),
  {
    what: 'long to double, where one whale needs all digits',
    change: ['settlement:payout.amount_cents', retyped('double')],
    place: 'settlement:payout.amount_cents',
    effect: 'rounded',
    isHarmed: ({ data }) => at(data.payout, 'amount_cents') === WHALE_CENTS,
  },
  {
    what: 'boolean to string, in the items of a list',
    change: ['pass:pass_template.fields[].numeric', retyped('string')],
    place: 'pass:pass_template.fields[].numeric',
    effect: 'nulled',
    isHarmed: has('pass_template.fields'),
  },
  {
    what: 'double to long',
    change: ['pass:pass_template.relevant_locations[].latitude', retyped('long')],
    place: 'pass:pass_template.relevant_locations[].latitude',
    effect: 'nulled',
    isHarmed: has('pass_template.relevant_locations'),
  },
  {
    what: 'wrong nesting',
    change: [
      'compliance:cardholder.kyc_status',
      (field) => ({ ...field, name: 'kyc', type: ['null', record('Kyc', 'status')] }),
    ],
    place: 'compliance:cardholder.kyc_status',
    effect: 'lost',
    isHarmed: has('cardholder.kyc_status'),
  },
  wrongType(
    'card:card.spending_controls.blocked_categories',
    record('Blocked', 'name'),
    'nulled',
    'list to object',
  ),
  wrongType(
    'pass:pass.download',
    { type: 'array', items: 'string' },
    'set_aside',
    'object to list',
  ),
  {
    what: 'objects in a list to texts',
    change: ['settlement:settlement.lines', retyped({ type: 'array', items: 'string' })],
    place: 'settlement:settlement.lines[]',
    effect: 'nulled',
    isHarmed: (facts) => linesOf(facts).length > 0,
  },
  wrongType('card:card.created_at', 'long', 'nulled', 'an instant as text to milliseconds'),
  {
    what: 'previous_attributes, which a version of that date lacks',
    change: null,
    place: 'pass:previous_attributes',
    effect: 'lost',
    isHarmed: ({ type, hasPreviousAttributes }) => hasPreviousAttributes && type.startsWith('pass'),
  },
  wrongType('settlement:payout.aptos_address', 'long', 'nulled', 'one tenant has it'),
  removed('card:card.terminate_reason', 'one event type has it'),
  wrongType(
    'card:card.shipping.tracking_number',
    record('Tracking', 'number'),
    'nulled',
    'it is met in the quarantine only',
  ),
  removed('compliance:cardholder.sanctions_status', 'one event has it'),
  {
    what: 'a guess is taken for sure',
    change: ['program:program.name', confirmed],
    place: 'program:program.name',
    effect: 'nulled',
    isHarmed: ({ data }) => typeof at(data.program, 'name') === 'number',
  },
]

/** Not a double: 2^53 + 1. */
export const WHALE_CENTS = 9_007_199_254_740_993n
