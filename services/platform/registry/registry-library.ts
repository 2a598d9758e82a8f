import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { RegistryTransport } from './registry-requests.ts'

/** Redirects count as refusals, as in our own requests; the library takes them for answers. */
class Redirected extends Error {
  readonly status: number

  constructor(status: number) {
    super()
    this.status = status
  }
}

/** The library, told everything that its own options leave open; it repeats nothing itself. */
export function registryLibrary(
  { access, agent, timeoutMs }: RegistryTransport,
  clientId: string,
): SchemaRegistry {
  const { baseUrl, authorization } = access
  const headers = authorization === null ? {} : { authorization }
  return new SchemaRegistry({
    host: baseUrl,
    clientId,
    agent,
    retry: { retries: 0 },
    middlewares: [
      () => ({
        request: async (request) => request.enhance({ timeout: timeoutMs, headers }),
        response: async (next) => {
          const response = await next()
          if (response.status() >= 300) throw new Redirected(response.status())
          return response
        },
      }),
    ],
  })
}
