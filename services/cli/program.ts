import { Command, CommanderError, Option } from 'commander'
import { DOMAINS, HANDLED_DOMAINS, MODES } from '#core/routing.ts'
import { baseUrl, count, instant, rate, tenant, version } from './choices.ts'
import type { StatusOptions } from './consumers-command.ts'
import { consumersStatus } from './consumers-command.ts'
import { doctorVerb } from './doctor/doctor-program.ts'
import { addEndpointVerbs, ENDPOINT_VERBS } from './endpoints-program.ts'
import { usageFault } from './fault.ts'
import { addParkedVerbs, PARKED_VERBS } from './parked-program.ts'
import { addQuarantineVerbs, QUARANTINE_VERBS } from './quarantine-program.ts'
import type { ReplayCommandOptions } from './replay-command.ts'
import { replayEvents } from './replay-command.ts'
import { addSchemasVerbs, SCHEMAS_VERBS } from './schemas-program.ts'
import type { SendOptions } from './send-command.ts'
import { send } from './send-command.ts'
import type { TailOptions } from './tail-command.ts'
import { tail } from './tail-command.ts'
import type { Terminal } from './terminal.ts'
import { addVersionsVerbs, VERSIONS_VERBS } from './versions-program.ts'

const NAME = 'npm run cli --'

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${NAME} ${line}`).join('\n')}\n`
}

/** A verb that has verbs of its own: alone it is wrong use. */
function group(name: string, description: string, verbs: readonly string[]): Command {
  return new Command(name).description(description).action((_options, command: Command) => {
    const [word] = command.args
    const wrong = word === undefined ? 'a verb is missing' : `unknown verb ${word}`
    throw usageFault(`${name}: ${wrong}; there is ${verbs.join(', ')}`)
  })
}

function schemas(terminal: Terminal): Command {
  const command = group('schemas', 'check, compare and register the schemas', SCHEMAS_VERBS)
  addSchemasVerbs(command, terminal, examples)
  return command
}

function sending(terminal: Terminal): Command {
  return new Command('send')
    .description('sign events and post them to the ingress, as QairoPay does')
    .option('--type <type>', 'event type, e.g. card.transaction.authorized')
    .option('--version <date>', 'API version of the sample, YYYY-MM-DD', version)
    .option('--tenant <id>', 'tenant to send for; the first endpoint when missing')
    .option('--count <n>', 'how many events', count, 1)
    .option('--rate <r>', 'events per second; as fast as it goes when missing', rate)
    .option('--file <file>', 'JSON file with an event, instead of a sample')
    .option('--url <url>', 'base URL of the ingress', baseUrl)
    .addHelpText(
      'after',
      examples(
        'send --type card.transaction.authorized --version 2026-05-19',
        'send --type pass.installed --version 2026-02-01 --count 1000 --rate 100',
        'send --file event.json --tenant tnt_01HZX3J5K7M9P1R3T5V7X9Z1B3',
      ),
    )
    .action((options: SendOptions) => send(terminal, options))
}

function tailing(terminal: Terminal): Command {
  const domains = [...DOMAINS, 'quarantine']
  return new Command('tail')
    .description('print decoded records of a topic, with their coordinates')
    .addOption(new Option('--mode <mode>', 'live or sandbox').choices(MODES).makeOptionMandatory())
    .addOption(
      new Option('--domain <domain>', 'which topic').choices(domains).makeOptionMandatory(),
    )
    .option('--from-beginning', 'from the oldest record on, not only what is new')
    .option('--max <n>', 'end after this many records', count)
    .option('--json', 'one JSON object a line, with everything')
    .option('--show-pii', 'show personal data as it is; of the quarantine: written to the audit')
    .option('--actor <name>', 'who does it, for that; the user of this machine when missing')
    .addHelpText(
      'after',
      examples(
        'tail --mode sandbox --domain card',
        'tail --mode sandbox --domain card --from-beginning --max 10 --json',
        'tail --mode live --domain quarantine --from-beginning',
      ),
    )
    .action((options: TailOptions) => tail(terminal, options))
}

function endpoints(terminal: Terminal): Command {
  const command = group('endpoints', 'the webhook endpoints and their secrets', ENDPOINT_VERBS)
  addEndpointVerbs(command, terminal, examples)
  return command
}

