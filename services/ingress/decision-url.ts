const LONGEST = 2048

/**
 * The address of an operator's decision service as an endpoint names it; null where it names none,
 * undefined for what is no such address. Credentials do not belong into it: the service checks
 * QairoPay's own signature, which travels with each call.
 */
export function decisionUrl(value: unknown): URL | null | undefined {
  if (value === undefined || value === null) return null
  if (typeof value !== 'string' || value.length > LONGEST) return undefined
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  return url.username === '' && url.password === '' && url.hash === '' ? url : undefined
}
