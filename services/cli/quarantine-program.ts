import type { Command } from 'commander'
import { Option } from 'commander'
import { QUARANTINE_REASONS } from '#core/outcome.ts'
import { MODES } from '#core/routing.ts'
import { ENTRY_STATES } from '#quarantine/inventory.ts'
import { count, rate, since, tenant, version } from './choices.ts'
import type { ExportOptions } from './quarantine-export.ts'
import { exportQuarantine } from './quarantine-export.ts'
import type { ListOptions } from './quarantine-list.ts'
import { listQuarantine, quarantineStats } from './quarantine-list.ts'
import type { ReleaseOptions } from './quarantine-release.ts'
import { releaseQuarantine } from './quarantine-release.ts'
import type { ShowOptions } from './quarantine-show.ts'
import { showQuarantine } from './quarantine-show.ts'
import type { Terminal } from './terminal.ts'

/** The verbs below `quarantine`. */
export const QUARANTINE_VERBS = ['list', 'show', 'stats', 'release', 'export'] as const

type Examples = (...lines: readonly string[]) => string

const DEFAULT_LIMIT = 50
const RAW = 'show personal data as it is; written to the audit'

/** A moment that was: a time, or how long ago; milliseconds since the epoch. */
function moment(text: string): number {
  return since(text).atMs(Date.now())
}

function ofMode(command: Command): Command {
  return command
    .addOption(new Option('--mode <mode>', 'live or sandbox').choices(MODES).makeOptionMandatory())
    .option('--id <event>', 'only events of this id')
    .option('--json', 'one JSON object a line')
}

function filtered(command: Command): Command {
  const reason = new Option('--reason <reason>', 'only what was set aside for this reason')
  return ofMode(command)
    .option('--tenant <id>', 'only what was received for this tenant', tenant)
    .addOption(reason.choices(QUARANTINE_REASONS))
    .option('--endpoint <id>', 'only what came in at this endpoint')
    .option('--version <date>', 'only this API version', version)
    .option('--since <time>', 'received at this time or later, or so long ago: 12h, 7d', moment)
    .option('--until <time>', 'received before this time', moment)
}

function ofState(command: Command): Command {
  const state = new Option('--state <state>', 'what became of them').choices(ENTRY_STATES)
  return filtered(command).addOption(state.default('waiting'))
}

function audited(command: Command): Command {
  return command.option(
    '--actor <name>',
    'who does it, for the audit; the user of this machine when missing',
  )
}

function addReading(quarantine: Command, terminal: Terminal, examples: Examples): void {
  ofState(quarantine.command('list'))
    .description('one line an event, the newest first, without bodies')
    .option('--limit <n>', 'so many at most', count, DEFAULT_LIMIT)
    .addHelpText(
      'after',
      examples(
        'quarantine list --mode live',
        'quarantine list --mode live --reason unknown_version --since 12h',
      ),
    )
    .action((options: ListOptions) => listQuarantine(terminal, options))
  ofState(quarantine.command('stats'))
    .description('how many there are by reason, version and tenant; oldest and newest')
    .addHelpText('after', examples('quarantine stats --mode live --json'))
    .action((options: ListOptions) => quarantineStats(terminal, options))
  audited(ofMode(quarantine.command('show')))
    .description('headers and body of a record; what may be personal data is masked')
    .argument('[place]', '<partition>/<offset>, as list prints it; or use --id')
    .option('--raw-personal-data', RAW)
    .addHelpText(
      'after',
      examples('quarantine show --mode live 3/1234', 'quarantine show --mode live --id evt_01HZX'),
    )
    .action((place: string | undefined, options: ShowOptions) =>
      showQuarantine(terminal, place, options),
    )
}

function addActing(quarantine: Command, terminal: Terminal, examples: Examples): void {
  audited(ofState(quarantine.command('export')))
    .description('write bodies as signed to a file of mode 0600: JSON lines, values in base64')
    .requiredOption('--to <file>', 'a file that is not there yet')
    .option('--raw-personal-data', RAW)
    .addHelpText(
      'after',
      examples('quarantine export --mode live --id evt_01HZX --to e.jsonl --raw-personal-data'),
    )
    .action((options: ExportOptions) => exportQuarantine(terminal, options))
  audited(filtered(quarantine.command('release')))
    .description('put what waits through the ingress again, in order; a dry run unless --yes')
    .option('--accept-stale', 'also what was signed outside the tolerance; stored flagged')
    .option('--accept-card-numbers', 'also what was set aside for a card number in a value')
    .option('--rate <r>', 'events per second at most', rate)
    .option('--all', 'everything that waits, without a filter')
    .option('--yes', 'do it, instead of only saying what would be done')
    .addOption(new Option('--dry-run', 'only say it; so it is without --yes').conflicts('yes'))
    .addHelpText(
      'after',
      `
What still cannot be routed stays, with its reason. An event of another tenant or mode than its
endpoint goes only once the endpoint (ENDPOINTS_FILE) is that of its body. Interrupted or
repeated, it writes what is not marked as released yet; consumers remove copies.
${examples('quarantine release --mode live --version 2026-09-01', 'quarantine release --mode live --reason stale_signature --accept-stale --yes')}`,
    )
    .action((options: ReleaseOptions) => releaseQuarantine(terminal, options))
}

/** Adds the verbs to `quarantine`. */
export function addQuarantineVerbs(
  quarantine: Command,
  terminal: Terminal,
  examples: Examples,
): void {
  addReading(quarantine, terminal, examples)
  addActing(quarantine, terminal, examples)
}
