import { readdirSync, readFileSync } from 'node:fs'
import type { Static, TSchema } from 'typebox'
import { Type } from 'typebox'
import { Errors } from 'typebox/value'
import { QUARANTINE_REASONS } from '#core/outcome.ts'
import { DOMAINS } from '#core/routing.ts'
import { oneOf } from '#platform/config/settings.ts'
import { ENDPOINT_NAMES } from './endpoints.ts'

/** Each of these may be missing, and there is nothing else. */
function exactly<const Properties extends Readonly<Record<string, TSchema>>>(
  properties: Properties,
) {
  const optional = Object.entries(properties).map(([name, type]) => [name, Type.Optional(type)])
  const schema = Type.Object(Object.fromEntries(optional), { additionalProperties: false })
  return Type.Unsafe<{ [Name in keyof Properties]?: Static<Properties[Name]> }>(schema)
}

/**
 * Bytes, as a case writes them: text with placeholders, a part of another form, or several of them
 * one after another.
 */
const Part = Type.Union([
  Type.String(),
  Type.Object({ hex: Type.String() }, { additionalProperties: false }),
  Type.Object(
    { gzip: Type.String(), times: Type.Optional(Type.Integer({ minimum: 1 })) },
    { additionalProperties: false },
  ),
  Type.Object(
    { repeat: Type.String(), times: Type.Integer({ minimum: 0 }) },
    { additionalProperties: false },
  ),
])
const Bytes = Type.Union([Part, Type.Array(Part)])
export type Bytes = Static<typeof Bytes>

/** A valid event of the endpoint's tenant with a fresh id, changed. */
const EventParts = Type.Object(
  {
    /** Top-level keys in place of those of the sample. */
    event: Type.Record(Type.String(), Type.Unknown()),
    /** Which sample: type and version. */
    sample: Type.Optional(Type.Tuple([Type.String(), Type.String()])),
    /** Top-level keys that are left out. */
    lacks: Type.Optional(Type.Array(Type.String())),
    /** Texts of the event's JSON and what stands in their place; each must be there. */
    replace: Type.Optional(Type.Record(Type.String(), Bytes)),
    before: Type.Optional(Bytes),
    after: Type.Optional(Bytes),
  },
  { additionalProperties: false },
)
const Body = Type.Union([Bytes, EventParts])
export type Body = Static<typeof Body>

const PLACES = [
  'none',
  ...QUARANTINE_REASONS.map((reason) => `quarantine/${reason}` as const),
  ...DOMAINS.map((domain) => `topic/${domain}` as const),
]

const ANSWER = {
  /** 0: the connection is closed without an answer. */
  status: Type.Integer({ minimum: 0, maximum: 599 }),
  /** Of the error; `received` or `duplicate` for 200, the reason for 202. */
  code: Type.String(),
  place: oneOf(PLACES),
} as const

const REQUEST = {
  /** Which ingress of the stage, by its settings. */
  ingress: oneOf(['usual', 'strict', 'lenient']),
  /** Whose path and secret it is. */
  endpoint: oneOf(ENDPOINT_NAMES),
  /** Request line in place of the usual one. */
  line: Type.String(),
  /** Value of the signature header; null for none. */
  signature: Type.Union([Type.String(), Type.Null()]),
  /** What is signed as `t`. */
  signedAt: Type.String(),
  /** What is signed in place of the body that goes out. */
  signedBody: Body,
  /** Usual headers that are left out, lower case. */
  without: Type.Array(Type.String()),
  /** Header lines after the usual ones, exactly as they stand. */
  headers: Type.Array(Bytes),
  body: Body,
  framing: oneOf(['length', 'chunked', 'none']),
  /** The whole message in place of all the above, line by line; `{body}` in a line is the body. */
  lines: Type.Array(Bytes),
  /** Sizes of the first writes; a pause follows each. */
  pieces: Type.Array(Type.Integer({ minimum: 1 })),
  /** Bytes of the message that are sent at all. */
  cut: Type.Integer({ minimum: 0 }),
  /** What the client does when it has sent all: ends its side, or hangs up. */
  ending: oneOf(['half-close', 'hang-up']),
} as const

/** A request and its answer, without a name. */
const Exchange = exactly({ ...REQUEST, ...ANSWER })

const Case = exactly({
  /** Which promise is kept, or what is done. */
  name: Type.String({ minLength: 3 }),
  ...REQUEST,
  ...ANSWER,
  /** Sent before it, each on a connection of its own, in order. */
  before: Type.Array(Exchange),
  /** Answers after the first on the same connection. */
  further: Type.Array(exactly(ANSWER)),
  /** Its answer takes time by design. */
  waits: Type.Boolean(),
})

