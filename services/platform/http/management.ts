import type { FastifyInstance } from 'fastify'
import fastify from 'fastify'
import type { Registry } from 'prom-client'
import type { LogLevel } from '../log-level.ts'
import { logLevelChange } from '../log-level.ts'
import { readinessGauge } from '../metrics.ts'

/** A named condition of readiness: null when it holds, otherwise what is wrong, in words. */
export interface ReadinessCheck {
  readonly name: string
  problem(): string | null
}

export interface ManagementOptions {
  readonly metrics: Registry
  readonly checks: readonly ReadinessCheck[]
  /** Liveness asks nothing but the process itself; null when it makes progress. */
  readonly stalled?: () => string | null
  /** Seen and changed on `/log-level`; without it there is no such path. */
  readonly logLevel?: LogLevel
}

/** Far more than a change of the level needs. */
const BODY_BYTES = 1024

interface Readiness {
  readonly ready: boolean
  readonly problems: Readonly<Record<string, string>>
}

/** All checks at once, so that an operator sees every problem in one look. */
export function readiness(checks: readonly ReadinessCheck[]): Readiness {
  const problems = Object.fromEntries(
    checks.flatMap((check) => {
      const problem = check.problem()
      return problem === null ? [] : [[check.name, problem]]
    }),
  )
  return { ready: Object.keys(problems).length === 0, problems }
}

/** `GET` shows the level, `PUT` changes it for a while; whoever reaches the port may do both. */
function addLogLevel(app: FastifyInstance, logLevel: LogLevel): void {
  app.get('/log-level', (_request, reply) => reply.send(logLevel.state()))
  app.put('/log-level', (request, reply) => {
    const change = logLevelChange(request.body, logLevel.configured)
    if ('problem' in change) return reply.code(400).send(change)
    return reply.send(logLevel.change(change, request.ip))
  })
}

/**
 * `/livez`, `/readyz`, `/metrics` and `/log-level`, for a port of their own. Does not listen yet.
 * Nothing here tells a secret, but the port is for the cluster and not for the internet.
 */
export function managementApp(options: ManagementOptions): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: BODY_BYTES })
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number }
    return reply.code(statusCode).send({ problem: 'the request cannot be used' })
  })
  readinessGauge(options.metrics, options.checks)
  if (options.logLevel !== undefined) addLogLevel(app, options.logLevel)
  app.get('/livez', (_request, reply) => {
    const problem = options.stalled?.() ?? null
    return reply.code(problem === null ? 200 : 503).send({ live: problem === null, problem })
  })
  app.get('/readyz', (_request, reply) => {
    const state = readiness(options.checks)
    return reply.code(state.ready ? 200 : 503).send(state)
  })
  app.get('/metrics', async (_request, reply) => {
    const text = await options.metrics.metrics()
    return reply.header('content-type', options.metrics.contentType).send(text)
  })
  return app
}

/** Listens and returns the address, `http://host:port`. */
export async function listenManagement(
  app: FastifyInstance,
  host: string,
  port: number,
): Promise<string> {
  return await app.listen({ host, port })
}
