import type { Endpoints } from './endpoints.ts'

/** What goes along with every case and must not come out anywhere. */
export interface Canaries {
  readonly card: string
  readonly email: string
  readonly secrets: readonly string[]
}

/** Passes the Luhn check; from the range that card schemes keep for tests. */
const CARD = '4242424242424242'
const EMAIL = 'canary.holder@example.com'
/** Digests are 64 hexadecimal digits; nothing else that we print is. */
const DIGEST = /[0-9a-f]{64}/i
const STACK = /\bat [^\n]{1,120}:\d+:\d+\)?|node:internal|\bfile:\/\/|\.ts:\d/

export function canariesOf(endpoints: Endpoints): Canaries {
  const secrets = Object.values(endpoints).flatMap((endpoint) => endpoint.secrets)
  return { card: CARD, email: EMAIL, secrets: secrets.map(({ value }) => value) }
}

function forms(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  return [text, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')]
}

/** Which canaries a text holds, by kind and never by value. */
export function leaksIn(text: string, { card, email, secrets }: Canaries): readonly string[] {
  const has = (value: string) => forms(value).some((form) => text.includes(form))
  return [
    ...(has(card) || text.includes('4242 4242 4242 4242') ? ['card number'] : []),
    ...(has(email) ? ['e-mail'] : []),
    ...(secrets.some(has) ? ['secret'] : []),
    ...(DIGEST.test(text) ? ['signature'] : []),
  ]
}

/** Whether a text shows the inside of the program. */
export function showsStack(text: string): boolean {
  return STACK.test(text)
}
