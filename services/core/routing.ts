/** Event families, domains, modes and the names of topics: one frozen table each. */

export const DOMAINS = ['pass', 'card', 'settlement', 'compliance', 'program', 'other'] as const
/** A part of the business with its own topic, schema and consumer; `other` has no consumer. */
export type Domain = (typeof DOMAINS)[number]

export const HANDLED_DOMAINS = ['pass', 'card', 'settlement', 'compliance', 'program'] as const
/** A domain that has a consumer of ours. */
export type HandledDomain = (typeof HANDLED_DOMAINS)[number]

export const MODES = ['live', 'sandbox'] as const
/** QairoPay's two environments; never mixed on one topic. */
export type Mode = (typeof MODES)[number]

const FAMILY_DOMAINS: ReadonlyMap<string, Domain> = new Map([
  ['pass', 'pass'],
  ['pass_template', 'pass'],
  ['card', 'card'],
  ['dispute', 'card'],
  ['settlement', 'settlement'],
  ['payout', 'settlement'],
  ['cardholder', 'compliance'],
  ['program', 'program'],
])

/** First parts of event types that we know; any other belongs to the domain `other`. */
export const FAMILIES: readonly string[] = [...FAMILY_DOMAINS.keys()]

/** The domain of an event type: its first dotted segment decides; unknown families go to `other`. */
export function domainOf(eventType: string): Domain {
  const dot = eventType.indexOf('.')
  const family = dot === -1 ? eventType : eventType.slice(0, dot)
  return FAMILY_DOMAINS.get(family) ?? 'other'
}

export function modeOf(liveMode: boolean): Mode {
  return liveMode ? 'live' : 'sandbox'
}

/** `<prefix>.<mode>.<domain>` */
export function eventTopic(prefix: string, mode: Mode, domain: Domain): string {
  return `${prefix}.${mode}.${domain}`
}

/** `<prefix>.<mode>.quarantine` */
export function quarantineTopic(prefix: string, mode: Mode): string {
  return `${prefix}.${mode}.quarantine`
}

/** `<prefix>.control`: compacted, one partition, the catalogue of versions. */
export function controlTopic(prefix: string): string {
  return `${prefix}.control`
}

/** `<prefix>.endpoint-usage`: compacted, one partition, which secret matched when and how often. */
export function endpointUsageTopic(prefix: string): string {
  return `${prefix}.endpoint-usage`
}

/** `<prefix>.<mode>.<domain>.<service>` */
export function consumerGroup(
  prefix: string,
  mode: Mode,
  domain: HandledDomain,
  service: string,
): string {
  return `${prefix}.${mode}.${domain}.${service}`
}

/** The record's full name, which is also its subject (RecordNameStrategy). */
export function recordName(version: string, domain: Domain): string {
  const name = domain.charAt(0).toUpperCase() + domain.slice(1)
  return `com.qairopay.events.v${version.replaceAll('-', '_')}.${name}Event`
}

/** Partitions of every event and quarantine topic: fixed at creation, since keys decide places. */
export const EVENT_PARTITIONS = 12
