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

/** A refusal as the library hands it to its middleware (mappersmith's Response). */
interface Refusal {
  data(): unknown
  enhance(extras: { readonly rawData: string }): Refusal
}

type Middleware = () => { response(next: () => Promise<unknown>): Promise<unknown> }

const NO_REASON = JSON.stringify({ message: 'no reason given' })

/**
 * The library reads a refusal's message inside a `catch`, where a body that is `null` throws: the
 * call never ends, and the unhandled rejection ends the process.
 */
const readableRefusals: Middleware = () => ({
  response: async (next) =>
    await next().catch((refusal: Refusal) => {
      throw refusal.data() === null ? refusal.enhance({ rawData: NO_REASON }) : refusal
    }),
})

/** Puts a middleware before those of the library, where its options put none. */
function prepend(library: SchemaRegistry, middleware: Middleware): void {
  const { api } = library as unknown as { api: { _manifest: { middleware: Middleware[] } } }
  api._manifest.middleware.unshift(middleware)
}

/** The library, told everything that its own options leave open; it repeats nothing itself. */
export function registryLibrary(
  { access, agent, timeoutMs }: RegistryTransport,
  clientId: string,
): SchemaRegistry {
  const { baseUrl, authorization } = access
  const headers = authorization === null ? {} : { authorization }
  const library = new SchemaRegistry({
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
  prepend(library, readableRefusals)
  return library
}
