import { afterEach, describe, expect, it } from 'vitest'
import { cardConsumer } from '#consumers/card/projection.ts'
import { complianceConsumer } from '#consumers/compliance/projection.ts'
import { passConsumer } from '#consumers/pass/projection.ts'
import type { DomainConsumer } from '#consumers/runtime/contract.ts'
import { settlementConsumer } from '#consumers/settlement/projection.ts'
import { eventually } from '../../fixtures/eventually.ts'
import type { Body } from './stage.ts'
import { Stage } from './stage.ts'

const soon = { withinMs: 20_000 }
const stages: Stage[] = []

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.clear()))
})

async function setStage(domain: DomainConsumer): Promise<Stage> {
  const stage = await Stage.set(domain)
  stages.push(stage)
  return stage
}

/** An event whose id says where it stands among others of the same instant. */
function told(
  stage: Stage,
  type: string,
  created: string,
  data: Body,
  version = '2026-05-19',
): Body {
  const [[, resource] = []] = Object.entries(data)
  return {
    id: `evt_${created}_${type}_${(resource as Body | undefined)?.id}`.replaceAll(/[^\w]/g, ''),
    type,
    created: `${created}Z`,
    tenant_id: stage.tenant,
    live_mode: false,
    api_version: version,
    data,
  }
}

/** Every event twice, the last first, over two batches and more. */
function disorderly(bodies: readonly Body[]): readonly Body[] {
  const backwards = [...bodies].reverse()
  return [...backwards.slice(1), ...bodies, ...backwards]
}

async function handled(stage: Stage, bodies: readonly Body[]): Promise<void> {
  const count = new Set(bodies.map(({ id }) => id)).size
  await eventually(async () => (await stage.outcomes()).length >= count, soon)
}

/** Handled one batch after another, so that the rows are there when older events come. */
async function tell(stage: Stage, bodies: readonly Body[]): Promise<void> {
  stage.start({ BATCH_MAX_RECORDS: '3' })
  await stage.send(disorderly(bodies))
  await handled(stage, bodies)
}

async function view(stage: Stage, text: string) {
  const rows = await stage.rows(text, [stage.tenant])
  return rows.map((row) => Object.values(row).map(String).join(' '))
}

describe('the spend of a card', () => {
  it('counts each transaction once, by how far it came, in any order and however often', async () => {
    const stage = await setStage(cardConsumer)
    const step = (id: string, step: string, created: string, cents: number, currency = 'USD') =>
      told(stage, `card.transaction.${step}`, created, {
        transaction: { id, card_id: 'card_1', amount_cents: cents, currency },
      })
    await tell(stage, [
      step('txn_1', 'authorized', '2026-06-29T10:00:00', 1000),
      step('txn_1', 'captured', '2026-07-02T10:00:00', 900),
      step('txn_2', 'authorized', '2026-06-30T23:59:59.999', 500),
      step('txn_3', 'authorized', '2026-06-30T10:00:00', 70),
      step('txn_3', 'declined', '2026-06-30T10:00:01', 70),
      step('txn_4', 'captured', '2026-07-03T10:00:00', 11, 'EUR'),
      step('txn_5', 'captured', '2026-07-04T10:00:00', 100),
    ])
    const spend = await view(
      stage,
      `SELECT to_char(month, 'YYYY-MM'), currency, authorized_only_count, authorized_only_cents,
         captured_count, captured_cents, declined_count, declined_cents
       FROM card.spend_by_card_and_month WHERE tenant_id = $1 AND card_id = 'card_1' ORDER BY 1, 2`,
    )
    expect(spend).toEqual([
      '2026-06 USD 1 500 0 0 1 70',
      '2026-07 EUR 0 0 1 11 0 0',
      '2026-07 USD 0 0 2 1000 0 0',
    ])
  })
})

