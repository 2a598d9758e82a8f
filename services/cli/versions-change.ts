import type { VersionState } from '#core/versions.ts'
import { failure } from './fault.ts'
import type { ActorOption } from './quarantine-audit.ts'
import type { Terminal } from './terminal.ts'
import {
  becomes,
  entryOf,
  versionsAccess,
  withKnownCatalogue,
  withVersionsRight,
} from './versions-access.ts'

export interface ChangeOptions extends ActorOption {
  readonly json?: true
}

/** Between `active` and `retired` nothing is moved: both route. */
async function changeState(
  terminal: Terminal,
  version: string,
  [from, to]: readonly [VersionState, VersionState],
  action: string,
  options: ChangeOptions,
): Promise<void> {
  const access = await versionsAccess(terminal)
  const said = (changed: boolean) => {
    if (options.json === true) terminal.line(JSON.stringify({ version, state: to, changed }))
    else terminal.line(changed ? `${version} is ${to}.` : `${version} is ${to} already.`)
  }
  await withVersionsRight(access, options, action, { version }, (right) =>
    withKnownCatalogue(access, async (known) => {
      const { state } = entryOf(known.catalogue, version)
      if (state === to) return said(false)
      if (state !== from) throw failure(`${version} is ${state}; only what is ${from} can be ${to}`)
      await right.audit({ state: 'begun', was: state })
      const became = await becomes(access, known, version, to)
      if (became.kind === 'not') throw failure(`${became.why}; run it again`)
      await right.audit({ state: 'done', is: to })
      said(true)
    }),
  )
}

/** `versions retire`: routed as ever, with a warning and a figure. */
export async function retireVersion(
  terminal: Terminal,
  version: string,
  options: ChangeOptions,
): Promise<void> {
  await changeState(terminal, version, ['active', 'retired'], 'versions.retire', options)
}

/** `versions restore`: a retired version is active again. */
export async function restoreVersion(
  terminal: Terminal,
  version: string,
  options: ChangeOptions,
): Promise<void> {
  await changeState(terminal, version, ['retired', 'active'], 'versions.restore', options)
}
