import { stringify } from 'yaml'
import { partitionOf } from '#core/murmur2.ts'
import type { EndpointEntry } from '#ingress/endpoint-entry.ts'
import { endpointBook } from './endpoint-access.ts'
import { imported, resealed } from './endpoint-changes.ts'
import { FileBook } from './endpoint-file-book.ts'
import { changedText, emptyText } from './endpoint-text.ts'
import type { EndpointActionOptions } from './endpoints-command.ts'
import { usageFault } from './fault.ts'
import { demandAllUsable, foundEndpoints } from './found-endpoints.ts'
import { actorName } from './operator.ts'
import type { Terminal } from './terminal.ts'

export interface ExportOptions {
  readonly kubernetesSecret: string
  readonly namespace?: string
  /** How many Secrets; one when missing. */
  readonly parts?: number
}

/** Kubernetes keeps at most 1 MiB in a Secret; the rest is room for base64's third and the frame. */
const MOST_BYTES = 700_000

/**
 * Endpoints by a hash of their ids, so that one that grows or is added moves no other into another
 * Secret: Secrets are applied one after another, and meanwhile an endpoint would be nowhere.
 *
 * @throws CliFault when a part does not fit a Secret
 */
function secretParts(
  entries: readonly EndpointEntry[],
  count: number,
  mostBytes = MOST_BYTES,
): readonly (readonly EndpointEntry[])[] {
  const parts = Array.from({ length: count }, (): EndpointEntry[] => [])
  const encoder = new TextEncoder()
  for (const entry of entries) parts[partitionOf(encoder.encode(entry.id), count)]?.push(entry)
  if (parts.some((part) => Buffer.byteLength(textOf(part)) > mostBytes)) {
    throw usageFault(
      `this does not fit ${count} Secrets of 1 MiB: say --parts ${count * 2}, and the same from then on`,
    )
  }
  return parts
}

function textOf(entries: readonly EndpointEntry[]): string {
  const file = 'endpoints.json'
  return changedText(file, emptyText(file), { changed: new Map(), added: entries })
}

/** Manifests of Secrets; several are mounted as one folder by a projected volume. */
export function secretManifests(
  entries: readonly EndpointEntry[],
  { kubernetesSecret: name, namespace, parts = 1 }: ExportOptions,
  mostBytes?: number,
): string {
  const documents = secretParts(entries, parts, mostBytes).map((part, i) => {
    const number = i === 0 ? '' : `-${i + 1}`
    return stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${name}${number}`, ...(namespace === undefined ? {} : { namespace }) },
      type: 'Opaque',
      data: { [`endpoints${number}.json`]: Buffer.from(textOf(part)).toString('base64') },
    })
  })
  return documents.join('---\n')
}

/** `endpoints export`: for `kubectl apply -f -`; the only verb that prints what is kept secret. */
export async function exportEndpoints(terminal: Terminal, options: ExportOptions): Promise<void> {
  if (process.stdout.isTTY === true) {
    throw usageFault('this prints secrets: pipe it, e.g. into `kubectl apply -f -`')
  }
  const found = await (await endpointBook(terminal)).read()
  demandAllUsable(found, 'they would be missing in the Secret, so mend or remove them first')
  terminal.line(secretManifests([...found.usable.values()], options).trimEnd())
}

export interface ImportOptions extends EndpointActionOptions {
  readonly from: string
}

/** `endpoints import`: endpoints of a file that the store does not have yet, with their secrets. */
export async function importEndpoints(terminal: Terminal, options: ImportOptions): Promise<void> {
  const others = await new FileBook(options.from, (line) => terminal.note(line)).read()
  const book = await endpointBook(terminal)
  const { changes, where } = await book.change(
    (found) => imported(found, others),
    actorName(options.actor),
  )
  const there = others.usable.size - changes.length
  terminal.line(`imported ${changes.length} endpoints (in ${where}); ${there} were there already`)
}

/** `endpoints reseal`: after a new first key of ENDPOINTS_KEYS, so that the old one can go. */
export async function resealEndpoints(
  terminal: Terminal,
  options: EndpointActionOptions,
): Promise<void> {
  const book = await endpointBook(terminal)
  let all = foundEndpoints([])
  const { changes, where } = await book.change((found) => {
    all = found
    return resealed(found)
  }, actorName(options.actor))
  terminal.line(`sealed the secrets of ${changes.length} endpoints anew (in ${where})`)
  demandAllUsable(all, 'they are sealed as before, so no key may go yet')
}
