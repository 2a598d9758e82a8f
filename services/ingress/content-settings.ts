import { Type } from 'typebox'
import { oneOf, setting, wholeNumber } from '#platform/config/settings.ts'
import { tlsSettings } from '#platform/config/tls-settings.ts'

const decisionTls = tlsSettings('AUTHORIZATION', 'decision services', () => null)

/** What old tenants, synchronous calls and card data are met with. */
export const CONTENT_SETTINGS = {
  staleSignature: setting(
    'STALE_SIGNATURE',
    oneOf(['quarantine', 'reject', 'accept']),
    'quarantine',
    'What happens to a valid signature outside the tolerance: set aside (202), 425, or stored with a flag.',
  ),
  oldSignatureHeader: setting(
    'OLD_SIGNATURE_HEADER',
    Type.Boolean(),
    true,
    'Whether X-QairoPay-Signature is read where QairoPay-Signature is missing (tenants on 2025-11-01, until 2027-02-01).',
  ),
  authorizationBudgetMs: setting(
    'AUTHORIZATION_BUDGET_MS',
    wholeNumber(100, 1450),
    1300,
    'From the headers of a synchronous authorization request to the last byte of its decision service; then 503. QairoPay gives up after 1.5 s.',
  ),
  authorizationMaxInFlight: setting(
    'AUTHORIZATION_MAX_IN_FLIGHT',
    wholeNumber(1, 1024),
    64,
    'Synchronous calls of one endpoint that may wait for its decision service; above it the answer is 503.',
  ),
  authorizationCaFile: decisionTls.ca,
  authorizationCertFile: decisionTls.ownCertificate,
  authorizationKeyFile: decisionTls.ownKey,
  cardNumbers: setting(
    'CARD_NUMBERS',
    oneOf(['count', 'quarantine', 'off']),
    'count',
    'What happens to an event with a card number in a value: counted, set aside (202) before it reaches a domain topic, or not looked for.',
  ),
} as const
