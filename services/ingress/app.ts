import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastify from 'fastify'
import type { ErrorCode } from '#core/errors.ts'
import type { Outcome } from '#core/outcome.ts'
import { answerOf, errorAnswer } from '#core/outcome.ts'
import type { Tracing } from '#platform/traces.ts'
import type { CutCause } from './admission-metrics.ts'
import type { BodyIntake, BodyRefusal } from './body-intake.ts'
import { limitConnections } from './connection-limits.ts'
import type { Webhook } from './identification.ts'
import { OpenRequests } from './open-requests.ts'
import type { Receiver } from './receiver.ts'
import type { Reception } from './reception.ts'
import { limitRefusal, refusal } from './reception.ts'
import type { Report } from './report.ts'
import { refusedBody, takeAnyBody, takeBody } from './request-body.ts'
import { callersTraceparent, RequestSpans } from './request-spans.ts'
import type { IngressSettings } from './settings.ts'

export interface IngressAppOptions {
  readonly receiver: Receiver
  readonly intake: BodyIntake
  readonly report: Report
  /** Whether an id is or was, in the life of this process, an endpoint of ours. */
  readonly knows: (endpointId: string) => boolean
  readonly settings: IngressSettings
  /** True from the first moment of a stop: connections end with their answer. */
  readonly draining: () => boolean
  readonly tracing: Tracing | null
}

declare module 'fastify' {
  interface FastifyRequest {
    /** When its headers had arrived, on the clock of `performance.now()`. */
    arrivedAtMs: number
  }
}

const HOOKS = '/v1/hooks/'
const LONGEST_ENDPOINT_ID = 256
/** Node looks for requests that are too slow this often; its own default is 30 s. */
const SLOWNESS_CHECK_MS = 1000
/** For a caller to read its answer before its connection is cut. */
const LINGER_MS = 1000

function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`
}

/** Seconds, spread so that those who were refused together do not come back together. */
function retryAfterSeconds(atLeastMs: number | null): number {
  return Math.max(1, Math.ceil((atLeastMs ?? 0) / 1000)) + Math.floor(Math.random() * 5)
}

function placeOf(outcome: Outcome): string | null {
  if (!('at' in outcome)) return null
  const { topic, partition, offset } = outcome.at
  return `${topic}/${partition}/${offset}`
}

/** What stands where the id of an endpoint is expected; empty on other paths. */
function pathIdOf({ params }: FastifyRequest): string {
  return (params as { readonly endpointId?: string } | null)?.endpointId ?? ''
}

function webhookOf(request: FastifyRequest, spans: RequestSpans | null): Webhook {
  const { headersDistinct } = request.raw
  return {
    endpointId: pathIdOf(request),
    signatures: headersDistinct['qairopay-signature'] ?? [],
    oldSignatures: headersDistinct['x-qairopay-signature'] ?? [],
    traceparent: spans?.traceparentOf(request) ?? callersTraceparent(request),
    contentType: headersDistinct['content-type']?.[0],
    arrivedAtMs: request.arrivedAtMs,
    body: takeBody(request),
  }
}

/** What the framework's or the parser's error means to the sender. */
function codeOfError(error: unknown): ErrorCode {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout'
  // The caller went before its request was whole; a 400 would be final for an event cut short.
  if (code === 'HPE_INVALID_EOF_STATE') return 'request_timeout'
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return 'unknown_endpoint'
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large'
  const isCallers = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isCallers || String(code).startsWith('HPE_') ? 'bad_request' : 'internal'
}

/** Node forgets such a socket; a caller that never closes its side would keep it for ever. */
function letGo(socket: Socket, lastWords = ''): void {
  socket.end(lastWords)
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** Sends the answers of one app, and sees to it that each is counted once. */
class Answers {
  readonly #options: IngressAppOptions
  readonly #spans: RequestSpans | null
  /** Whose last answer was written by hand: it was that to the request that broke off. */
  readonly #ended = new WeakSet<Socket>()

  constructor(options: IngressAppOptions, spans: RequestSpans | null) {
    this.#options = options
    this.#spans = spans
  }

  send(reply: FastifyReply, requestId: string, reception: Reception, tookMs: number): FastifyReply {
    const answer = answerOf(reception.outcome, requestId)
    const pathId = pathIdOf(reply.request)
    const endpointId = this.#options.knows(pathId) ? pathId : null
    const answered = { requestId, endpointId, reception, answer, tookMs }
    this.#spans?.end(reply.request, answered)
    if (this.#ended.has(reply.request.raw.socket)) return reply.hijack()
    this.#options.report.answered(answered)
    reply.code(answer.status)
    if (answer.contentType !== undefined) reply.header('content-type', answer.contentType)
    if (answer.retry) reply.header('retry-after', retryAfterSeconds(reception.retryAfterMs))
    if (this.#options.draining()) reply.header('connection', 'close')
    const place = this.#options.settings.reportCoordinates ? placeOf(reception.outcome) : null
    if (place !== null) reply.header('x-event-router-record', place)
    return reply.send(answer.body)
  }

  /** A body that was not taken; where bytes of it may still come, the connection ends. */
  refuseBody(reply: FastifyReply, { code, limit }: BodyRefusal): FastifyReply {
    if (limit !== 'body_bytes') reply.header('connection', 'close')
    return this.send(reply, reply.request.id, refusal(code, { limit }), reply.elapsedTime)
  }

  refuse(reply: FastifyReply, requestId: string, code: ErrorCode): FastifyReply {
    return this.send(reply, requestId, refusal(code), reply.elapsedTime)
  }

  failed(reply: FastifyReply, requestId: string, error: unknown): FastifyReply {
    const code = codeOfError(error)
    if (code === 'internal') this.#options.report.surprise(requestId, error)
    return this.refuse(reply, requestId, code)
  }

  /** A connection closed without an answer. */
  cut(cause: CutCause): void {
    this.#options.report.cut(cause)
  }

  /** Bytes that are no request. */
  broken(error: unknown, socket: Socket): void {
    const isGone = (error as { code?: unknown }).code === 'ECONNRESET'
    const isSilent = socket.bytesRead === 0
    const code = codeOfError(error)
    // Nobody asked anything, so there is nothing to answer.
    if (isSilent && !isGone) this.cut('silent')
    if (isGone || isSilent) socket.destroy()
    else this.toSocket(code === 'internal' ? 'bad_request' : code, socket)
  }

  /** Where there is no reply object the answer is written by hand; it is the last one. */
  toSocket(code: ErrorCode, socket: Socket): void {
    if (!socket.writable) {
      socket.destroy()
      return
    }
    this.#ended.add(socket)
    const requestId = newRequestId()
    const answer = errorAnswer(code, requestId)
    const answered = { requestId, endpointId: null, reception: refusal(code), answer, tookMs: 0 }
    this.#options.report.answered(answered)
    const body = JSON.stringify(answer.body)
    letGo(
      socket,
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n` +
        'content-type: application/json; charset=utf-8\r\n' +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
  }
}

