import Table from 'cli-table3'
import type { EndpointId, TenantId } from '#core/ids.ts'
import { endpointId } from '#core/ids.ts'
import type { Mode } from '#core/routing.ts'
import { modeOf } from '#core/routing.ts'
import type { EndpointEntry, SecretEntry } from '#ingress/endpoint-entry.ts'
import type { FaultyRow } from '#ingress/endpoint-rows.ts'
import { newestFirst } from '#ingress/endpoints.ts'
import { isUsable } from '#ingress/signature.ts'
import { sortableIds } from '#local/event-ids.ts'
import { endpointBook } from './endpoint-access.ts'
import type { EndpointDecision } from './endpoint-book.ts'
import type { EndpointChange } from './endpoint-changes.ts'
import { added, checkEnd, removed, retired, rotated, switched } from './endpoint-changes.ts'
import { failure, usageFault } from './fault.ts'
import { foundEndpoint } from './found-endpoints.ts'
import { actorName } from './operator.ts'
import type { SecretChoice } from './secret-input.ts'
import { newSecret } from './secret-input.ts'
import type { Terminal } from './terminal.ts'

export interface EndpointsOptions {
  readonly json?: true
}

export interface EndpointActionOptions extends EndpointsOptions {
  readonly actor?: string
}

interface SecretOptions extends EndpointActionOptions, SecretChoice {
  readonly force?: true
  /** Milliseconds since the epoch. */
  readonly notAfter?: number
}

export interface AddOptions extends SecretOptions {
  readonly tenant: TenantId
  readonly mode: Mode
  readonly id?: EndpointId
  readonly disabled?: true
  readonly decisionUrl?: string
  /** Change nothing where there is an endpoint of this id. */
  readonly ifMissing?: true
}

export interface RotateOptions extends SecretOptions {
  /** Milliseconds since the epoch. */
  readonly oldNotAfter?: number
}

export interface RetireOptions extends EndpointActionOptions {
  readonly secret: string
  readonly force?: true
}

export interface RemoveOptions extends EndpointActionOptions {
  readonly yes?: true
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

function listed({ id, tenantId, liveMode, state, secrets }: EndpointEntry) {
  return {
    id,
    tenant_id: tenantId,
    mode: modeOf(liveMode),
    state,
    enabled: state === 'enabled',
    secrets: secrets.length,
  }
}

/** One that cannot be used; what its secrets are, nobody can tell. */
function listedDamaged({ id, bare, state, problem }: FaultyRow) {
  const owner = { tenant_id: bare?.tenantId ?? null, mode: bare && modeOf(bare.liveMode) }
  return { id, ...owner, state, enabled: false, secrets: null, problem }
}

function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const style = { head: [], border: [], compact: true }
  const table = new Table({ head: [...head], style })
  for (const row of rows) table.push([...row])
  return table.toString()
}

/** Lists the endpoints: how many secrets each has, never the secrets. */
export async function listEndpoints(terminal: Terminal, { json }: EndpointsOptions): Promise<void> {
  const { usable, damaged } = await (await endpointBook(terminal)).read()
  const rows = [...usable.values()].map(listed)
  const unusable = [...damaged.values()].map(listedDamaged)
  if (json === true) {
    for (const row of [...rows, ...unusable]) terminal.line(JSON.stringify(row))
    return
  }
  const cells = rows.map((row) => [
    ...[row.id, row.tenant_id, row.mode, row.enabled ? 'yes' : `no (${row.state})`],
    String(row.secrets),
  ])
  for (const { id, tenant_id, mode } of unusable) {
    cells.push([id, tenant_id ?? '?', mode ?? '?', 'no (unusable)', '?'])
  }
  terminal.line(plainTable(['id', 'tenant', 'mode', 'enabled', 'secrets'], cells))
  for (const { problem } of unusable) terminal.note(problem)
}

function shownSecret(secret: SecretEntry, nowMs: number) {
  const { id, sinceMs, notAfterMs } = secret
  const usable = isUsable(secret, nowMs)
  return { id, since: iso(sinceMs), not_after: iso(notAfterMs), usable }
}

/** Shows one endpoint with its secrets' ids and times, never the secrets. */
export async function showEndpoint(
  terminal: Terminal,
  id: string,
  { json }: EndpointsOptions,
): Promise<void> {
  const entry = foundEndpoint(await (await endpointBook(terminal)).read(), id)
  const nowMs = Date.now()
  const secrets = newestFirst(entry.secrets).map((secret) => shownSecret(secret, nowMs))
  if (json === true) {
    terminal.line(JSON.stringify({ ...listed(entry), secrets }))
    return
  }
  terminal.line(`${id}  ${entry.tenantId}  ${modeOf(entry.liveMode)}  ${entry.state}`)
  const cells = secrets.map((secret) => [
    ...[secret.id, secret.since ?? 'unknown', secret.not_after ?? 'none'],
    secret.usable ? 'yes' : 'no',
  ])
  terminal.line(plainTable(['secret', 'since', 'not after', 'usable'], cells))
}

