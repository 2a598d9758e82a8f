import fc from 'fast-check'

/** A request in parts, before it becomes bytes. */
export interface Draft {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Bytes of a chunk; null for a Content-Length. */
  readonly chunk: number | null
}

/** Two signed requests: the one that is changed, and one that parts may be taken from. */
export interface Pair {
  readonly own: Draft
  readonly other: Draft
}

/** One change of a request's parts. */
interface PartChange {
  readonly name: string
  readonly apply: (pair: Pair) => Draft
}

/** One change of the bytes that go out. */
interface ByteChange {
  readonly name: string
  readonly apply: (bytes: Buffer) => Buffer
}

const SIGNATURE = /^(?:x-)?qairopay-signature:/i

function named<Apply>(name: string, apply: Apply) {
  // fast-check prints a counterexample by this.
  return { name, apply, [fc.toStringMethod]: () => name }
}

function withSignature(draft: Draft, change: (value: string) => string): Draft {
  const headers = draft.headers.map((line) => {
    if (!SIGNATURE.test(line)) return line
    const colon = line.indexOf(':') + 1
    return `${line.slice(0, colon)} ${change(line.slice(colon).trim())}`
  })
  return { ...draft, headers }
}

function signatureOf({ headers }: Draft): string {
  return (headers.find((line) => SIGNATURE.test(line)) ?? '').split(':').slice(1).join(':').trim()
}

const position = fc.nat({ max: 2047 })
const some = fc.nat({ max: 15 })

function headerChange(
  name: string,
  change: (headers: readonly string[], from: number, to: number) => readonly string[],
): fc.Arbitrary<PartChange> {
  return fc.tuple(some, some).map(([i, j]) =>
    named(`${name} ${i} ${j}`, ({ own }: Pair) => {
      const { length } = own.headers
      return { ...own, headers: change(own.headers, i % length, j % length) }
    }),
  )
}

const headerOrder: readonly fc.Arbitrary<PartChange>[] = [
  headerChange('double header', (all, i, j) => all.toSpliced(j, 0, all[i] ?? '')),
  headerChange('drop header', (all, i) => all.toSpliced(i, 1)),
  headerChange('move header', (all, i, j) => all.toSpliced(i, 1).toSpliced(j, 0, all[i] ?? '')),
  headerChange('upper-case header', (all, i) =>
    all.with(
      i,
      (all[i] ?? '').replace(/^[^:]*/, (word) => word.toUpperCase()),
    ),
  ),
  headerChange('lower-case header', (all, i) =>
    all.with(
      i,
      (all[i] ?? '').replace(/^[^:]*/, (word) => word.toLowerCase()),
    ),
  ),
  headerChange('fold header', (all, i) => all.with(i, (all[i] ?? '').replace(':', ':\r\n '))),
  headerChange('pad header', (all, i) => all.with(i, `${(all[i] ?? '').replace(':', ': \t ')}  `)),
]

const ADDED = [
  'Content-Encoding: gzip',
  'Content-Type: text/plain; charset=utf-16',
  'Transfer-Encoding: chunked',
  'Content-Length: 0',
  'Content-Length: 2',
  'Expect: 100-continue',
  'Connection: close',
  'Connection: keep-alive, Content-Length',
  'Upgrade: h2c',
  'X-HTTP-Method-Override: GET',
  'Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
]

const SIGNATURES: Readonly<Record<string, (value: string, other: string) => string>> = {
  'other t': (value, other) => value.replace(/^t=\d+/, /^t=\d+/.exec(other)?.[0] ?? ''),
  'later t': (value) => value.replace(/^t=(\d+)/, (_, t) => `t=${Number(t) + 1}`),
  'earlier t': (value) => value.replace(/^t=(\d+)/, (_, t) => `t=${Number(t) - 400}`),
  'other digest': (value, other) => value.replace(/v1=.*/, /v1=.*/.exec(other)?.[0] ?? ''),
  'other signature': (_, other) => other,
  'both digests': (value, other) => `${value},${/v1=.*/.exec(other)?.[0]}`,
  'upper-case digest': (value) => value.replace(/v1=(\w+)/, (_, hex) => `v1=${hex.toUpperCase()}`),
  'shorter digest': (value) => value.slice(0, -1),
  'longer digest': (value) => `${value}0`,
  'unknown part': (value) => `${value},v2=abc`,
  'turned round': (value) => value.split(',').reverse().join(','),
  'spaced out': (value) => value.replace(',', ', '),
  'no t': (value) => value.replace(/^t=\d+,/, ''),
}

const METHODS = ['GET', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'CONNECT', 'post', 'QUERY']
const VERSIONS = ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', '']

function bodyChange(name: string, change: (pair: Pair) => Buffer): fc.Arbitrary<PartChange> {
  return fc.constant(named(name, (pair: Pair) => ({ ...pair.own, body: change(pair) })))
}

