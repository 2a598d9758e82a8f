import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** PEM files of one connection; null where there is none. */
export interface TlsFiles {
  /** Certificates of the authorities that are trusted instead of the system's. */
  readonly caFile: string | null
  /** Our own certificate, with those between it and its authority. */
  readonly certFile: string | null
  /** The private key of `certFile`, without a passphrase. */
  readonly keyFile: string | null
}

/** What TLS is told; a name that is missing is left to Node. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/

const lastRead = new Map<string, string>()

/** The file as it is, or as it was when it could last be read: it may be being replaced. */
function content(file: string): string {
  try {
    const text = readFileSync(file, 'utf8')
    lastRead.set(file, text)
    return text
  } catch (error) {
    const last = lastRead.get(file)
    if (last === undefined) throw error
    return last
  }
}

/**
 * The files as they are at this moment, so that renewed certificates count from the next
 * connection on. Files were checked when the settings were read.
 */
export function tlsMaterial({ caFile, certFile, keyFile }: TlsFiles): TlsMaterial {
  return {
    ...(caFile === null ? {} : { ca: content(caFile) }),
    ...(certFile === null ? {} : { cert: content(certFile) }),
    ...(keyFile === null ? {} : { key: content(keyFile) }),
  }
}

/** What is said of a file never repeats its name or content: somebody may have pasted a key. */
type FileProblem = string | null

function readingProblem(file: string): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: content(file) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const missing = code === 'ENOENT' || code === 'ENAMETOOLONG'
    return { problem: missing ? 'there is no such file' : `the file cannot be read (${code})` }
  }
}

function certificatesOf(text: string): X509Certificate[] {
  return (text.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem))
}

/** Why the file cannot serve as one or more certificates, or null. */
export function certificateProblem(file: string): FileProblem {
  const reading = readingProblem(file)
  if ('problem' in reading) return reading.problem
  try {
    return certificatesOf(reading.text).length > 0 ? null : 'the file holds no PEM certificate'
  } catch {
    return 'the file holds a certificate that cannot be read'
  }
}

/** Why the file cannot serve as the private key of the certificate, or null. */
export function keyProblem(file: string, certFile: string): FileProblem {
  const reading = readingProblem(file)
  if ('problem' in reading) return reading.problem
  if (ENCRYPTED.test(reading.text)) return 'the key has a passphrase: give it without one'
  try {
    const key = createPrivateKey(reading.text)
    // A certificate that is no good is said of its own setting.
    if (certificateProblem(certFile) !== null) return null
    const [own] = certificatesOf(content(certFile))
    return own?.checkPrivateKey(key) === true ? null : 'the key does not fit the certificate'
  } catch {
    return 'the file holds no PEM private key'
  }
}
