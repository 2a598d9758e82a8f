import type { EndpointId } from '#core/ids.ts'
import type { HandledDomain } from '#core/routing.ts'
import type { Environment } from '#platform/config/environment.ts'
import { failure, usageFault } from '../fault.ts'
import { completedEnvironment } from '../stack-address.ts'
import type { Terminal } from '../terminal.ts'
import type { SendWish } from './examination.ts'
import { examine } from './examination.ts'
import type { Finding } from './finding.ts'
import { gradesOf } from './finding.ts'
import { findingJson, findingLine } from './report.ts'
import { doctorSettings } from './settings.ts'

export interface DoctorOptions {
  readonly json?: true
  readonly send?: true
  readonly url?: string
  readonly endpoint?: EndpointId
  readonly realTenant?: true
  readonly domain: HandledDomain
  /** Seconds. */
  readonly within: number
}

function refuseAlone({ send, url, endpoint, realTenant }: DoctorOptions): void {
  const given = { '--url': url, '--endpoint': endpoint, '--real-tenant': realTenant }
  const [alone] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (send !== true && alone !== undefined) throw usageFault(`${alone} is of use with --send only`)
}

function sendWish(options: DoctorOptions, environment: Environment, isLocal: boolean): SendWish {
  const { url, endpoint, realTenant, domain, within } = options
  const ingressUrl = url ?? environment.INGRESS_URL
  if (!ingressUrl) {
    throw usageFault('say where the ingress is: --url, or INGRESS_URL in the environment')
  }
  return {
    ingressUrl,
    id: endpoint ?? null,
    realTenant: realTenant === true,
    // Another ingress may be that of a real installation.
    isLocal: isLocal && ingressUrl === environment.INGRESS_URL,
    domain,
    withinMs: within * 1000,
  }
}

function sourceOf({ LOCAL_DIR }: Environment, isLocal: boolean): string {
  if (!isLocal) return 'read from the environment'
  return `read from the local stack that runs in ${LOCAL_DIR ?? '.local'}`
}

/**
 * `doctor`: one line on each subject of an installation, what is wrong and what to do about it.
 *
 * @throws CliFault when there is a fault
 */
export async function doctor(terminal: Terminal, options: DoctorOptions): Promise<void> {
  refuseAlone(options)
  const { environment, isLocal } = await completedEnvironment(terminal.environment)
  const send = options.send === true ? sendWish(options, environment, isLocal) : null
  const quiet = { ...terminal, environment, line: () => {}, note: () => {} }
  const source = sourceOf(environment, isLocal)
  const examination = {
    terminal: quiet,
    settings: doctorSettings(environment),
    source,
    isLocal,
    send,
  }
  const toLine = options.json === true ? findingJson : findingLine
  const findings: Finding[] = []
  for await (const found of examine(examination)) {
    if (terminal.stopped.aborted) throw failure('stopped before the end')
    for (const finding of found) terminal.line(toLine(finding))
    findings.push(...found)
  }
  const grades = gradesOf(findings)
  if (findings.some(({ grade }) => grade === 'fault')) throw failure(grades)
  terminal.note(grades)
}