const partChange: fc.Arbitrary<PartChange> = fc.oneof(
  ...headerOrder,
  fc
    .constantFrom(...ADDED)
    .map((line) =>
      named(`add ${line}`, ({ own }: Pair) => ({ ...own, headers: [...own.headers, line] })),
    ),
  fc
    .constantFrom(...Object.keys(SIGNATURES))
    .map((name) =>
      named(`signature: ${name}`, ({ own, other }: Pair) =>
        withSignature(own, (value) => SIGNATURES[name]?.(value, signatureOf(other)) ?? value),
      ),
    ),
  fc
    .nat({ max: 400 })
    .map((chunk) =>
      named(`chunks of ${chunk + 1}`, ({ own }: Pair) => ({ ...own, chunk: chunk + 1 })),
    ),
  fc
    .constantFrom(...METHODS)
    .map((method) => named(`method ${method}`, ({ own }: Pair) => ({ ...own, method }))),
  fc
    .constantFrom(...VERSIONS)
    .map((version) => named(`version ${version}`, ({ own }: Pair) => ({ ...own, version }))),
  fc
    .constantFrom('?a=b', '/', '#a', '%00', ';a', 'A', '/../x', '%2e')
    .map((tail) =>
      named(`target ${tail}`, ({ own }: Pair) => ({ ...own, target: own.target + tail })),
    ),
  fc.constant(named('other target', ({ own, other }: Pair) => ({ ...own, target: other.target }))),
  bodyChange('other body', ({ other }) => other.body),
  bodyChange('byte order mark', ({ own }) => Buffer.concat([Buffer.from('\ufeff'), own.body])),
  bodyChange('space before', ({ own }) => Buffer.concat([Buffer.from(' '), own.body])),
  bodyChange('line end after', ({ own }) => Buffer.concat([own.body, Buffer.from('\r\n')])),
  bodyChange('body twice', ({ own }) => Buffer.concat([own.body, own.body])),
  bodyChange('no body', () => Buffer.alloc(0)),
)

const INSERTED = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '0',
  'a',
  '\x80',
  '\r\n\r\n',
  '=',
] as const

const byteChange: fc.Arbitrary<ByteChange> = fc.oneof(
  fc.tuple(position, fc.nat({ max: 7 })).map(([at, bit]) =>
    named(`flip bit ${bit} at ${at}`, (bytes: Buffer) => {
      const changed = Buffer.from(bytes)
      if (changed.length === 0) return changed
      const i = at % changed.length
      changed[i] = (changed[i] ?? 0) ^ (1 << bit)
      return changed
    }),
  ),
  fc.tuple(position, fc.constantFrom(...INSERTED)).map(([at, text]) =>
    named(`insert ${JSON.stringify(text)} at ${at}`, (bytes: Buffer) => {
      const i = at % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, i), Buffer.from(text, 'latin1'), bytes.subarray(i)])
    }),
  ),
  fc.tuple(position, some).map(([at, count]) =>
    named(`delete ${count + 1} at ${at}`, (bytes: Buffer) => {
      const i = at % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + count + 1)])
    }),
  ),
  position.map((at) =>
    named(`cut at ${at}`, (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  ),
  fc.tuple(position, some).map(([at, count]) =>
    named(`repeat ${count + 1} at ${at}`, (bytes: Buffer) => {
      const i = at % (bytes.length + 1)
      const end = i + count + 1
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(i)])
    }),
  ),
)

/** What is done to which of the originals. */
export interface Mutation {
  readonly own: number
  readonly other: number
  readonly parts: readonly PartChange[]
  readonly bytes: readonly ByteChange[]
}

/**
 * Changes of one of so many signed requests; at least one change. Half of them are of one part
 * only, since many such requests are still good and must be taken.
 */
export function mutations(originals: number): fc.Arbitrary<Mutation> {
  const which = fc.nat({ max: originals - 1 })
  const changed = (least: number, most: number, byteChanges: number) =>
    fc.record({
      own: which,
      other: which,
      parts: fc.array(partChange, { minLength: least, maxLength: most }),
      bytes: fc.array(byteChange, { minLength: byteChanges, maxLength: byteChanges }),
    })
  return fc.oneof(
    { weight: 3, arbitrary: changed(1, 1, 0) },
    { weight: 1, arbitrary: changed(2, 3, 0) },
    { weight: 1, arbitrary: changed(0, 0, 1) },
    { weight: 1, arbitrary: changed(0, 2, 2) },
  )
}

function chunksOf(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** The bytes of a draft; its length is right unless a header of its own says otherwise. */
function draftBytes({ method, target, version, headers, body, chunk }: Draft): Buffer {
  const framing = chunk === null ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked'
  const head = [`${method} ${target} ${version}`, ...headers, framing, '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), chunk === null ? body : chunksOf(body, chunk)])
}

/** A signed request after its mutation. */
export function mutated({ parts, bytes }: Mutation, pair: Pair): Buffer {
  const draft = parts.reduce((own, change) => change.apply({ own, other: pair.other }), pair.own)
  return bytes.reduce((sent, change) => change.apply(sent), draftBytes(draft))
}
