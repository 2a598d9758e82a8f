import { type Command, Option } from 'commander'
import { DOMAINS, MODES } from '#core/routing.ts'
import type { CheckOptions } from './check-command.ts'
import { checkSchemas } from './check-command.ts'
import { count, rate, since, tenant, version } from './choices.ts'
import type { DiffOptions } from './diff-command.ts'
import { diffSchemas, documentSchemas } from './diff-command.ts'
import type { InferOptions } from './infer-command.ts'
import { inferSchemas } from './infer-command.ts'
import type { RehearseOptions } from './rehearse-command.ts'
import { rehearseSchemas } from './rehearse-command.ts'
import type { SchemasOptions } from './schemas-command.ts'
import { planSchemas, registerSchemas } from './schemas-command.ts'
import type { Terminal } from './terminal.ts'

/** The verbs below `schemas`. */
export const SCHEMAS_VERBS = [
  'check',
  'diff',
  'docs',
  'infer',
  'plan',
  'register',
  'rehearse',
] as const

type Examples = (...lines: readonly string[]) => string

const FOLDER_OPTION = ['--folder <folder>', 'folder with one folder for each version'] as const

function addCheck(schemas: Command, terminal: Terminal, examples: Examples): void {
  schemas
    .command('check')
    .argument('[folder]', 'folder of versions, or of one version')
    .description('linter, compatibility, samples, and what differs; changes nothing')
    .option('--offline', 'ask no registry; compatible with the known folder only')
    .option('--known <folder>', 'versions to compare with; those of SCHEMAS_FOLDER when missing')
    .option('--json', 'one JSON object with everything')
    .addHelpText(
      'after',
      `
Exits with 0 when nothing was found, 1 when something was (or the registry did not answer), 2 when
it was used wrongly.
${examples('schemas check', 'schemas check ../candidate/2026-09-01 --offline --json')}`,
    )
    .action((folder: string | undefined, options: CheckOptions) =>
      checkSchemas(terminal, folder, options),
    )
}

function addReadings(schemas: Command, terminal: Terminal, examples: Examples): void {
  schemas
    .command('diff')
    .argument('<before>', 'a version, or the folder of one')
    .argument('<after>', 'a version, or the folder of one')
    .description('what differs between two versions, field by field')
    .option('--json', 'one JSON object')
    .addHelpText('after', examples('schemas diff 2026-02-01 2026-05-19'))
    .action((before: string, after: string, options: DiffOptions) =>
      diffSchemas(terminal, before, after, options),
    )
  schemas
    .command('docs')
    .argument('<version>', 'a version, or the folder of one')
    .description('the fields of a version as Markdown')
    .addHelpText('after', examples('schemas docs 2026-05-19'))
    .action((version: string) => documentSchemas(terminal, version))
}

function addInfer(schemas: Command, terminal: Terminal, examples: Examples): void {
  schemas
    .command('infer')
    .description('propose a folder for an unknown version, from the events that wait for it')
    .requiredOption('--version <date>', 'the version, YYYY-MM-DD', version)
    .addOption(new Option('--mode <mode>', 'live or sandbox; both when missing').choices(MODES))
    .option('--since <time>', 'read from this time on, or so long ago: 7d, 12h', since)
    .option('--out <folder>', 'write the proposal there; must not exist yet')
    .addHelpText(
      'after',
      `
No value of an event is printed or written: samples are made up in the shape of what was seen.
${examples('schemas infer --version 2026-09-01', 'schemas infer --version 2026-09-01 --since 7d --out schemas/2026-09-01')}`,
    )
    .action((options: InferOptions) => inferSchemas(terminal, options))
}

function addRehearse(schemas: Command, terminal: Terminal, examples: Examples): void {
  schemas
    .command('rehearse')
    .argument('<folder>', 'folder of one candidate version, or of several')
    .description('encode what is on the topics with candidates; changes nothing')
    .option('--since <time>', 'what was written from then on, or so long ago', since, since('7d'))
    .addOption(new Option('--mode <mode>', 'live or sandbox; both when missing').choices(MODES))
    .option(
      '--version <date>',
      'with bodies of this version; the candidate\u2019s own when missing',
      version,
    )
    .addOption(new Option('--domain <domain>', 'only this one').choices(DOMAINS))
    .option('--tenant <id>', 'only events of this one', tenant)
    .option('--known <folder>', 'versions that type the traffic today, where no catalogue is')
    .option('--accept <place...>', 'harm that is meant, e.g. card:card.spending_controls')
    .option('--samples <n>', 'how many places of events for each finding', count, 3)
    .option('--rate <r>', 'records per second; as fast as it goes when missing', rate)
    .option('--allow-empty', 'it is no failure when there is nothing to rehearse')
    .option('--json', 'one JSON object with everything')
    .addHelpText(
      'after',
      `
Reads the domain topics and what waits in the quarantine for a schema. Exits with 0 when all of it
fits, 1 when something comes to harm (or nothing was there, or not all was read), 2 when it was used
wrongly. --since is 7d when missing. No value of an event is printed.
${examples('schemas rehearse schemas/2026-09-01 --version 2026-05-19 --since 7d', 'schemas rehearse ../candidate/2026-09-01 --mode live --json --rate 5000')}`,
    )
    .action((folder: string, options: RehearseOptions) =>
      rehearseSchemas(terminal, folder, options),
    )
}

/** Adds the verbs to `schemas`. */
export function addSchemasVerbs(schemas: Command, terminal: Terminal, examples: Examples): void {
  addCheck(schemas, terminal, examples)
  addReadings(schemas, terminal, examples)
  addInfer(schemas, terminal, examples)
  addRehearse(schemas, terminal, examples)
  schemas
    .command('plan')
    .description('what register would change; changes nothing')
    .option(...FOLDER_OPTION)
    .addHelpText('after', examples('schemas plan', 'schemas plan --folder ../candidate'))
    .action((options: SchemasOptions) => planSchemas(terminal, options))
  schemas
    .command('register')
    .description('topics, compatibility, schemas, catalogue; changes only what is missing')
    .option(...FOLDER_OPTION)
    .addHelpText('after', examples('schemas register'))
    .action((options: SchemasOptions) => registerSchemas(terminal, options))
}