describe('a transaction', () => {
  it('keeps when each thing happened first, also from events that came too late', async () => {
    const stage = await setStage(cardConsumer)
    const at = (type: string, created: string) =>
      told(stage, `card.transaction.${type}`, created, { transaction: { id: 'txn_1' } })
    const captured = at('captured', '2026-06-03T10:00:00')
    stage.start()
    await stage.send([captured])
    await handled(stage, [captured])
    const late = [at('authorized', '2026-06-01T10:00:00'), at('captured', '2026-06-02T10:00:00')]
    await stage.send(late)
    await handled(stage, [captured, ...late])
    const [row] = await stage.rows(
      `SELECT last_event_id, state, authorized_at, captured_at, declined_at
       FROM card.transactions WHERE tenant_id = $1`,
      [stage.tenant],
    )
    expect(row).toEqual({
      last_event_id: captured.id,
      state: 'captured',
      authorized_at: new Date('2026-06-01T10:00:00Z'),
      captured_at: new Date('2026-06-02T10:00:00Z'),
      declined_at: null,
    })
  })
})

describe('an impossible transition', () => {
  it('is recorded once and counted, and the card goes into its new state', async () => {
    const stage = await setStage(cardConsumer)
    const at = (type: string, created: string) =>
      told(stage, `card.${type}`, created, { card: { id: 'card_1' } })
    const ended = at('terminated', '2026-06-01T10:00:00')
    const revived = at('resumed', '2026-06-02T10:00:00')
    const consumer = stage.start()
    await stage.send([ended])
    await handled(stage, [ended])
    await stage.send([revived, revived, at('gift.wrapped', '2026-06-03T10:00:00')])
    await eventually(async () => (await stage.outcomes()).length === 3, soon)
    const anomalies = await stage.rows(
      `SELECT group_id, domain, resource, resource_id, event_id, event_type, from_state, to_state
       FROM runtime.anomalies WHERE tenant_id = $1`,
      [stage.tenant],
    )
    expect(anomalies).toEqual([
      {
        group_id: stage.group(),
        domain: 'card',
        resource: 'card',
        resource_id: 'card_1',
        event_id: revived.id,
        event_type: 'card.resumed',
        from_state: 'terminated',
        to_state: 'active',
      },
    ])
    const cards = await view(
      stage,
      'SELECT state, state_event_id, last_event_type FROM card.cards WHERE tenant_id = $1',
    )
    expect(cards).toEqual([`active ${revived.id} card.gift.wrapped`])
    const counted = async (name: string) =>
      (await consumer.metrics.getSingleMetric(name)?.get())?.values.map(({ labels, value }) => [
        labels,
        value,
      ])
    await eventually(
      async () => (await counted('consumer_unknown_types_total'))?.length === 1,
      soon,
    )
    expect(await counted('consumer_unknown_types_total')).toEqual([[{ mode: 'sandbox' }, 1]])
    expect(await counted('consumer_impossible_transitions_total')).toEqual([
      [{ mode: 'sandbox', resource: 'card' }, 1],
    ])
  })
})

