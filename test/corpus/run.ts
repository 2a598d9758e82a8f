import type { LogRecord } from '../fixtures/log-reader.ts'
import type { RawAnswer } from './answer-stream.ts'
import { leaksIn, showsStack } from './canaries.ts'
import type { CorpusCase, CorpusClass, CorpusRequest } from './case.ts'
import { plainRequest } from './case.ts'
import type { Exchanged } from './exchange.ts'
import { exchange } from './exchange.ts'
import type { Message, Surroundings } from './message.ts'
import { messageOf } from './message.ts'
import type { Timed } from './slowness.ts'
import { isSlow, QUICK_MS } from './slowness.ts'
import type { CorpusStage } from './stage.ts'
import type { Placed } from './verdict.ts'
import { formFaults, placeFaults, placeText, readAnswer, unclaimed } from './verdict.ts'

/** What was wrong with a case, in words; `case` is empty for what belongs to none. */
interface CorpusFault {
  readonly className: string
  readonly case: string
  readonly fault: string
}

export interface CorpusReport {
  /** Cases by class. */
  readonly counts: ReadonlyMap<string, number>
  readonly faults: readonly CorpusFault[]
  /** Milliseconds to the answers of cases that wait for nothing, sorted. */
  readonly times: readonly number[]
  /** Cases that were slow at first; those that are slow by themselves are among the faults. */
  readonly lookedAtAgain: number
}

interface Sent {
  readonly request: CorpusRequest
  readonly message: Message
  readonly exchanged: Exchanged
}

const AT_ONCE = 4
const GIVE_UP_MS = 15_000
/** What is looked for after all cases together: leaks, strays, whether the processes live. */
const WHOLE = 'canaries'
const PLAIN = plainRequest({ event: {} })

async function sendOne(stage: CorpusStage, request: CorpusRequest, around: Surroundings) {
  const message = messageOf(request, around)
  const { port } = stage.ingress(request.ingress)
  const { pieces, ending, cut, expected } = request
  const answers = expected[0]?.status === 0 ? Number.POSITIVE_INFINITY : expected.length
  const bytes = message.bytes.subarray(0, cut ?? message.bytes.byteLength)
  const giveUpMs = GIVE_UP_MS
  const exchanged = await exchange({ port, bytes, pieces, ending, answers, giveUpMs })
  return { request, message, exchanged }
}

function newSurroundings({ endpoints, canaries }: CorpusStage): Surroundings {
  const now = () => Math.floor(Date.now() / 1000)
  return { endpoints, canaries, ids: new Map(), now }
}

async function sendCase(stage: CorpusStage, { request, before }: CorpusCase): Promise<Sent[]> {
  const around = newSurroundings(stage)
  const sent: Sent[] = []
  for (const each of [...before, request]) sent.push(await sendOne(stage, each, around))
  return sent
}

function saidFaults(answers: readonly RawAnswer[], { expected, line }: CorpusRequest): string[] {
  const wanted = expected.filter(({ status }) => status !== 0)
  const said = answers.map((answer) => {
    const { status, code } = readAnswer(answer)
    return `${status} ${code}`
  })
  const toHead = line.startsWith('HEAD ')
  const due = wanted.map(({ status, code }) => `${status} ${toHead ? '' : code}`)
  const faults = said.join() === due.join() ? [] : [`answered "${said}" instead of "${due}"`]
  return [...faults, ...answers.flatMap((answer) => formFaults(answer, toHead))]
}

function faultsOf(sent: Sent, stage: CorpusStage, placed: Placed): string[] {
  const { request, message, exchanged } = sent
  const { answers, after } = exchanged
  const endpoint = stage.endpoints[request.endpoint as keyof typeof stage.endpoints]
  const faults = saidFaults(answers, request)
  if (after === 'out of step') faults.push('the connection is out of step')
  if (after === 'silent') faults.push('the connection is neither answered nor closed')
  for (const [i, answer] of answers.entries()) {
    const expected = request.expected[i]
    if (expected === undefined) continue
    faults.push(...placeFaults(readAnswer(answer), expected, message.body, endpoint, placed))
    const text = [...answer.headers].map((pair) => pair.join(': ')).join('\n') + answer.body
    faults.push(...leaksIn(text, stage.canaries).map((kind) => `the answer holds a ${kind}`))
    if (showsStack(text)) faults.push('the answer shows a stack')
  }
  return faults
}