function consumersReplay(terminal: Terminal): Command {
  const domain = new Option('--domain <domain>', 'whose consumer').choices(HANDLED_DOMAINS)
  return new Command('replay')
    .description('hand events of one tenant to a group once more; a dry run unless --yes')
    .addOption(new Option('--mode <mode>', 'live or sandbox').choices(MODES).makeOptionMandatory())
    .addOption(domain.makeOptionMandatory())
    .requiredOption('--tenant <id>', 'whose events', tenant)
    .requiredOption('--from <time>', 'the first moment at which they were written', instant)
    .requiredOption('--to <time>', 'the moment before which they were written', instant)
    .option('--service <name>', 'last part of the group\u2019s name, as CONSUMER_SERVICE')
    .option('--again', 'also those that had their effect already; each run handles them once more')
    .option('--yes', 'do it, instead of only saying what would be done')
    .addOption(new Option('--dry-run', 'only say it; so it is without --yes').conflicts('yes'))
    .option('--actor <name>', 'who does it, for the audit; the user of the system when missing')
    .addHelpText(
      'after',
      `
Times are those at which the ingress wrote the events (as \`tail --json\` shows them), not their
\`created\`. Only what the group has come to already is handled; offsets stay as they are.
${examples('consumers replay --mode live --domain card --tenant tnt_1 --from 2026-05-19T08:00:00Z --to 2026-05-19T09:30:00Z')}`,
    )
    .action((options: ReplayCommandOptions) => replayEvents(terminal, options))
}

function consumers(terminal: Terminal): Command {
  const command = group('consumers', 'the consumer groups', ['status', 'replay'])
  command
    .command('status')
    .description('what is unhandled, since when, and what waits for a person; changes nothing')
    .option('--json', 'one JSON object a line, one for each group')
    .addHelpText('after', examples('consumers status', 'consumers status --json'))
    .action((options: StatusOptions) => consumersStatus(terminal, options))
  command.addCommand(consumersReplay(terminal))
  return command
}

function parked(terminal: Terminal): Command {
  const command = group('parked', 'dead letters and the tenants that wait for them', PARKED_VERBS)
  addParkedVerbs(command, terminal, examples)
  return command
}

function quarantine(terminal: Terminal): Command {
  const command = group('quarantine', 'events that were set aside', QUARANTINE_VERBS)
  addQuarantineVerbs(command, terminal, examples)
  return command
}

function versions(terminal: Terminal): Command {
  const command = group('versions', 'the API versions and their life', VERSIONS_VERBS)
  addVersionsVerbs(command, terminal, examples)
  return command
}

/** Errors become one line, printed by whoever runs the program; help stays as it is. */
function quiet(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .showHelpAfterError(false)
    .allowExcessArguments(false)
  for (const inner of command.commands) quiet(inner)
}

/** All verbs. Nothing runs before `parseAsync`. */
function program(terminal: Terminal): Command {
  const makers = [schemas, sending, tailing, endpoints, consumers, parked, quarantine, versions]
  const commands = [...makers.map((make) => make(terminal)), doctorVerb(terminal, examples)]
  const verbs = commands.map((inner) => inner.name())
  const command = new Command(NAME)
    .description('One door for operators of event-router.')
    .addHelpText('after', examples('doctor', 'schemas register', 'send --help'))
    .action((_options, self: Command) => {
      const [word] = self.args
      const wrong = word === undefined ? 'a verb is missing' : `unknown verb ${word}`
      throw usageFault(`${wrong}; there is ${verbs.join(', ')} (see \`${NAME} --help\`)`)
    })
  for (const inner of commands) command.addCommand(inner)
  quiet(command)
  command.allowExcessArguments(true)
  for (const inner of command.commands) {
    if (inner.commands.length > 0) inner.allowExcessArguments(true)
  }
  return command
}

/** What commander says of wrong use, as one line without its own prefix. */
function oneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
}

/**
 * Runs one command.
 *
 * @throws CliFault for everything that a person can put right.
 */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<void> {
  try {
    await program(terminal).parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return
    throw usageFault(oneLine(error.message))
  }
}
