import { certificateProblem, keyProblem } from './tls-files.ts'

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

function fileProblem(parameters: URLSearchParams, name: string): string | null {
  const file = parameters.get(name)
  if (file === null) return null
  if (name !== 'sslkey') return certificateProblem(file)
  const certificate = parameters.get('sslcert')
  return certificate === null ? 'needs sslcert as well' : keyProblem(file, certificate)
}

function parameterProblem(parameters: URLSearchParams): string | null {
  const mode = parameters.get('sslmode')
  if (mode !== null && !SSL_MODES.includes(mode)) {
    return `sslmode is one of ${SSL_MODES.join(', ')}`
  }
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    if (mode === 'disable' && parameters.has(name)) return `${name} has no effect: sslmode=disable`
    const problem = fileProblem(parameters, name)
    if (problem !== null) return `${name}: ${problem}`
  }
  if (parameters.has('sslcert') && !parameters.has('sslkey')) return 'sslcert: needs sslkey as well'
  return null
}

/** What is wrong with the TLS parameters of a Postgres URL, which pg itself reads; or null. */
export function databaseUrlProblem(url: string): string | null {
  // pg takes more than a URL (sockets, several hosts): what cannot be parsed is left to it.
  const parsed = URL.parse(url)
  return parsed === null ? null : parameterProblem(parsed.searchParams)
}