/** What a person or a program reads after a change; the secret only when it was made here. */
interface Said {
  readonly words: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly secret?: string | null
}

/** Changes the store and says so, once for each endpoint. */
export async function acted(
  terminal: Terminal,
  options: EndpointActionOptions,
  decision: EndpointDecision,
  say: (entry: EndpointEntry) => Said,
): Promise<readonly EndpointChange[]> {
  const book = await endpointBook(terminal)
  const { changes, where } = await book.change(decision, actorName(options.actor))
  for (const { entry } of changes) {
    const { words, fields, secret = null } = say(entry)
    if (options.json === true) {
      const shown = secret === null ? {} : { secret_value: secret }
      terminal.line(JSON.stringify({ id: entry.id, ...fields, where, ...shown }))
      continue
    }
    terminal.line(`${words} (in ${where})`)
    if (secret !== null) terminal.line(`its secret, shown only now: ${secret}`)
  }
  return changes
}

function newest({ secrets }: EndpointEntry): string {
  return secrets.at(-1)?.id ?? ''
}

/** `endpoints add`: a new endpoint with its first secret. */
export async function addEndpoint(terminal: Terminal, options: AddOptions): Promise<void> {
  const { tenant: tenantId, mode, notAfter = null, force = false, ifMissing = false } = options
  checkEnd('--not-after', notAfter, { nowMs: Date.now(), force })
  if (ifMissing && options.id === undefined) throw usageFault('--if-missing needs --id')
  const id = options.id ?? endpointId(sortableIds('whk_', Date.now)())
  if (id === null) throw failure('no id could be made')
  const { value, shown } = await newSecret(terminal, options)
  const state = options.disabled === true ? 'disabled' : 'enabled'
  const { decisionUrl = null } = options
  const endpoint = { id, tenantId, liveMode: mode === 'live', state, decisionUrl } as const
  const secret = { value, notAfterMs: notAfter }
  const changes = await acted(
    terminal,
    options,
    (found) =>
      ifMissing && found.usable.has(id) ? [] : [added(found, endpoint, secret, Date.now())],
    (entry) => ({
      words: `added ${id} of ${tenantId}, ${mode}, ${state}, with secret ${newest(entry)}`,
      fields: { tenant_id: tenantId, mode, state, secret: newest(entry) },
      secret: shown,
    }),
  )
  if (changes.length === 0) terminal.note(`the endpoint ${id} is there already; nothing changed`)
}

/** `endpoints rotate`: a further secret; the older ones go on verifying. */
export async function rotateSecret(
  terminal: Terminal,
  id: string,
  options: RotateOptions,
): Promise<void> {
  const { notAfter = null, oldNotAfter = null, force = false } = options
  checkEnd('--not-after', notAfter, { nowMs: Date.now(), force })
  checkEnd('--old-not-after', oldNotAfter, { nowMs: Date.now(), force })
  const { value, shown } = await newSecret(terminal, options)
  const times = { nowMs: Date.now(), oldNotAfterMs: oldNotAfter, force }
  const until = oldNotAfter === null ? '' : ` until ${iso(oldNotAfter)}`
  await acted(
    terminal,
    options,
    (found) => [rotated(found, id, { value, notAfterMs: notAfter }, times)],
    (entry) => ({
      words: `added secret ${newest(entry)} to ${id}; the older ones go on verifying${until}`,
      fields: { secret: newest(entry), old_not_after: iso(oldNotAfter) },
      secret: shown,
    }),
  )
}

/** `endpoints retire`: takes one secret away. */
export async function retireSecret(
  terminal: Terminal,
  id: string,
  options: RetireOptions,
): Promise<void> {
  const { secret, force = false } = options
  await acted(
    terminal,
    options,
    (found) => [retired(found, id, secret, { nowMs: Date.now(), force })],
    ({ secrets }) => {
      const left = secrets.map((each) => each.id)
      const words = `retired secret ${secret} of ${id}; left: ${left.join(', ') || 'none'}`
      return { words, fields: { retired: secret, left } }
    },
  )
}

/** `endpoints enable` and `endpoints disable`. */
export async function switchEndpoint(
  terminal: Terminal,
  id: string,
  state: 'enabled' | 'disabled',
  options: EndpointActionOptions,
): Promise<void> {
  const then = state === 'disabled' ? '; it is answered 503, and sent again for 7 days' : ''
  await acted(
    terminal,
    options,
    (found) => [switched(found, id, state)],
    () => ({ words: `${state} ${id}${then}`, fields: { state } }),
  )
}

/** `endpoints remove`: for good; only said without `--yes`. */
export async function removeEndpoint(
  terminal: Terminal,
  id: string,
  options: RemoveOptions,
): Promise<void> {
  if (options.yes !== true) {
    const { entry } = removed(await (await endpointBook(terminal)).read(), id)
    terminal.line(
      `would remove ${id} of ${entry.tenantId} for good: events are answered 410 and lost; say --yes`,
    )
    return
  }
  await acted(
    terminal,
    options,
    (found) => [removed(found, id)],
    () => ({ words: `removed ${id} for good; it is answered 410`, fields: { state: 'removed' } }),
  )
}
