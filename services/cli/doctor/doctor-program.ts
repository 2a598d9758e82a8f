import { Command, Option } from 'commander'
import { HANDLED_DOMAINS } from '#core/routing.ts'
import { baseUrl, count, endpoint } from '../choices.ts'
import type { Terminal } from '../terminal.ts'
import type { DoctorOptions } from './doctor-command.ts'
import { doctor } from './doctor-command.ts'

const WITHIN_SECONDS = 30

/** The verb `doctor` with its options. */
export function doctorVerb(
  terminal: Terminal,
  examples: (...lines: readonly string[]) => string,
): Command {
  const domain = new Option('--domain <domain>', 'with --send: which consumer is to handle it')
  return new Command('doctor')
    .description('what is wrong, and what to do about it: one line a check; changes nothing')
    .option('--json', 'one JSON object a line')
    .option('--send', 'also send one signed test event and wait for its effect')
    .option(
      '--url <url>',
      'with --send: base URL of the ingress; INGRESS_URL when missing',
      baseUrl,
    )
    .option('--endpoint <whk_\u2026>', 'with --send: for which endpoint', endpoint)
    .option('--real-tenant', 'with --send: also for a tenant that QairoPay knows')
    .addOption(domain.choices(HANDLED_DOMAINS).default('program'))
    .option(
      '--within <seconds>',
      'with --send: how long its effect may take',
      count,
      WITHIN_SECONDS,
    )
    .addHelpText(
      'after',
      `
Reads the variables of the services: KAFKA_*, TOPIC_PREFIX, SCHEMA_REGISTRY_*, DATABASE_URL,
ENDPOINTS_*, MODES, CONSUMER_SERVICE and KAFKA_REPLICATION_FACTOR; without them, the running local
stack. Ends with 1 when there is a fault; a warning is none. What is away does not keep it from
looking at the rest.

A test event is of type <family>.router_test and names no resource: the consumer keeps it in its
history and changes nothing else. It is sent for an endpoint of a tenant whose id begins with
tnt_test_, which QairoPay never issues. It lies on the topic like any event, so an endpoint of a
real tenant must be named, with --real-tenant.
${examples('doctor', 'doctor --json', 'doctor --send', 'doctor --send --url https://hooks.example.com --endpoint whk_1 --real-tenant')}`,
    )
    .action((options: DoctorOptions) => doctor(terminal, options))
}
