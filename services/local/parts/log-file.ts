import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Policy: four files of at most 8 MiB a part, the running one and three older. */
const logLimits = { maxBytes: 8 * 1024 * 1024, keptFiles: 3 }
const tailCharacters = 8_000

/** The renames that make room for a new log, oldest first; the oldest kept file is overwritten. */
export function rotation(
  file: string,
  keptFiles: number,
): ReadonlyArray<readonly [string, string]> {
  return Array.from({ length: keptFiles }, (_, index) => {
    const age = keptFiles - index
    return [age === 1 ? file : `${file}.${age - 1}`, `${file}.${age}`] as const
  })
}

export interface LogFile {
  append(chunk: Buffer): void
  /** The last lines written, for a message about a part that failed. */
  tail(lines: number): string
  close(): void
}

/** Opens a log of its own for a new run of a part, rotating what earlier runs left. */
export function openLogFile(file: string, limits = logLimits): LogFile {
  mkdirSync(dirname(file), { recursive: true })
  let descriptor = openFresh(file, limits.keptFiles)
  let written = fstatSync(descriptor).size
  let recent = ''
  return {
    append(chunk) {
      recent = (recent + chunk.toString()).slice(-tailCharacters)
      if (written + chunk.length > limits.maxBytes) {
        closeSync(descriptor)
        descriptor = openFresh(file, limits.keptFiles)
        written = 0
      }
      written += writeQuietly(descriptor, chunk)
    },
    tail: (lines) => recent.trimEnd().split('\n').slice(-lines).join('\n'),
    close: () => closeSync(descriptor),
  }
}

function openFresh(file: string, keptFiles: number): number {
  for (const [from, to] of rotation(file, keptFiles)) if (existsSync(from)) renameSync(from, to)
  return openSync(file, 'w', 0o600)
}

// A full disk must not take the launcher down with it: the tail in memory still has the lines.
function writeQuietly(descriptor: number, chunk: Buffer): number {
  try {
    return writeSync(descriptor, chunk)
  } catch {
    return 0
  }
}
