import { type Command, InvalidArgumentError, Option } from 'commander'
import { MODES } from '#core/routing.ts'
import { decisionUrl } from '#ingress/decision-url.ts'
import { count, deadline, endpoint, tenant } from './choices.ts'
import type {
  AddOptions,
  EndpointActionOptions,
  EndpointsOptions,
  RemoveOptions,
  RetireOptions,
  RotateOptions,
} from './endpoints-command.ts'
import {
  addEndpoint,
  listEndpoints,
  removeEndpoint,
  retireSecret,
  rotateSecret,
  showEndpoint,
  switchEndpoint,
} from './endpoints-command.ts'
import type { ExportOptions, ImportOptions } from './endpoints-export-command.ts'
import { exportEndpoints, importEndpoints, resealEndpoints } from './endpoints-export-command.ts'
import type { ExpireOptions, SetOptions } from './endpoints-set-command.ts'
import { expireSecret, setEndpoint } from './endpoints-set-command.ts'
import { endpointsStatus } from './endpoints-status-command.ts'
import type { Terminal } from './terminal.ts'

/** The verbs below `endpoints`. */
export const ENDPOINT_VERBS = [
  ...['list', 'show', 'status', 'add', 'rotate', 'retire', 'expire'],
  ...['set', 'disable', 'enable', 'remove', 'export', 'import', 'reseal'],
] as const

type Examples = (...lines: readonly string[]) => string

const JSON_OPTION = ['--json', 'one JSON object a line'] as const
const UNTIL = 'a time with a zone, or a span from now such as 30d, 12h or 45m'
const FORCE_OPTION = ['--force', 'also an end that is in the past'] as const
const INPUT_OPTION = [
  '--secret-stdin',
  'take the secret from standard input, as QairoPay issued it; one is generated when missing',
] as const

function decider(text: string): string {
  const url = decisionUrl(text) ?? null
  if (url === null) throw new InvalidArgumentError('It must be a plain http or https address.')
  return url.href
}

function kubernetesName(text: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,57}[a-z0-9])?$/.test(text)) {
    throw new InvalidArgumentError('It must be a name as Kubernetes takes it, e.g. endpoints.')
  }
  return text
}

/** Where the secret comes from, and whether one that is made here is shown. */
function withSecret(command: Command): Command {
  return command
    .option(...INPUT_OPTION)
    .option('--print-secret', 'show a generated secret also where no terminal is, such as a log')
    .option('--no-print-secret', 'show it nowhere: `send` and `doctor` sign with it all the same')
}

function acting(command: Command): Command {
  return command
    .option('--actor <name>', 'who does it, for the audit; the user of this machine when missing')
    .option(...JSON_OPTION)
}

function addReadingVerbs(endpoints: Command, terminal: Terminal, examples: Examples): void {
  endpoints
    .command('list')
    .description('id, tenant, mode, and how many secrets; never the secrets')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('endpoints list', 'endpoints list --json'))
    .action((options: EndpointsOptions) => listEndpoints(terminal, options))
  endpoints
    .command('show <endpoint>')
    .description('one endpoint with its secrets\u2019 ids and times; never the secrets')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('endpoints show whk_01HZX3J5K7M9P1R3T5V7X9Z1B3'))
    .action((id: string, options: EndpointsOptions) => showEndpoint(terminal, id, options))
  endpoints
    .command('status [endpoint]')
    .description('when each secret last matched and how often, and whether it may be retired')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('endpoints status', 'endpoints status whk_1 --json'))
    .action((id: string | undefined, options: EndpointsOptions) =>
      endpointsStatus(terminal, id, options),
    )
}

function addSecretVerbs(endpoints: Command, terminal: Terminal, examples: Examples): void {
  withSecret(acting(endpoints.command('add')))
    .description('a new endpoint with its first secret, which is shown once if it is made here')
    .requiredOption('--tenant <id>', 'whose events come in there', tenant)
    .addOption(new Option('--mode <mode>', 'live or sandbox').choices(MODES).makeOptionMandatory())
    .option('--id <whk_\u2026>', 'the id that QairoPay issued; one is made when missing', endpoint)
    .option('--not-after <end>', `when the secret ends: ${UNTIL}`, deadline)
    .option('--if-missing', 'with --id: change nothing where there is one of this id')
    .option('--disabled', 'do not take events yet')
    .option(...FORCE_OPTION)
    .option('--decision-url <url>', 'who decides authorization requests; else 501', decider)
    .addHelpText(
      'after',
      examples(
        'endpoints add --tenant tnt_1 --mode sandbox',
        'endpoints add --tenant tnt_1 --mode live --id whk_1 --secret-stdin < secret.txt',
      ),
    )
    .action((options: AddOptions) => addEndpoint(terminal, options))
  withSecret(acting(endpoints.command('rotate <endpoint>')))
    .description('add a newer secret; the older ones go on verifying until they are retired')
    .option('--not-after <end>', `when the new secret ends: ${UNTIL}`, deadline)
    .option('--old-not-after <end>', `when the older ones end: ${UNTIL}`, deadline)
    .option('--force', 'also an end that is in the past; drop older ones that no key opens')
    .addHelpText(
      'after',
      examples('endpoints rotate whk_1 --secret-stdin < secret.txt', 'endpoints status whk_1'),
    )
    .action((id: string, options: RotateOptions) => rotateSecret(terminal, id, options))
  acting(endpoints.command('retire <endpoint>'))
    .description('take one secret away; what is signed with it is answered 400 from then on')
    .requiredOption('--secret <id>', 'which one, e.g. k1')
    .option('--force', 'also the last usable one of an enabled endpoint')
    .addHelpText('after', examples('endpoints retire whk_1 --secret k1'))
    .action((id: string, options: RetireOptions) => retireSecret(terminal, id, options))
}

