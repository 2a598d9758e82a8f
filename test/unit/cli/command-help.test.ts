import { describe, expect, it, vi } from 'vitest'
import { ENDPOINT_VERBS } from '#cli/endpoints-program.ts'
import { PARKED_VERBS } from '#cli/parked-program.ts'
import { runCommand } from '#cli/program.ts'
import { QUARANTINE_VERBS } from '#cli/quarantine-program.ts'
import { SCHEMAS_VERBS } from '#cli/schemas-program.ts'
import { VERSIONS_VERBS } from '#cli/versions-program.ts'

const GROUPS = {
  schemas: SCHEMAS_VERBS,
  versions: VERSIONS_VERBS,
  quarantine: QUARANTINE_VERBS,
  endpoints: ENDPOINT_VERBS,
  parked: PARKED_VERBS,
} as const

/** What `--help` prints; nothing else may happen, with nothing there to ask. */
async function helpOf(...command: readonly string[]): Promise<string> {
  let text = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  const terminal = {
    environment: { LOCAL_DIR: '/nowhere' },
    line: () => {},
    note: () => {},
    stopped: new AbortController().signal,
  }
  try {
    await runCommand([...command, '--help'], terminal)
  } finally {
    write.mockRestore()
  }
  return text
}

describe('--help', () => {
  it.each(Object.entries(GROUPS).flatMap(([group, verbs]) => verbs.map((verb) => [group, verb])))(
    'of %s %s says what it does, names its options and gives an example',
    async (group, verb) => {
      const help = await helpOf(group ?? '', verb ?? '')
      expect(help).toMatch(new RegExp(`^Usage: .*\\b${group} ${verb}\\b`))
      // The first paragraph after the usage is what the verb is for.
      expect(help.split('\n\n')[1]).toMatch(/^\w.{10,}/)
      expect(help).toMatch(new RegExp(`Examples:\\n {2}\\$ npm run cli -- ${group} ${verb}\\b`))
    },
  )

  it('says for a CI what the exit codes of check and rehearse mean', async () => {
    for (const verb of ['check', 'rehearse']) {
      const help = (await helpOf('schemas', verb)).replaceAll(/\s+/g, ' ')
      expect(help).toMatch(/Exits with 0 when .*, 1 when .*, 2 when it was used wrongly/)
    }
  })
})
