import type { Card as CardBefore, CardResources as CardsBefore } from '../events/2026-02-01/card.ts'
import type {
  PassResources as PassesBefore,
  PassTemplate as TemplateBefore,
} from '../events/2026-02-01/pass.ts'
import type { SettlementResources as SettlementsBefore } from '../events/2026-02-01/settlement.ts'
import type { Card, CardResources, Dispute } from '../events/2026-05-19/card.ts'
import type { PassResources, PassTemplate } from '../events/2026-05-19/pass.ts'
import type { Settlement, SettlementResources } from '../events/2026-05-19/settlement.ts'
import type { Cast, DomainSteps } from './step.ts'
import { held, lossless, reworded } from './step.ts'

/** Where a card is allowed does not say where it is refused: neither is made from the other. */
function cardUp(card: CardBefore): Cast<Card> {
  const { spending_controls: controls } = card
  if (!controls) return lossless({ ...card, spending_controls: null })
  const { allowed_categories, ...rest } = controls
  return {
    value: { ...card, spending_controls: { ...rest, blocked_categories: null } },
    lost: held({ 'spending_controls.allowed_categories': allowed_categories }),
  }
}

function cardDown(card: Card): Cast<CardBefore> {
  const { spending_controls: controls } = card
  if (!controls) return lossless({ ...card, spending_controls: null })
  const { blocked_categories, ...rest } = controls
  return {
    value: { ...card, spending_controls: { ...rest, allowed_categories: null } },
    lost: held({ 'spending_controls.blocked_categories': blocked_categories }),
  }
}

const COMPLAINT = {
  to: (word: string) => (word === 'customer_dispute' ? 'customer_complaint' : word),
  back: (word: string) => (word === 'customer_complaint' ? 'customer_dispute' : word),
}
const DISPUTE = { to: COMPLAINT.back, back: COMPLAINT.to }

function disputeWith(dispute: Dispute, wording: typeof COMPLAINT): Cast<Dispute> {
  const { value: reason, lost } = reworded(dispute.reason, wording, 'reason')
  return { value: { ...dispute, reason }, lost }
}

/** `cardTransaction` -> `card_transaction`. */
function snakeCase(word: string): string {
  return word.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
}

/** `card_transaction` -> `cardTransaction`. */
function camelCase(word: string): string {
  return word.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
}

const SNAKE = { to: snakeCase, back: camelCase }
const CAMEL = { to: camelCase, back: snakeCase }

function linesWith(settlement: Settlement, wording: typeof SNAKE): Cast<Settlement> {
  const casts = settlement.lines?.map((line) => {
    const { value: type, lost } = reworded(line.type, wording, 'lines[].type')
    return { value: { ...line, type }, lost }
  })
  const lines = casts?.map(({ value }) => value) ?? null
  const lost = [...new Set(casts?.flatMap((cast) => cast.lost) ?? [])]
  return { value: { ...settlement, lines }, lost }
}

/** Missing before, which is not the same as none. */
function templateDown(template: PassTemplate): Cast<TemplateBefore> {
  const { relevant_locations, ...value } = template
  return { value, lost: held({ relevant_locations }) }
}

/** Cards between 2026-02-01 and 2026-05-19. */
export const card: DomainSteps<CardsBefore, CardResources> = {
  card: { up: cardUp, down: cardDown },
  dispute: {
    up: (dispute) => disputeWith(dispute, COMPLAINT),
    down: (dispute) => disputeWith(dispute, DISPUTE),
  },
}

/** Passes between 2026-02-01 and 2026-05-19. */
export const pass: DomainSteps<PassesBefore, PassResources> = {
  pass_template: {
    up: (template) => lossless({ ...template, relevant_locations: null }),
    down: templateDown,
  },
}

/** Settlements between 2026-02-01 and 2026-05-19. */
export const settlement: DomainSteps<SettlementsBefore, SettlementResources> = {
  settlement: {
    up: (before) => linesWith(before, SNAKE),
    down: (after) => linesWith(after, CAMEL),
  },
}
