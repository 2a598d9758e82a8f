import type { TenantId } from '#core/ids.ts'
import type { Mode } from '#core/routing.ts'
import { modeOf } from '#core/routing.ts'
import { endpointBook } from './endpoint-access.ts'
import { configured, expiring } from './endpoint-changes.ts'
import type { EndpointActionOptions } from './endpoints-command.ts'
import { acted } from './endpoints-command.ts'
import { usageFault } from './fault.ts'
import type { Terminal } from './terminal.ts'

export interface SetOptions extends EndpointActionOptions {
  readonly tenant?: TenantId
  readonly mode?: Mode
  /** False: nobody decides any more. */
  readonly decisionUrl?: string | false
  readonly yes?: true
}

/** `endpoints set`: another tenant or mode only with `--yes`, since both decide whose events these are. */
export async function setEndpoint(
  terminal: Terminal,
  id: string,
  options: SetOptions,
): Promise<void> {
  const { tenant, mode, decisionUrl } = options
  if (tenant === undefined && mode === undefined && decisionUrl === undefined) {
    throw usageFault('say what to set: --decision-url, --no-decision-url, --tenant or --mode')
  }
  const wanted = {
    tenantId: tenant,
    liveMode: mode === undefined ? undefined : mode === 'live',
    decisionUrl: decisionUrl === false ? null : decisionUrl,
  }
  if ((tenant !== undefined || mode !== undefined) && options.yes !== true) {
    const { facts } = configured(await (await endpointBook(terminal)).read(), id, wanted)
    terminal.line(
      `would set ${id} from ${facts.was} to ${facts.is}: events of any other tenant or mode are set aside then; say --yes`,
    )
    return
  }
  await acted(
    terminal,
    options,
    (found) => [configured(found, id, wanted)],
    (entry) => {
      const { tenantId, liveMode, decisionUrl: url } = entry
      const fields = { tenant_id: tenantId, mode: modeOf(liveMode), decision_url: url }
      const words = `set ${id}: ${tenantId}, ${fields.mode}, decision_url ${url ?? 'none'}`
      return { words, fields }
    },
  )
}

export interface ExpireOptions extends EndpointActionOptions {
  readonly secret: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  readonly force?: true
}

/** `endpoints expire`: gives a secret an end, sooner or later than it had. */
export async function expireSecret(
  terminal: Terminal,
  id: string,
  options: ExpireOptions,
): Promise<void> {
  const { secret, notAfter: notAfterMs, force = false } = options
  const until = new Date(notAfterMs).toISOString()
  await acted(
    terminal,
    options,
    (found) => [expiring(found, id, secret, { notAfterMs, nowMs: Date.now(), force })],
    () => ({
      words: `secret ${secret} of ${id} ends at ${until}; what is signed with it is answered 503 then`,
      fields: { secret, not_after: until },
    }),
  )
}
