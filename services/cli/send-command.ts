import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoint, EndpointSet } from '#ingress/endpoints.ts'
import type { EventBody } from '#local/samples.ts'
import { eventBody, sampleBody, sampleTypes, sampleVersions, stamped } from '#local/samples.ts'
import type { Answer } from '#local/sender.ts'
import { createSender, endpointOfTenant } from '#local/sender.ts'
import { endpointEnvironment } from './endpoint-access.ts'
import { readEndpoints } from './endpoint-source.ts'
import { failure, usageFault } from './fault.ts'
import { stackEnvironment } from './stack-address.ts'
import type { Terminal } from './terminal.ts'

export interface SendOptions {
  readonly type?: string
  readonly version?: string
  readonly tenant?: string
  readonly count: number
  /** Events per second; as fast as it goes when missing. */
  readonly rate?: number
  readonly file?: string
  readonly url?: string
}

const CONNECTIONS = 32

function chosenEndpoint(endpoints: EndpointSet, tenant: string | undefined): Endpoint {
  const enabled = [...endpoints.values()].filter(({ state }) => state === 'enabled')
  const [first] = enabled
  if (first === undefined)
    throw failure('no endpoint is enabled; see `npm run cli -- endpoints list`')
  if (tenant === undefined) return first
  const own = endpointOfTenant(enabled, tenant)
  if (own !== null) return own
  const known = enabled.map(({ tenantId }) => tenantId).join(', ')
  throw usageFault(`no enabled endpoint of tenant ${tenant}; there is one of ${known}`)
}

async function fromFile(file: string, { type, version }: SendOptions): Promise<EventBody> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) throw usageFault(`the file ${file} cannot be read`)
  const event = eventBody(text)
  if (event === null) throw usageFault(`the file ${file} holds no JSON object`)
  return {
    ...event,
    ...(type === undefined ? {} : { type }),
    ...(version === undefined ? {} : { api_version: version }),
  }
}

async function checkSample(type: string, version: string): Promise<void> {
  const versions = await sampleVersions()
  if (!versions.includes(version)) {
    throw usageFault(`no samples of version ${version}; there are ${versions.join(', ')}`)
  }
  const types = await sampleTypes(version)
  if (!types.includes(type)) {
    throw usageFault(`no sample of type ${type} in ${version}; there are ${types.join(', ')}`)
  }
}

/**
 * The event to send again and again, before it is stamped.
 *
 * @throws CliFault when there is no such sample or file.
 */
async function chosenEvent(options: SendOptions): Promise<EventBody> {
  const { type, version, file } = options
  if (file !== undefined) return await fromFile(file, options)
  if (type === undefined || version === undefined) {
    throw usageFault('say which event: --type and --version, or --file (see `send --help`)')
  }
  await checkSample(type, version)
  return await sampleBody(type, version)
}

/** One answer as a line. */
export function answerLine(id: string, answer: Answer): string {
  if (answer.kind === 'unanswered') return `---  ${id}  no answer (${answer.reason})`
  const { status, at, tookMs, body } = answer
  const place = at === null ? '-' : `${at.topic}/${at.partition}/${at.offset}`
  return `${status}  ${id}  ${place}  ${tookMs} ms  ${body.trim()}`
}

function isAccepted(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.status >= 200 && answer.status < 300
}

/** How often each answer came, e.g. `3 x 200, 1 x no answer`. */
export function summaryLine(answers: ReadonlyMap<string, number>, seconds: number): string {
  const total = [...answers.values()].reduce((sum, times) => sum + times, 0)
  const parts = [...answers].map(([what, times]) => `${times} x ${what}`).join(', ')
  const perSecond = seconds > 0 ? Math.round(total / seconds) : total
  return `sent ${total}: ${parts} in ${seconds.toFixed(2)} s (${perSecond}/s)`
}

interface Sending {
  readonly total: number
  readonly rate: number | undefined
  readonly stopped: AbortSignal
  sendOne(): Promise<void>
}

/** Sends with bounded concurrency; a rate gives each event its moment from the start on. */
async function sendAll({ total, rate, stopped, sendOne }: Sending): Promise<void> {
  const begun = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < total && !stopped.aborted) {
      const position = next
      next += 1
      const dueMs = rate === undefined ? 0 : begun + (position * 1000) / rate - performance.now()
      if (dueMs > 0) await delay(dueMs, undefined, { signal: stopped }).catch(() => {})
      if (!stopped.aborted) await sendOne()
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS, total) }, lane))
}

/** Signs and posts events for real and prints every answer. */
export async function send(terminal: Terminal, options: SendOptions): Promise<void> {
  const event = await chosenEvent(options)
  const environment = await stackEnvironment(
    await endpointEnvironment(terminal),
    options.url === undefined ? ['INGRESS_URL'] : [],
  )
  const endpoints = await readEndpoints(environment)
  const endpoint = chosenEndpoint(endpoints, options.tenant)
  const ingressUrl = options.url ?? environment.INGRESS_URL ?? ''
  const sender = createSender({ ingressUrl, endpoints: [endpoint], connections: CONNECTIONS })
  const answers = new Map<string, number>()
  let refused = 0
  const begun = performance.now()
  const { tenantId, liveMode } = endpoint
  const sendOne = async () => {
    const body = stamped(event, { tenantId, liveMode, now: Date.now() })
    const answer = await sender.send(body)
    const what = answer.kind === 'answered' ? String(answer.status) : 'no answer'
    answers.set(what, (answers.get(what) ?? 0) + 1)
    if (!isAccepted(answer)) refused += 1
    terminal.line(answerLine(String(body.id), answer))
  }
  const { count: total, rate } = options
  await sendAll({ total, rate, stopped: terminal.stopped, sendOne })
  sender.close()
  terminal.line(summaryLine(answers, (performance.now() - begun) / 1000))
  if (refused > 0) throw failure(`${refused} of ${total} events were not accepted by ${ingressUrl}`)
}
