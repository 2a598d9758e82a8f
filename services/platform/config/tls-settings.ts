import { Type } from 'typebox'
import type { Environment } from './environment.ts'
import { checked, optional } from './settings.ts'
import { certificateProblem, keyProblem } from './tls-files.ts'

/** Why TLS is not used at all, so that its files would have no effect; null when it is. */
type WhyNoTls = (environment: Environment) => string | null

const Path = Type.String({ minLength: 1 })

/** Words for a setting that does nothing without another one. */
export function together(environment: Environment, other: string): string | null {
  return environment[other] ? null : `needs ${other} as well`
}

/**
 * The three files of a connection over TLS: `<prefix>_CA_FILE`, `_CERT_FILE` and `_KEY_FILE`.
 *
 * @param whom whose authorities they are, and who wants to see our certificate
 */
export function tlsSettings(prefix: string, whom: string, whyNoTls: WhyNoTls) {
  const cert = `${prefix}_CERT_FILE`
  const key = `${prefix}_KEY_FILE`
  const ca = checked(
    optional(
      `${prefix}_CA_FILE`,
      Path,
      `PEM file with the authorities that ${whom} are trusted by; without it those of the system.`,
      '/etc/event-router/tls/ca.crt',
    ),
    (file, environment) => whyNoTls(environment) ?? certificateProblem(file),
  )
  const ownCertificate = checked(
    optional(
      cert,
      Path,
      `PEM file with our certificate, for ${whom} that ask for one; needs ${key}.`,
      '/etc/event-router/tls/tls.crt',
    ),
    (file, environment) =>
      whyNoTls(environment) ?? certificateProblem(file) ?? together(environment, key),
  )
  const ownKey = checked(
    optional(
      key,
      Path,
      `PEM file with the private key of ${cert}, without a passphrase.`,
      '/etc/event-router/tls/tls.key',
    ),
    (file, environment) =>
      whyNoTls(environment) ??
      together(environment, cert) ??
      keyProblem(file, environment[cert] ?? ''),
  )
  return { ca, ownCertificate, ownKey }
}
