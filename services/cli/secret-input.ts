import { randomBytes } from 'node:crypto'
import { givenSecret } from './endpoint-changes.ts'
import { usageFault } from './fault.ts'
import type { Terminal } from './terminal.ts'

const SECRET_BYTES = 32
/** More than any secret; what goes on and on is none. */
const MOST_CHARACTERS = 10_000

/** A secret in the form of QairoPay's, for a team that signs itself. */
function generatedSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64url')}`
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY === true) {
    throw usageFault(
      'hand the secret in through a pipe or a file, so that it is not shown: --secret-stdin < file',
    )
  }
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > MOST_CHARACTERS) break
  }
  return text
}

/** Where a secret comes from, and whether one that is made here is shown. */
export interface SecretChoice {
  readonly secretStdin?: true
  /** Missing: where a terminal shows it to a person. */
  readonly printSecret?: boolean
}

/**
 * The secret of standard input, or a new one.
 *
 * @returns the secret, and what of it is to be shown; null for one that is known already, or is not
 * wanted by anybody but `send` and `doctor`
 * @throws CliFault rather than to print a secret into a log
 */
export async function newSecret(
  { isInteractive }: Pick<Terminal, 'isInteractive'>,
  { secretStdin, printSecret }: SecretChoice,
): Promise<{ readonly value: string; readonly shown: string | null }> {
  if (secretStdin === true) return { value: givenSecret(await standardInput()), shown: null }
  const value = generatedSecret()
  if (printSecret === false) return { value, shown: null }
  if (printSecret === true || isInteractive !== false) return { value, shown: value }
  throw usageFault(
    'the new secret would be printed to where it may be kept, such as a log; hand one in by --secret-stdin, or say --print-secret or --no-print-secret',
  )
}
