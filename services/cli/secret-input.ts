import { randomBytes } from 'node:crypto'
import { givenSecret } from './endpoint-changes.ts'
import { usageFault } from './fault.ts'

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

/** The secret of standard input, or a new one. */
export async function newSecret(
  fromInput: boolean,
): Promise<{ readonly value: string; readonly generated: boolean }> {
  if (!fromInput) return { value: generatedSecret(), generated: true }
  return { value: givenSecret(await standardInput()), generated: false }
}