function bareApp(answers: Answers, settings: IngressSettings): FastifyInstance {
  const open = new OpenRequests()
  const app = fastify({
    logger: false,
    requestTimeout: settings.requestTimeoutMs,
    connectionTimeout: settings.connectionTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    maxRequestsPerSocket: settings.maxRequestsPerSocket,
    // Kills nothing in flight; what is in flight ends its connection itself (`Answers.send`).
    forceCloseConnections: 'idle',
    // A request on a connection that is still open is taken like any other.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    genReqId: newRequestId,
    routerOptions: { maxParamLength: LONGEST_ENDPOINT_ID },
    http: {
      // A request without Host is answered like any other, in our own shape.
      requireHostHeader: false,
      maxHeaderSize: settings.maxHeaderBytes,
      headersTimeout: Math.min(settings.headersTimeoutMs, settings.requestTimeoutMs),
      connectionsCheckingInterval: SLOWNESS_CHECK_MS,
    },
    clientErrorHandler: (error, raw) => {
      const socket = raw as Socket
      const isRest = open.isRest(socket)
      open.afterwards(socket, () => {
        if (isRest) letGo(socket)
        else answers.broken(error, socket)
      })
    },
    frameworkErrors: (error, request, reply) => {
      answers.failed(reply as FastifyReply, String(request.id), error)
    },
  })
  limitConnections(app.server, settings.maxConnections, (cause) => answers.cut(cause))
  // A count would make Node drop the headers beyond it in silence; `maxHeaderSize` limits them.
  app.server.maxHeadersCount = 0
  // A client may end its side with its request; Node would end ours before the answer.
  Object.assign(app.server, { httpAllowHalfOpen: true })
  app.server.on('request', (request, response) => open.began(request, response))
  // Node would hang up on this method without a word.
  app.server.on('connect', (_request, socket) => {
    answers.toSocket('method_not_allowed', socket as Socket)
  })
  // Node would answer an expectation that it does not know with a bare 417, final for the sender.
  app.server.on('checkExpectation', (request, response) => {
    app.server.emit('request', request, response)
  })
  return app
}

/** The HTTP side of the ingress. Does not listen yet. */
export function ingressApp(options: IngressAppOptions): FastifyInstance {
  const { receiver, settings, tracing } = options
  const spans = tracing === null ? null : new RequestSpans(tracing)
  const answers = new Answers(options, spans)
  const app = bareApp(answers, settings)
  takeAnyBody(app, options.intake)
  // Before the body is read: refusing costs little exactly when little is left.
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (!request.is404) spans?.begin(request)
    const tooMuch = request.is404 ? null : receiver.refusesNow(pathIdOf(request))
    if (tooMuch === null) done()
    else answers.send(reply, request.id, limitRefusal(tooMuch), reply.elapsedTime)
  })
  app.post(`${HOOKS}:endpointId`, async (request, reply) => {
    const begun = performance.now()
    const refused = refusedBody(request)
    if (refused !== null) return answers.refuseBody(reply, refused)
    const reception = await receiver.receive(webhookOf(request, spans))
    return answers.send(reply, request.id, reception, performance.now() - begun)
  })
  app.setNotFoundHandler((request, reply) => {
    if (request.method === 'POST' || !request.url.startsWith(HOOKS)) {
      return answers.refuse(reply, request.id, 'not_found')
    }
    reply.header('allow', 'POST')
    return answers.refuse(reply, request.id, 'method_not_allowed')
  })
  app.setErrorHandler((error, request, reply) => answers.failed(reply, request.id, error))
  return app
}