function addRepairVerbs(endpoints: Command, terminal: Terminal, examples: Examples): void {
  acting(endpoints.command('expire <endpoint>'))
    .description('give a secret another end; what is signed with it is answered 503 from then on')
    .requiredOption('--secret <id>', 'which one, e.g. k1')
    .requiredOption('--not-after <end>', `when it ends: ${UNTIL}`, deadline)
    .option('--force', 'also the last usable one of an enabled endpoint')
    .addHelpText('after', examples('endpoints expire whk_1 --secret k1 --not-after 1s'))
    .action((id: string, options: ExpireOptions) => expireSecret(terminal, id, options))
  acting(endpoints.command('set <endpoint>'))
    .description(
      'correct what was entered wrongly; another tenant or mode is only said without --yes',
    )
    .option('--decision-url <url>', 'who decides authorization requests', decider)
    .option('--no-decision-url', 'nobody decides: they are answered 501')
    .option('--tenant <id>', 'whose events come in there', tenant)
    .addOption(new Option('--mode <mode>', 'live or sandbox').choices(MODES))
    .option('--yes', 'another tenant or mode: do it, instead of only saying what would be done')
    .addHelpText(
      'after',
      examples(
        'endpoints set whk_1 --decision-url https://decisions.internal/card',
        'endpoints set whk_1 --tenant tnt_2 --yes',
      ),
    )
    .action((id: string, options: SetOptions) => setEndpoint(terminal, id, options))
}

function addStateVerbs(endpoints: Command, terminal: Terminal, examples: Examples): void {
  acting(endpoints.command('disable <endpoint>'))
    .description('answer 503 until it is enabled again; the sender retries for 7 days')
    .addHelpText('after', examples('endpoints disable whk_1'))
    .action((id: string, options: EndpointActionOptions) =>
      switchEndpoint(terminal, id, 'disabled', options),
    )
  acting(endpoints.command('enable <endpoint>'))
    .description('take events again')
    .addHelpText('after', examples('endpoints enable whk_1'))
    .action((id: string, options: EndpointActionOptions) =>
      switchEndpoint(terminal, id, 'enabled', options),
    )
  acting(endpoints.command('remove <endpoint>'))
    .description('answer 410 for good and forget the secrets; only said without --yes')
    .option('--yes', 'do it, instead of only saying what would be done')
    .addHelpText('after', examples('endpoints remove whk_1', 'endpoints remove whk_1 --yes'))
    .action((id: string, options: RemoveOptions) => removeEndpoint(terminal, id, options))
}

function addMovingVerbs(endpoints: Command, terminal: Terminal, examples: Examples): void {
  endpoints
    .command('export')
    .description(
      'Kubernetes Secrets with all endpoints, WITH their secrets, for kubectl apply -f -',
    )
    .requiredOption('--kubernetes-secret <name>', 'name of the Secret', kubernetesName)
    .option('--namespace <name>', 'its namespace', kubernetesName)
    .option('--parts <n>', 'over how many Secrets; keep the number once it is chosen', count, 1)
    .addHelpText(
      'after',
      examples('endpoints export --kubernetes-secret endpoints | kubectl apply -f -'),
    )
    .action((options: ExportOptions) => exportEndpoints(terminal, options))
  endpoints
    .command('import')
    .description('add the endpoints of a file that the store does not have yet')
    .requiredOption('--from <file>', 'JSON or YAML file, or a folder of them')
    .option('--actor <name>', 'who does it, for the audit; the user of this machine when missing')
    .addHelpText('after', examples('endpoints import --from endpoints.json'))
    .action((options: ImportOptions) => importEndpoints(terminal, options))
  endpoints
    .command('reseal')
    .description('seal all secrets in Postgres with the first key of ENDPOINTS_KEYS')
    .option('--actor <name>', 'who does it, for the audit; the user of this machine when missing')
    .addHelpText('after', examples('endpoints reseal'))
    .action((options: EndpointActionOptions) => resealEndpoints(terminal, options))
}

/** Adds the verbs to `endpoints`. */
export function addEndpointVerbs(endpoints: Command, terminal: Terminal, examples: Examples): void {
  addReadingVerbs(endpoints, terminal, examples)
  addSecretVerbs(endpoints, terminal, examples)
  addRepairVerbs(endpoints, terminal, examples)
  addStateVerbs(endpoints, terminal, examples)
  addMovingVerbs(endpoints, terminal, examples)
}
