import type { Command } from 'commander'
import { count } from './choices.ts'
import type { ParkedFilterOptions } from './dead-letters-command.ts'
import { listParked, showParked } from './dead-letters-command.ts'
import type { ParkedActionOptions, ReleaseCommandOptions } from './parked-command.ts'
import { releaseParked, retryParked, skipParked } from './parked-command.ts'
import type { Terminal } from './terminal.ts'

/** The verbs below `parked`. */
export const PARKED_VERBS = ['list', 'show', 'retry', 'skip', 'release'] as const

function filtered(command: Command): Command {
  return command
    .option('--group <group>', 'only this consumer group')
    .option('--tenant <id>', 'only this tenant')
    .option('--cause <fingerprint>', 'only this cause; its beginning is enough')
}

function acting(command: Command): Command {
  return filtered(command)
    .option('--dry-run', 'only say what would be done')
    .option('--actor <name>', 'who does it, for the audit; the user of this machine when missing')
}

/** Adds the verbs to `parked`. */
export function addParkedVerbs(
  parked: Command,
  terminal: Terminal,
  examples: (...lines: readonly string[]) => string,
): void {
  filtered(parked.command('list'))
    .description('dead letters by their cause, with counts, tenants, first and last seen')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', examples('parked list', 'parked list --cause 4f2a'))
    .action((options: ParkedFilterOptions) => listParked(terminal, options))
  filtered(parked.command('show'))
    .description('the tenants that wait, and what each of them waits for')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', examples('parked show', 'parked show --tenant tnt_01HZX'))
    .action((options: ParkedFilterOptions) => showParked(terminal, options))
  acting(parked.command('retry'))
    .description('try the first event of a tenant once more')
    .addHelpText('after', examples('parked retry --tenant tnt_01HZX'))
    .action((options: ParkedActionOptions) => retryParked(terminal, options))
  acting(parked.command('skip'))
    .description('take the first event of a tenant out of its queue, unhandled, for good')
    .addHelpText('after', examples('parked skip --tenant tnt_01HZX --dry-run'))
    .action((options: ParkedActionOptions) => skipParked(terminal, options))
  acting(parked.command('release'))
    .description('handle what waits, in order; stops at the first failure')
    .option('--all', 'every cause of every group')
    .option('--canary <n>', 'try so many dead letters one by one first', count)
    .addHelpText(
      'after',
      examples('parked release --cause 4f2a --canary 10', 'parked release --all --dry-run'),
    )
    .action((options: ReleaseCommandOptions) => releaseParked(terminal, options))
}
