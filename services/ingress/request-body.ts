import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { BodyIntake, BodyRefusal } from './body-intake.ts'

const EMPTY = Buffer.alloc(0)

/** The signed bytes are what counts: no content type is refused, and nothing is inflated. */
export function takeAnyBody(app: FastifyInstance, intake: BodyIntake): void {
  app.removeAllContentTypeParsers()
  app.decorateRequest('arrivedAtMs', 0)
  app.addContentTypeParser('*', (request, payload, done) => {
    // Node reads what nobody wants and lets it go.
    if (request.is404) done(null, EMPTY)
    else intake.receive(payload, (result) => done(null, result))
  })
  app.addHook('onRequest', (request, _reply, done) => {
    request.arrivedAtMs = performance.now()
    const { headers } = request.raw as IncomingMessage
    // A malformed content type would be a 415, after which the sender destroys the event.
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream'
    done()
  })
}

/** Why the body was not taken, or null. */
export function refusedBody({ body }: FastifyRequest): BodyRefusal | null {
  return Buffer.isBuffer(body) || body === undefined ? null : (body as BodyRefusal)
}

/** Takes the body out of the request, which lives until its answer: thousands may wait for Kafka. */
export function takeBody(request: FastifyRequest): Buffer {
  const { body } = request
  request.body = null
  return Buffer.isBuffer(body) ? body : EMPTY
}
