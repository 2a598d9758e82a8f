import type { AuditFields } from '#consumers/runtime/audit.ts'
import { createLogger } from '#platform/log.ts'
import { findingLine } from '#registrar/check-finding.ts'
import { register } from '#registrar/register.ts'
import type { VersionCheck } from '#registrar/version-check.ts'
import { withCatalogue } from './catalogue-access.ts'
import { checkedVersion } from './check-command.ts'
import { failure } from './fault.ts'
import type { ActorOption } from './quarantine-audit.ts'
import { registrarSettings, stopSentence } from './schemas-command.ts'
import type { Terminal } from './terminal.ts'
import type { VersionsAccess, VersionsRight } from './versions-access.ts'
import {
  entryOf,
  versionsAccess,
  withKnownCatalogue,
  withVersionsRight,
} from './versions-access.ts'
import type { ActivationReport } from './versions-activation.ts'
import { activateVersion } from './versions-activation.ts'
import { activationJson, activationLines, endWord } from './versions-text.ts'

export interface ActivationOptions extends ActorOption {
  readonly json?: true
  /** Events a second that are released, at most. */
  readonly rate: number
}

const silent = createLogger({ service: 'cli', level: 'silent' })

function outcomeOf({ end, tally }: ActivationReport): AuditFields {
  const { moved: released, stayed, unmarked } = tally
  return { state: endWord(end), released, stayed, unmarked }
}

/** @throws CliFault unless the version is active */
function demandActive(version: string, report: ActivationReport, isAudited: boolean): void {
  const { end } = report
  const goOn = `\`versions release ${version}\` goes on`
  if (end.kind === 'retired') {
    throw failure(`${version} is retired; \`versions restore ${version}\` makes it active`)
  }
  if (end.kind === 'stopped') throw failure(`stopped before the end; ${goOn}`)
  if (end.kind === 'halted') throw failure(`${end.why}; ${goOn}`)
  if (!isAudited) throw failure('Postgres went away; the audit only says that it began')
}

async function activated(
  access: VersionsAccess,
  right: VersionsRight,
  version: string,
  { json, rate }: ActivationOptions,
): Promise<void> {
  const report = await withKnownCatalogue(access, (known) =>
    activateVersion(access, known, right, { version, rate }),
  )
  // What was released is told also when the database went away meanwhile.
  const isAudited = await right.audit(outcomeOf(report)).then(
    () => true,
    () => false,
  )
  const { terminal } = access
  const shown = { version, ...report }
  if (json === true) terminal.line(activationJson(shown))
  else for (const line of activationLines(shown)) terminal.line(line)
  demandActive(version, report, isAudited)
}

/** @throws CliFault when the folder has any finding, or the registry does not answer */
function demandGood(terminal: Terminal, { findings, registry, version }: VersionCheck): void {
  for (const finding of findings) terminal.note(findingLine(finding))
  if (findings.length > 0) {
    throw failure(`${findings.length} findings in ${version}; nothing was changed`)
  }
  if (registry.kind !== 'asked') throw failure('the registry does not answer; nothing was changed')
}

/** `versions add`: check, register, release what waits, activate. */
export async function addVersion(
  terminal: Terminal,
  folder: string,
  options: ActivationOptions,
): Promise<void> {
  const access = await versionsAccess(terminal)
  const settings = await registrarSettings(terminal, { folder })
  const check = await checkedVersion(terminal, folder)
  const { version } = check
  demandGood(terminal, check)
  terminal.note(`${version}: checked, no findings`)
  await withVersionsRight(access, options, 'versions.add', { version, folder }, async (right) => {
    if (terminal.stopped.aborted) throw failure('stopped; nothing was changed')
    await right.audit({ state: 'begun' })
    const registration = await register(settings, silent)
    if (registration.kind !== 'done') throw failure(stopSentence(registration))
    terminal.note(`${version}: registered, ${registration.changes.length} changes`)
    await activated(access, right, version, options)
  })
}

/** `versions release`: what is left of an addition that was interrupted. */
export async function releaseVersion(
  terminal: Terminal,
  version: string,
  options: ActivationOptions,
): Promise<void> {
  const access = await versionsAccess(terminal)
  await withCatalogue(access.connection, access.topic, async (catalogue) => {
    entryOf(catalogue, version)
  })
  await withVersionsRight(access, options, 'versions.release', { version }, async (right) => {
    await right.audit({ state: 'begun' })
    await activated(access, right, version, options)
  })
}
