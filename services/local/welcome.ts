import { join } from 'node:path'
import type { Endpoint } from '#ingress/endpoints.ts'
import type { RunFile } from './run-file.ts'

export interface WelcomeOptions {
  readonly run: RunFile
  readonly runFile: string
  readonly logs: string
  readonly endpoints: readonly Endpoint[]
  /** Where each service answers `/metrics`: name and port. */
  readonly metrics: readonly (readonly [string, number])[]
  /** Variables that a command in another terminal needs to find this stack. */
  readonly variables: Readonly<Record<string, string>>
  /** Versions that are registered and not active. */
  readonly waitingVersions: readonly string[]
}

/** A text as one word for a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

function addresses({ run, runFile, logs, metrics }: WelcomeOptions): readonly string[] {
  const rows = [
    ['webhooks', `${run.ingress}/v1/hooks/<endpoint id>`],
    ['management', `${run.management}/readyz`],
    ...metrics.map(([name, port]) => ['metrics', `http://127.0.0.1:${port}/metrics  (${name})`]),
    ['Kafka', run.kafka],
    ['registry', run.registry],
    ['Postgres', `psql "$(sed -n 's/.*"database": "\\(.*\\)",$/\\1/p' ${shellWord(runFile)})"`],
    ['endpoints', run.endpointsFile],
    ['logs', join(logs, '*.log')],
  ]
  return rows.map(([name = '', value]) => `  ${name.padEnd(12)}${value}`)
}

const EXAMPLE_DATA = {
  transaction: {
    id: 'txn_01HZX9RWJMS8WHD07GBNY90C09',
    card_id: 'card_01HZXA6DSRXBTHG4JG3805A9GZ',
    status: 'authorized',
    merchant: { name: 'Example Coffee House', category_code: '5812', country: 'US' },
    amount_cents: 1250,
    currency: 'USD',
  },
}

/** The body as a shell's text: id and time are made when it is pasted, so that it may be again. */
function exampleBody({ tenantId, liveMode }: Endpoint): string {
  const id = `evt_01'$(openssl rand -hex 12 | tr a-f A-F)'`
  const created = `'$(date -u +%Y-%m-%dT%H:%M:%SZ)'`
  const head = `{"id":"${id}","type":"card.transaction.authorized","created":"${created}"`
  const whose = `"tenant_id":"${tenantId}","live_mode":${liveMode}`
  const data = `"data":${JSON.stringify(EXAMPLE_DATA)},"previous_attributes":null}`
  return `'${head},${whose},"api_version":"2026-05-19",${data}'`
}

/** Commands that sign an event and send it; the secret is read from its file and not shown. */
export function signedExample(endpoint: Endpoint, { run }: WelcomeOptions): readonly string[] {
  const file = shellWord(run.endpointsFile)
  const value = String.raw`s/.*"value": "\(.*\)".*/\1/p`
  return [
    `SECRET=$(sed -n '/"${endpoint.id}"/,/"value"/${value}' ${file})`,
    `BODY=${exampleBody(endpoint)}`,
    'T=$(date +%s)',
    `V1=$(printf '%s.%s' "$T" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')`,
    `curl -sS -i ${run.ingress}/v1/hooks/${endpoint.id} -H "QairoPay-Signature: t=$T,v1=$V1" -H 'Content-Type: application/json' --data-binary "$BODY" -w '\\n'`,
  ]
}

// Ids with other signs than letters, digits and _ would need quoting three times over.
function isPlain({ id, tenantId, state }: Endpoint): boolean {
  return state === 'enabled' && /^\w+$/.test(id) && /^\w+$/.test(tenantId)
}

function cli({ variables }: WelcomeOptions): string {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${shellWord(value)} `)
  return `${set.join('')}npm run cli --`
}

/** The next step for versions of which only readers know as yet. */
function activations(options: WelcomeOptions): readonly string[] {
  const { waitingVersions } = options
  if (waitingVersions.length === 0) return []
  return [
    `Registered, but not routed yet: ${waitingVersions.join(', ')}. Events are set aside until this has`,
    'released what waits, in order, and made it active:',
    '',
    ...waitingVersions.map((version) => `${cli(options)} versions release ${version}`),
    '',
  ]
}

function examples(options: WelcomeOptions): readonly string[] {
  const usable = options.endpoints.filter(isPlain)
  const endpoint = usable.find(({ mode }) => mode === 'sandbox') ?? usable[0]
  if (endpoint === undefined) return []
  return [
    'Send a signed webhook: paste this into another terminal, in this folder.',
    '',
    ...signedExample(endpoint, options),
    '',
    'Read it from its topic:',
    '',
    `${cli(options)} tail --mode ${endpoint.mode} --domain card --from-beginning`,
    '',
  ]
}

/** What a person can do with a stack that is ready. */
export function welcome(options: WelcomeOptions): readonly string[] {
  return [
    '',
    ...addresses(options),
    '',
    ...examples(options),
    ...activations(options),
    'The stack is ready and runs until Ctrl-C.',
  ]
}