describe('a settlement', () => {
  const lines = (...cents: readonly number[]) =>
    cents.map((amount_cents) => ({ type: 'cardTransaction', transaction_id: 't', amount_cents }))

  it('has the lines of its newest snapshot, and no other, in today\u2019s words', async () => {
    const stage = await setStage(settlementConsumer)
    const at = (type: string, created: string, ...cents: readonly number[]) => {
      const settlement = { id: 'set_1', lines: lines(...cents) }
      return told(stage, `settlement.${type}`, created, { settlement }, '2026-02-01')
    }
    await tell(stage, [
      at('failed', '2026-06-01T10:00:00', 1, 2, 3),
      at('failed', '2026-06-02T10:00:00', 4, 5),
      at('completed', '2026-06-03T10:00:00', 6),
      at('completed', '2026-06-04T10:00:00', 7, -8),
    ])
    const kept = await view(
      stage,
      `SELECT line_no, type, amount_cents FROM settlement.settlement_lines
       WHERE tenant_id = $1 AND settlement_id = 'set_1' ORDER BY 1`,
    )
    expect(kept).toEqual(['1 card_transaction 7', '2 card_transaction -8'])
  })

  it('counts once in the totals of its day, with the payouts beside it', async () => {
    const stage = await setStage(settlementConsumer)
    const settled = (id: string, type: string, created: string, amount_cents: number) =>
      told(stage, `settlement.${type}`, created, {
        settlement: { id, amount_cents, currency: 'USD' },
      })
    const payout = { id: 'pyo_1', amount_cents: 40, currency: 'USD' }
    await tell(stage, [
      settled('set_1', 'failed', '2026-06-01T10:00:00', 1000),
      settled('set_1', 'completed', '2026-06-02T10:00:00', 990),
      settled('set_2', 'completed', '2026-06-02T23:59:59.999', 5),
      settled('set_3', 'failed', '2026-06-02T10:00:00', 7),
      told(stage, 'payout.completed', '2026-06-03T00:00:00', { payout }),
    ])
    const totals = await view(
      stage,
      `SELECT day::text, currency, settled_count, settled_cents, failed_count, failed_cents,
         paid_out_count, paid_out_cents
       FROM settlement.totals_by_day WHERE tenant_id = $1 ORDER BY 1`,
    )
    expect(totals).toEqual(['2026-06-02 USD 2 995 1 7 0 0', '2026-06-03 USD 0 0 0 0 1 40'])
  })
})

describe('a sanctions alert', () => {
  it('is open until a later event shows the cardholder as cleared', async () => {
    const stage = await setStage(complianceConsumer)
    const at = (type: string, created: string, id: string, sanctions_status: string) =>
      told(stage, `cardholder.${type}`, created, { cardholder: { id, sanctions_status } })
    const again = at('sanctions.alert', '2026-06-03T10:00:00', 'chl_1', 'alert')
    const other = at('sanctions.alert', '2026-06-01T10:00:00', 'chl_2', 'alert')
    await tell(stage, [
      at('kyc.completed', '2026-05-31T10:00:00', 'chl_1', 'clear'),
      at('sanctions.alert', '2026-06-01T10:00:00', 'chl_1', 'alert'),
      at('kyc.completed', '2026-06-02T10:00:00', 'chl_1', 'clear'),
      again,
      at('kyc.completed', '2026-05-31T10:00:00', 'chl_2', 'clear'),
      other,
    ])
    const open = await view(
      stage,
      `SELECT cardholder_id, sanctions_alert_id, cardholder_state
       FROM compliance.open_sanctions_alerts WHERE tenant_id = $1 ORDER BY 1`,
    )
    expect(open).toEqual([`chl_1 ${again.id} sanctions_alert`, `chl_2 ${other.id} sanctions_alert`])
  })
})

describe('a scan', () => {
  it('is seen with its pass and template, and without them until they are heard of', async () => {
    const stage = await setStage(passConsumer)
    const scan = (id: string, pass_id: string) =>
      told(stage, 'pass.scanned', '2026-06-05T10:00:00', {
        scan: { id, pass_id, result: 'valid' },
      })
    const pass = { id: 'pass_1', template_id: 'tpl_1', platform: 'apple' }
    await tell(stage, [
      told(stage, 'pass_template.created', '2026-06-01T10:00:00', {
        pass_template: { id: 'tpl_1', name: 'Rewards' },
      }),
      told(stage, 'pass.created', '2026-06-02T10:00:00', { pass }),
      told(stage, 'pass.installed', '2026-06-03T10:00:00', { pass }),
      scan('scn_1', 'pass_1'),
      scan('scn_2', 'pass_2'),
    ])
    const scans = await view(
      stage,
      `SELECT scan_id, result, pass_state, platform, template_name
       FROM pass.scans_with_pass WHERE tenant_id = $1 ORDER BY 1`,
    )
    expect(scans).toEqual(['scn_1 valid installed apple Rewards', 'scn_2 valid null null null'])
  })
})
