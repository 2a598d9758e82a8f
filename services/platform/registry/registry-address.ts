/** A registry's address with its credentials apart, so that no message can repeat them. */
export interface RegistryAddress {
  /** Without credentials and without a final slash. */
  readonly baseUrl: string
  readonly credentials: { readonly username: string; readonly password: string } | null
}

/** Takes the credentials, if any, out of `https://user:password@host/path`. */
export function registryAddress(url: string): RegistryAddress {
  const parsed = new URL(url)
  const username = decodeURIComponent(parsed.username)
  const password = decodeURIComponent(parsed.password)
  parsed.username = ''
  parsed.password = ''
  const baseUrl = parsed.toString().replace(/\/+$/, '')
  return { baseUrl, credentials: username === '' ? null : { username, password } }
}
