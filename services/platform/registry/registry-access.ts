import type { REGISTRY_SETTINGS } from '../config/service-settings.ts'
import type { Settings } from '../config/settings.ts'
import type { TlsFiles } from '../config/tls-files.ts'
import { registryAddress } from './registry-address.ts'

/** How to reach a registry, with its secrets apart from its address. */
export interface RegistryAccess {
  /** Without credentials and without a final slash. */
  readonly baseUrl: string
  /** Value of the `authorization` header, or null. */
  readonly authorization: string | null
  /** Before each subject, `:.name:`, or empty. */
  readonly subjectPrefix: string
  readonly tls: TlsFiles
}

/** What a registry may be reached with besides its address. */
export interface RegistryIdentity {
  readonly username?: string | null
  readonly password?: string | null
  readonly token?: string | null
  /** With or without its leading dot. */
  readonly context?: string | null
  readonly tls?: TlsFiles
}

const NO_FILES: TlsFiles = { caFile: null, certFile: null, keyFile: null }

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** The address and whatever says who we are; `user:password@` in the address counts too. */
export function registryAccess(url: string, identity: RegistryIdentity = {}): RegistryAccess {
  const { baseUrl, credentials } = registryAddress(url)
  const { username = null, password = null, token = null, context = null } = identity
  const user = username === null ? credentials : { username, password: password ?? '' }
  const asUser = user === null ? null : basic(user.username, user.password)
  return {
    baseUrl,
    authorization: token === null ? asUser : `Bearer ${token}`,
    subjectPrefix: context === null ? '' : `:.${context.replace(/^\./, '')}:`,
    tls: identity.tls ?? NO_FILES,
  }
}

/** What a registry client is told by the settings. */
export function registryOptions(settings: Settings<typeof REGISTRY_SETTINGS>): {
  readonly url: string
  readonly identity: RegistryIdentity
} {
  return {
    url: settings.schemaRegistryUrl,
    identity: {
      username: settings.schemaRegistryUsername,
      password: settings.schemaRegistryPassword,
      token: settings.schemaRegistryToken,
      context: settings.schemaRegistryContext,
      tls: {
        caFile: settings.schemaRegistryCaFile,
        certFile: settings.schemaRegistryCertFile,
        keyFile: settings.schemaRegistryKeyFile,
      },
    },
  }
}
