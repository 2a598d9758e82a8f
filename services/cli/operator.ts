import { userInfo } from 'node:os'

/** Who acts, for the audit: the name given, else the operating system's user. */
export function actorName(given: string | undefined): string {
  if (given !== undefined && given.trim() !== '') return given.trim()
  try {
    return userInfo().username
  } catch {
    // A user id without an entry, as containers have it.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
