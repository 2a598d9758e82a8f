import { expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../fixtures/eventually.ts'
import { IngressPair } from '../../fixtures/ingress-pair.ts'
import { IngressStage } from './stage.ts'

const soon = { withinMs: 60_000 }
/** What a client may see that goes to an ingress which is away: that it is away. */
const AWAY = new Set(['ECONNREFUSED', 'ECONNRESET', '503'])

it('two ingresses rolled under load fail no request of clients that ask who is ready, and lose nothing of those that do not', async () => {
  const stage = await IngressStage.set()
  onTestFinished(() => stage.stop())
  const pair = await IngressPair.start(stage, { DRAIN_DELAY_MS: '2500' })
  onTestFinished(() => pair.stop())
  const respectful = pair.load(4, true)
  const careless = pair.load(1, false, 20)
  await eventually(() => respectful.count() > 100, soon)
  for (const index of [0, 1]) {
    const before = respectful.count()
    expect((await pair.roll(index)).code).toBe(0)
    expect(respectful.count()).toBeGreaterThan(before)
  }
  const [good, other] = [await respectful.stop(), await careless.stop()]
  expect(good.failures).toEqual([])
  expect(other.failures.filter((failure) => !AWAY.has(failure))).toEqual([])
  expect(other.failures.length).toBeGreaterThan(0)
  const stored = new Set((await stage.records('card')).map(({ headers }) => headers.ce_id))
  const lost = [...good.acknowledged, ...other.acknowledged].filter((id) => !stored.has(id))
  expect(lost).toEqual([])
})
