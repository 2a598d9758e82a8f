import type { EndpointStorePlace } from '#ingress/endpoint-place.ts'
import { ENDPOINT_MIGRATIONS, rowsAfter, sealedSecrets } from '#ingress/endpoint-rows.ts'
import type { Database, Transaction } from '#platform/postgres/database.ts'
import { sqlState } from '#platform/postgres/failure.ts'
import { migrate } from '#platform/postgres/migrations.ts'
import { withDatabase } from './database-access.ts'
import type { EndpointBook, EndpointDecision } from './endpoint-book.ts'
import type { EndpointChange } from './endpoint-changes.ts'
import { failure } from './fault.ts'
import type { FoundEndpoints } from './found-endpoints.ts'
import { foundEndpoints } from './found-endpoints.ts'

type Place = Extract<EndpointStorePlace, { kind: 'postgres' }>

const NOTHING_KNOWN = -1n
const MISSING: ReadonlySet<string> = new Set(['42P01', '42703', '3F000'])
/** Its lock is held until the commit, so writers go one after another. */
const NEXT_REVISION = `
UPDATE endpoints.revision SET value = value + 1,
  tokens = (tokens - (value + 1 - $1)::text)
    || jsonb_build_object((value + 1)::text, gen_random_uuid()::text)
RETURNING value`
/** Whoever missed more of them reads all endpoints anew. */
const KEPT_TOKENS = 1000n
const UPSERT = `
INSERT INTO endpoints.endpoints (id, tenant_id, live_mode, state, decision_url, secrets, revision)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7)
ON CONFLICT (id) DO UPDATE SET
  tenant_id = excluded.tenant_id, live_mode = excluded.live_mode, state = excluded.state,
  decision_url = excluded.decision_url, secrets = excluded.secrets, revision = excluded.revision`
const STATE = `
UPDATE endpoints.endpoints SET state = $2, revision = $3 WHERE id = $1`
const AUDIT = `
INSERT INTO endpoints.audit (actor, action, endpoint_id, outcome) VALUES ($1, $2, $3, $4::jsonb)`

/** Endpoints in Postgres, with their secrets sealed. */
export class DatabaseBook implements EndpointBook {
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
  }

  async read(): Promise<FoundEndpoints> {
    return await withDatabase(this.#place.url, async (database) => {
      try {
        return await database.session((session) => this.#found(session))
      } catch (error) {
        if (!MISSING.has(sqlState(error) ?? '')) throw error
        throw failure('Postgres holds no endpoints yet; `endpoints add` makes its tables')
      }
    })
  }

  async change(decision: EndpointDecision, actor: string) {
    const changes = await withDatabase(this.#place.url, async (database) => {
      try {
        return await this.#changed(database, decision, actor)
      } catch (error) {
        if (!MISSING.has(sqlState(error) ?? '')) throw error
        await migrate(database, [ENDPOINT_MIGRATIONS])
        return await this.#changed(database, decision, actor)
      }
    })
    return { changes, where: 'Postgres' }
  }

  async #changed(database: Database, decision: EndpointDecision, actor: string) {
    return await database.transaction(async (transaction) => {
      const [row] = await transaction.query({ text: NEXT_REVISION, values: [KEPT_TOKENS] })
      const revision = row?.value as bigint
      const changes = decision(await this.#found(transaction))
      for (const change of changes) await this.#write(transaction, change, revision, actor)
      return changes
    })
  }

  async #found(transaction: Transaction): Promise<FoundEndpoints> {
    const rows = await rowsAfter(transaction, this.#place.keys, NOTHING_KNOWN)
    return foundEndpoints(rows.entries, rows.faulty)
  }

  async #write(
    transaction: Transaction,
    { entry, action, facts, stateOnly = false }: EndpointChange,
    revision: bigint,
    actor: string,
  ): Promise<void> {
    const { id, tenantId, liveMode, state, decisionUrl } = entry
    if (stateOnly) {
      await transaction.query({
        name: 'endpoint_state',
        text: STATE,
        values: [id, state, revision],
      })
    } else {
      const secrets = sealedSecrets(this.#place.keys, entry)
      await transaction.query({
        name: 'endpoint_upsert',
        text: UPSERT,
        values: [id, tenantId, liveMode, state, decisionUrl, secrets, revision],
      })
    }
    await transaction.query({
      name: 'endpoint_audit',
      text: AUDIT,
      values: [actor, action, id, JSON.stringify(facts)],
    })
  }
}