const CaseClass = Type.Object(
  {
    threat: Type.String(),
    /** Cases that the table of threats asks for. */
    least: Type.Integer(),
    /** What every case of the class has in common. */
    usual: Type.Optional(Exchange),
    cases: Type.Array(Case),
  },
  { additionalProperties: false },
)

type Exchange = Static<typeof Exchange>
type CaseClass = Static<typeof CaseClass>

/** What must come back for a request. */
export interface ExpectedAnswer {
  readonly status: number
  readonly code: string
  readonly place: string
}

export interface CorpusRequest {
  readonly ingress: string
  readonly endpoint: string
  readonly line: string
  readonly signature: string | null
  readonly signedAt: string
  readonly signedBody: Body | null
  readonly without: readonly string[]
  readonly headers: readonly Bytes[]
  readonly body: Body
  readonly framing: string
  readonly lines: readonly Bytes[] | null
  readonly pieces: readonly number[]
  readonly cut: number | null
  readonly ending: string | null
  readonly expected: readonly ExpectedAnswer[]
}

export interface CorpusCase {
  readonly className: string
  readonly name: string
  readonly request: CorpusRequest
  readonly before: readonly CorpusRequest[]
  readonly waits: boolean
}

export interface CorpusClass {
  readonly name: string
  readonly threat: string
  readonly least: number
  readonly cases: readonly CorpusCase[]
}

const FOLDER = new URL('.', import.meta.url)
/** Names of files that hold no cases. */
const NO_CLASSES = ['elsewhere.json']

function answerOf(own: Partial<ExpectedAnswer>, usual: Partial<ExpectedAnswer>): ExpectedAnswer {
  const { status, code, place } = { ...usual, ...own }
  if (status === undefined || code === undefined || place === undefined) {
    throw new Error('a case needs status, code and place')
  }
  return { status, code, place }
}

function requestOf(own: Exchange, usual: Exchange, further: readonly Partial<ExpectedAnswer>[]) {
  const given = { ...usual, ...own }
  const answers = [answerOf(own, usual), ...further.map((answer) => answerOf(answer, {}))]
  return {
    ingress: given.ingress ?? 'usual',
    endpoint: given.endpoint ?? 'sandbox',
    line: given.line ?? 'POST /v1/hooks/{endpoint} HTTP/1.1',
    signature: given.signature === undefined ? 't={t},v1={digest}' : given.signature,
    signedAt: given.signedAt ?? '{now}',
    signedBody: given.signedBody ?? null,
    without: given.without ?? [],
    headers: given.headers ?? [],
    body: given.body ?? { event: {} },
    framing: given.framing ?? 'length',
    lines: given.lines ?? null,
    pieces: given.pieces ?? [],
    cut: given.cut ?? null,
    ending: given.ending ?? null,
    expected: answers,
  } satisfies CorpusRequest
}

const STORED = { status: 200, code: 'received', place: 'topic/card' } as const

/** A request as QairoPay would send it, outside of any class. */
export function plainRequest(body: Body): CorpusRequest {
  return requestOf({ body }, STORED, [])
}

function classOf(name: string, { threat, least, usual = {}, cases }: CaseClass): CorpusClass {
  const all = cases.map((given) => {
    const { name: own = '', before = [], further = [], waits = false, ...exchange } = given
    const { ingress, endpoint } = { ...usual, ...exchange }
    const where = { ...(ingress && { ingress }), ...(endpoint && { endpoint }) }
    try {
      return {
        className: name,
        name: own,
        request: requestOf(exchange, usual, further),
        before: before.map((each) => requestOf({ ...where, ...each }, STORED, [])),
        waits,
      }
    } catch (error) {
      throw new Error(`${name}: ${own}`, { cause: error })
    }
  })
  return { name, threat, least, cases: all }
}

/**
 * What a file of the corpus says.
 *
 * @throws when it says something that the language does not know
 */
export function parseClass(name: string, read: unknown): CorpusClass {
  const [fault] = Errors(CaseClass, read)
  if (fault !== undefined) throw new Error(`${name}${fault.instancePath}: ${fault.message}`)
  return classOf(name, read as CaseClass)
}

/** Every class of the corpus, by the name of its file; throws as `parseClass` does. */
export function corpusClasses(): readonly CorpusClass[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
  return names
    .filter((name) => !NO_CLASSES.includes(name))
    .sort()
    .map((file) => {
      const read: unknown = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
      return parseClass(file.slice(0, -'.json'.length), read)
    })
}
