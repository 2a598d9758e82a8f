import type { Database } from '#platform/postgres/database.ts'
import type { EffectVerdict, Occurrence } from '../fixtures/effect-checker.ts'
import { effectVerdict } from '../fixtures/effect-checker.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { LoadResult } from './load.ts'
import { claim } from './proceedings.ts'

/**
 * Notes every change of a transaction's row in the change's own transaction. Each event of the load
 * is about a transaction of its own, so an event that had its effect twice is noted twice.
 */
const NOTES = [
  'CREATE SCHEMA suite',
  'CREATE TABLE suite.effects (n bigserial PRIMARY KEY, tenant_id text, event_id text)',
  `CREATE FUNCTION suite.note() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     INSERT INTO suite.effects (tenant_id, event_id) VALUES (NEW.tenant_id, NEW.last_event_id);
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER note AFTER INSERT OR UPDATE ON card.transactions
   FOR EACH ROW EXECUTE FUNCTION suite.note()`,
]

/** Above the grace of a consumer that is gone, and a rebalance after it. */
const SETTLED = { withinMs: 120_000, everyMs: 500 }

/** Every event that was acknowledged since the beginning, against what Postgres says became of it. */
export class Ledger {
  readonly #acknowledged: Occurrence[] = []
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Begins to note effects; the consumers have made their tables. */
  async open(): Promise<void> {
    for (const text of NOTES) {
      await this.#database.session((session) => session.query({ text, values: [] }))
    }
  }

  async #count(text: string): Promise<number> {
    const rows = await this.#database.session((session) => session.query({ text, values: [] }))
    return Number(Object.values(rows[0] ?? {})[0] ?? 0)
  }

  /** How many events had their effect so far. */
  async effects(): Promise<number> {
    return await this.#count('SELECT count(DISTINCT event_id) FROM suite.effects')
  }

  async #verdict(): Promise<EffectVerdict> {
    const rows = await this.#database.session((session) =>
      session.query({
        text: 'SELECT tenant_id, event_id FROM suite.effects ORDER BY n',
        values: [],
      }),
    )
    const effects = rows.map(({ tenant_id, event_id }) => ({
      tenantId: String(tenant_id),
      eventId: String(event_id),
    }))
    return effectVerdict(this.#acknowledged, effects)
  }

  /**
   * Adds what a load had acknowledged and waits until all of it had its effect.
   *
   * @throws StepFault when anything acknowledged was lost, had its effect twice, or out of its order
   */
  async settle({ acknowledged }: LoadResult): Promise<EffectVerdict> {
    this.#acknowledged.push(...acknowledged)
    const due = this.#acknowledged.length
    await eventually(async () => (await this.effects()) >= due, SETTLED).catch(() => undefined)
    const verdict = await this.#verdict()
    const good = { doubles: 0, losses: 0, phantoms: 0, inversions: 0 }
    const { doubles, losses, phantoms, inversions } = verdict
    const found = { doubles, losses, phantoms, inversions }
    claim(
      JSON.stringify(found) === JSON.stringify(good),
      `the ledger says ${JSON.stringify(verdict)}`,
    )
    const aside = await this.#count(
      'SELECT (SELECT count(*) FROM runtime.set_aside) + (SELECT count(*) FROM runtime.parked_events)',
    )
    claim(aside === 0, `${aside} events were set aside or parked`)
    return verdict
  }
}
