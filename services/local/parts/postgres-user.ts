import { chown, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartHost } from './host.ts'
import { PartFault } from './part-fault.ts'
import { run } from './run.ts'

/** How Postgres, which refuses to run as root, is run: a command that the real one follows. */
export interface PostgresUser {
  readonly prefix: readonly string[]
  /** Gives a folder and all in it to the user. */
  readonly adopt: (folder: string) => Promise<void>
}

const keepsOwner = async () => {}
/** `nobody` and `nogroup`, by number: they are not named alike everywhere. */
const nobody = 65_534

// Inside a user namespace root is seen as an ordinary user, while its files stay its own.
const inNamespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000']
// `nobody` may not walk through a folder of mode 0700 above the data, so it keeps that one right.
const asNobody = [
  'setpriv',
  `--reuid=${nobody}`,
  `--regid=${nobody}`,
  '--clear-groups',
  '--inh-caps=-all,+dac_override',
  '--ambient-caps=-all,+dac_override',
]

/**
 * Finds a way that works on this machine, by trying.
 * @param uid of the launcher
 * @throws PartFault when it is root and neither way works
 */
export async function postgresUser(
  uid: number,
  postgres: string,
  host: PartHost,
): Promise<PostgresUser> {
  if (uid !== 0) return { prefix: [], adopt: keepsOwner }
  if (await works(inNamespace, postgres, host)) return { prefix: inNamespace, adopt: keepsOwner }
  if (await works(asNobody, postgres, host)) return { prefix: asNobody, adopt: giveToNobody }
  throw new PartFault(
    'Postgres refuses to run as root, and this machine allows neither a user namespace (unshare) nor another user (setpriv): start as an ordinary user, or set DATABASE_URL to a Postgres of yours.',
  )
}

async function works(prefix: readonly string[], postgres: string, host: PartHost) {
  const [command = '', ...args] = prefix
  const outcome = await run(command, [...args, postgres, '--version'], { env: host.env })
  return outcome.kind === 'ended' && outcome.code === 0
}

async function giveToNobody(folder: string): Promise<void> {
  await chown(folder, nobody, nobody)
  for (const name of await readdir(folder, { recursive: true })) {
    await chown(join(folder, name), nobody, nobody)
  }
}
