import { cardConsumer } from '#consumers/card/projection.ts'
import { BatchWriter } from '#consumers/runtime/batch.ts'
import type { DeadLetterFilter } from '#consumers/runtime/dead-letters.ts'
import { asideEntries, parkedTenants } from '#consumers/runtime/dead-letters.ts'
import type { ReleaseReport } from '#consumers/runtime/release-run.ts'
import { runRelease } from '#consumers/runtime/release-run.ts'
import { compileEventDecoder, schemaIdOf } from '#platform/avro/event-decoder.ts'
import type { Database } from '#platform/postgres/database.ts'
import type { Faults } from '../fixtures/effect-handler.ts'
import { effectHandler } from '../fixtures/effect-handler.ts'
import { schemaText } from '../fixtures/published-versions.ts'

export interface ReleaseOrder {
  readonly database: Database
  readonly filter: DeadLetterFilter
  readonly canary: number
  /** Of the handler that the release runs. */
  readonly faults: Faults
}

/** What `parked release` does, with the handler of these tests in place of none. */
export async function releaseWith(order: ReleaseOrder): Promise<ReleaseReport> {
  const { database, filter, canary, faults } = order
  const domain = { ...cardConsumer, handle: effectHandler(faults) }
  const decoder = compileEventDecoder({ schemaText: await schemaText('2026-05-19', 'card') })
  const options = {
    database,
    domain,
    writer: new BatchWriter({ database, domain, handlerDeadlineMs: 4000 }),
    context: {
      mode: 'sandbox' as const,
      schemaIdOf,
      decoderOf: () => (value: Uint8Array) => decoder.decode(value),
    },
  }
  const plan = await database.session(async (connection) => ({
    tenants: await parkedTenants(connection, filter),
    aside: await asideEntries(connection, filter),
  }))
  return await runRelease({
    plan,
    optionsOf: () => options,
    canary,
    stopped: new AbortController().signal,
    onProgress: () => undefined,
  })
}
