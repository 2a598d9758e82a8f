import { setTimeout as delay } from 'node:timers/promises'
import { MODES, quarantineTopic } from '#core/routing.ts'
import type { RouteTable } from '#ingress/routes.ts'
import { INGRESS_SETTINGS } from '#ingress/settings.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import { createLogger } from '#platform/log.ts'
import { routesOf } from '#quarantine/current-routes.ts'
import {
  GENTLE_BYTES_AT_ONCE,
  quarantineExtents,
  quarantineLog,
} from '#quarantine/quarantine-log.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { VersionRelease } from '#quarantine/version-release.ts'
import type { ActivationEnd, ActivationStep, VersionMoves } from '#registrar/activation.ts'
import { activate } from '#registrar/activation.ts'
import { progressNotes } from './progress.ts'
import { withSender } from './quarantine-release.ts'
import { cliSettings } from './stack-address.ts'
import type { KnownCatalogue, VersionsAccess, VersionsRight } from './versions-access.ts'
import { becomes, entryOf } from './versions-access.ts'
import { stepNote } from './versions-text.ts'

/** How an ingress judges, and how long it may take to hear of a change and to be done. */
const SETTINGS = {
  jsonDepth: INGRESS_SETTINGS.jsonDepth,
  toleranceSeconds: INGRESS_SETTINGS.signatureToleranceSeconds,
  cardNumbers: INGRESS_SETTINGS.cardNumbers,
  recordDeadlineMs: INGRESS_SETTINGS.recordDeadlineMs,
  catalogueLeaseMs: INGRESS_SETTINGS.catalogueLeaseMs,
} as const

/** So that a timer of an ingress that is late, or a deadline set up to its maximum, is covered. */
const MARGIN_MS = 2000
const silent = createLogger({ service: 'cli', level: 'silent' })

/** What an activation came to. */
export interface ActivationReport {
  readonly end: ActivationEnd
  readonly tally: ReleaseTally
}

/** The routes of an ingress once the version is active. */
function routesThen(catalogue: ControlTail, version: string, prefix: string): RouteTable {
  const entries = [...catalogue.entries().values()].map((entry) =>
    entry.version === version ? ({ ...entry, state: 'active' } as const) : entry,
  )
  return routesOf(entries, prefix)
}

function quarantinesOf({ connection, topicPrefix }: VersionsAccess) {
  return MODES.map((mode) => {
    const access = { connection, log: silent, topic: quarantineTopic(topicPrefix, mode) }
    return {
      mode,
      log: quarantineLog(access, GENTLE_BYTES_AT_ONCE),
      extents: () => quarantineExtents(access, {}),
    }
  })
}

/**
 * Releases what waits of a version and makes it active, saying on standard error how far it is. The
 * settings of the ingresses must stand in the environment where they are not the defaults.
 */
export async function activateVersion(
  access: VersionsAccess,
  { catalogue, end: knownEnd }: KnownCatalogue,
  right: VersionsRight,
  { version, rate }: { readonly version: string; readonly rate: number },
): Promise<ActivationReport> {
  const { terminal, environment, topicPrefix } = access
  const { cardNumbers, recordDeadlineMs, catalogueLeaseMs, ...judged } = cliSettings(
    SETTINGS,
    environment,
  )
  const { stopped } = terminal
  const tally = new ReleaseTally()
  // Of all that others write while it is draining, each change of state has to be seen.
  let known = knownEnd
  const note = progressNotes(terminal)
  const table = routesThen(catalogue, version, topicPrefix)
  const end = await withSender(access.connection, async (attempts) => {
    const release = new VersionRelease({
      version,
      quarantines: quarantinesOf(access),
      judgement: { ...judged, table, cardNumbersHeld: cardNumbers === 'quarantine' },
      attempts,
      isAlone: right.isAlone,
      rate,
      stopped,
      tally,
      onStep: () => note(() => `${version}: ${tally.moved} released so far`),
    })
    const moves: VersionMoves = {
      state: () => entryOf(catalogue, version).state,
      become: async (to) => {
        const became = await becomes(access, { catalogue, end: known }, version, to)
        if (became.kind === 'not') return became.why
        known = became.end
        return null
      },
      look: () => release.look(),
      release: (withinMs) => release.release(withinMs),
      isAlone: right.isAlone,
      // An abort is no failure: whoever waits looks at the signal.
      wait: (ms) => delay(ms, undefined, { signal: stopped }).catch(() => {}),
    }
    return await activate({
      moves,
      settleMs: catalogueLeaseMs + recordDeadlineMs + MARGIN_MS,
      rate,
      stopped,
      now: () => performance.now(),
      onStep: (step: ActivationStep) => terminal.note(`${version}: ${stepNote(step)}`),
    })
  })
  return { end, tally }
}
