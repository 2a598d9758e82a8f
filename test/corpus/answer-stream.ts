/** An answer as it came over a socket. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Milliseconds from the last byte sent to the last byte of the answer. */
  readonly tookMs: number
}

const HEAD_END = '\r\n\r\n'
const STATUS_LINE = /^HTTP\/1\.1 (\d{3})/

interface Read {
  readonly length: number
  readonly answer: Omit<RawAnswer, 'tookMs'>
}

/** The first whole answer in the text (one character a byte), or null. */
function answerIn(text: string, hasNoBody: boolean): Read | null {
  const end = text.indexOf(HEAD_END)
  if (end === -1) return null
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(STATUS_LINE.exec(statusLine)?.[1] ?? 0)
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const from = end + HEAD_END.length
  const size = status < 200 || hasNoBody ? 0 : Number(headers.get('content-length') ?? 0)
  if (text.length < from + size) return null
  const body = text.slice(from, from + size)
  return { length: from + size, answer: { status, headers, body } }
}

/** Takes what a socket receives apart into answers; leaves out the provisional ones (1xx). */
export class AnswerStream {
  readonly answers: RawAnswer[] = []
  readonly #toHead: boolean
  #rest = ''

  /** @param toHead whether the first request is HEAD, whose answer has no body */
  constructor(toHead = false) {
    this.#toHead = toHead
  }

  take(chunk: Buffer, tookMs: number): void {
    this.#rest += chunk.toString('latin1')
    for (;;) {
      const read = answerIn(this.#rest, this.#toHead && this.answers.length === 0)
      if (read === null) return
      this.#rest = this.#rest.slice(read.length)
      if (read.answer.status >= 200) this.answers.push({ ...read.answer, tookMs })
    }
  }
}