async function processFaults(stage: CorpusStage): Promise<string[]> {
  const checks = stage.ingresses.map(async (ingress) => {
    const end = ingress.ended()
    if (end !== null) return [`the ingress ${ingress.name} ${end}`]
    const [log, metrics] = await Promise.all([ingress.log(), ingress.metrics()])
    const lines = log.split('\n').filter((line) => line !== '')
    const found = [
      ...leaksIn(log, stage.canaries).map((kind) => `the log of ${ingress.name} holds a ${kind}`),
      ...leaksIn(metrics, stage.canaries).map((kind) => `the metrics hold a ${kind}`),
    ]
    if (lines.some((line) => !isJson(line))) found.push(`${ingress.name} logs what is no JSON`)
    if (log.includes('webhook.surprise')) found.push(`${ingress.name} met a surprise`)
    if (!(await ingress.isLive())) found.push(`the ingress ${ingress.name} is not live`)
    return found
  })
  return (await Promise.all(checks)).flat()
}

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}

function headerFaults(records: readonly LogRecord[], stage: CorpusStage): string[] {
  const texts = records.map(({ headers }) => JSON.stringify(headers))
  return [...new Set(texts.flatMap((text) => leaksIn(text, stage.canaries)))].map(
    (kind) => `a header of a record holds a ${kind}`,
  )
}

async function inTurn<In, Out>(
  values: readonly In[],
  atOnce: number,
  work: (value: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = []
  let next = 0
  const lane = async () => {
    for (let i = next++; i < values.length; i = next++) results[i] = await work(values[i] as In)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return results
}

async function sendAll(stage: CorpusStage, cases: readonly CorpusCase[]): Promise<Sent[][]> {
  const waiting = Promise.all(cases.map((each) => (each.waits ? sendCase(stage, each) : [])))
  const others = await inTurn(cases, AT_ONCE, (each) => {
    return each.waits ? Promise.resolve([]) : sendCase(stage, each)
  })
  return (await waiting).map((sent, i) => [...sent, ...(others[i] ?? [])])
}

function longestMs(sent: readonly Sent[]): number {
  return Math.max(0, ...sent.flatMap(({ exchanged }) => exchanged.answers.map((a) => a.tookMs)))
}

/** The case once more, after a plain event; an id that it names is a known one by now. */
async function timedAgain(stage: CorpusStage, each: CorpusCase): Promise<Timed> {
  const { ingress } = each.request
  const plain = [await sendOne(stage, { ...PLAIN, ingress }, newSurroundings(stage))]
  const own = await sendCase(stage, each)
  const answers = [...plain, ...own].flatMap(({ exchanged }) => exchanged.answers)
  stage.own.push(...answers.flatMap((answer) => readAnswer(answer).at ?? []))
  return { ownMs: longestMs(own), plainMs: longestMs(plain) }
}

/** Places of the cases that are slow by themselves, and how many had to be looked at again. */
async function slowCases(
  stage: CorpusStage,
  cases: readonly CorpusCase[],
  sent: readonly (readonly Sent[])[],
) {
  const slow = new Set<number>()
  let lookedAtAgain = 0
  for (const [i, each] of cases.entries()) {
    if (each.waits || longestMs(sent[i] ?? []) <= QUICK_MS) continue
    lookedAtAgain += 1
    if (await isSlow(() => timedAgain(stage, each))) slow.add(i)
  }
  return { slow, lookedAtAgain }
}

/** Sends every case and compares all that came of it. */
export async function runCorpus(
  stage: CorpusStage,
  classes: readonly CorpusClass[],
): Promise<CorpusReport> {
  const cases = classes.flatMap((each) => each.cases)
  const sent = await sendAll(stage, cases)
  const { slow, lookedAtAgain } = await slowCases(stage, cases, sent)
  const records = await stage.records()
  const placed = new Map(records.map((record) => [placeText(record), record]))
  const faults: CorpusFault[] = []
  const times: number[] = []
  const claimed = new Set<string>(stage.own)
  for (const [i, { className, name, waits }] of cases.entries()) {
    const all = sent[i] ?? []
    const found = all.flatMap((each) => faultsOf(each, stage, placed))
    const answers = all.flatMap(({ exchanged }) => exchanged.answers)
    for (const answer of answers) claimed.add(readAnswer(answer).at ?? '')
    if (!waits) times.push(...answers.map(({ tookMs }) => tookMs))
    if (slow.has(i)) found.push('it takes too long, each time and beside a plain event')
    faults.push(...found.map((fault) => ({ className, case: name, fault })))
  }
  const whole = [
    ...unclaimed(records, claimed).map((at) => `a record that nobody was told of lies at ${at}`),
    ...headerFaults(records, stage),
    ...(await processFaults(stage)),
  ]
  faults.push(...whole.map((fault) => ({ className: WHOLE, case: '', fault })))
  const counts = new Map(classes.map((each) => [each.name, each.cases.length]))
  counts.set(WHOLE, cases.length)
  return { counts, faults, times: times.sort((a, b) => a - b), lookedAtAgain }
}
