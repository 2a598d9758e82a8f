import type { Command } from 'commander'
import { rate, version } from './choices.ts'
import type { Terminal } from './terminal.ts'
import type { ActivationOptions } from './versions-add.ts'
import { addVersion, releaseVersion } from './versions-add.ts'
import type { ChangeOptions } from './versions-change.ts'
import { restoreVersion, retireVersion } from './versions-change.ts'
import type { ListVersionsOptions } from './versions-list.ts'
import { listVersions, showVersion } from './versions-list.ts'

/** The verbs below `versions`. */
export const VERSIONS_VERBS = ['list', 'show', 'add', 'release', 'retire', 'restore'] as const

type Examples = (...lines: readonly string[]) => string

const VERSION = ['<version>', 'YYYY-MM-DD', version] as const
const JSON_OPTION = ['--json', 'one JSON object a line'] as const

function audited(command: Command): Command {
  return command
    .option('--actor <name>', 'who does it, for the audit; the user of this machine when missing')
    .option(...JSON_OPTION)
}

/** Events a second: what brokers and consumers hardly notice, and a million in 17 minutes. */
const RELEASE_RATE = 1000

function releasing(command: Command): Command {
  const words = 'release so many events per second at most'
  return audited(command).option('--rate <r>', words, rate, RELEASE_RATE)
}

function addReading(versions: Command, terminal: Terminal, examples: Examples): void {
  versions
    .command('list')
    .description('every version with its state, and how many events wait for it')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('versions list', 'versions list --json'))
    .action((options: ListVersionsOptions) => listVersions(terminal, options))
  versions
    .command('show')
    .description('one version with its subjects, its schema ids and what waits for it')
    .argument(...VERSION)
    .option(...JSON_OPTION)
    .addHelpText('after', examples('versions show 2026-05-19'))
    .action((name: string, options: ListVersionsOptions) => showVersion(terminal, name, options))
}

function addActing(versions: Command, terminal: Terminal, examples: Examples): void {
  releasing(versions.command('add'))
    .description('check, register, release what waits in order, activate')
    .argument('<folder>', 'the folder of one version, with its samples')
    .addHelpText(
      'after',
      `
The version is draining (503, Retry-After) for about 25 s, until no ingress can set anything aside
any more. What waits is released meanwhile, no faster than it must be; where much waits that begins
up to 15 s before, and more than fits is released before that, while new events are still set
aside. Interrupted or repeated, it goes on where it was. --rate bounds all of it, so that others are
not slowed down. Needs DATABASE_URL: the audit, and the
lock that keeps others away, are there. CATALOGUE_LEASE_MS and RECORD_DEADLINE_MS must be those of
the ingresses where these are not the defaults; so must JSON_MAX_DEPTH and CARD_NUMBERS.
${examples('versions add schemas/2026-09-01', 'versions add ../candidate/2026-09-01 --json')}`,
    )
    .action((folder: string, options: ActivationOptions) => addVersion(terminal, folder, options))
  releasing(versions.command('release'))
    .description('go on with an addition that was interrupted: release what waits, activate')
    .argument(...VERSION)
    .addHelpText('after', examples('versions release 2026-09-01'))
    .action((name: string, options: ActivationOptions) => releaseVersion(terminal, name, options))
  audited(versions.command('retire'))
    .description('route it as ever, with a warning and a figure for each event')
    .argument(...VERSION)
    .addHelpText('after', examples('versions retire 2025-11-01'))
    .action((name: string, options: ChangeOptions) => retireVersion(terminal, name, options))
  audited(versions.command('restore'))
    .description('make a retired version active again')
    .argument(...VERSION)
    .addHelpText('after', examples('versions restore 2025-11-01'))
    .action((name: string, options: ChangeOptions) => restoreVersion(terminal, name, options))
}

/** Adds the verbs to `versions`. */
export function addVersionsVerbs(versions: Command, terminal: Terminal, examples: Examples): void {
  addReading(versions, terminal, examples)
  addActing(versions, terminal, examples)
}
