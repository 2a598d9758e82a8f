import type { FastifyInstance } from 'fastify'
import fastify from 'fastify'
import type { Registry } from 'prom-client'

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
}

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

/** `/livez`, `/readyz` and `/metrics`, for a port of their own. Does not listen yet. */
export function managementApp(options: ManagementOptions): FastifyInstance {
  const app = fastify({ logger: false })
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
