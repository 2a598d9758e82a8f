import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { readLog } from '../../fixtures/log-reader.ts'
import type { HttpAnswer, StageOptions } from './stage.ts'
import { IngressStage, newEndpoint, sampleFor } from './stage.ts'

const endpoint = newEndpoint()
const stages: IngressStage[] = []

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.stop()))
})

async function set(options: StageOptions = {}): Promise<IngressStage> {
  const stage = await IngressStage.set({ endpoints: [endpoint], ...options })
  stages.push(stage)
  return stage
}

function wordOf({ status, body }: HttpAnswer): string {
  return `${status} ${body.set_aside ?? (body.duplicate === true ? 'duplicate' : 'stored')}`
}

/** One event, and other bodies under its id. */
async function copies(count: number): Promise<readonly string[]> {
  const text = await sampleFor(endpoint)
  return Array.from({ length: count }, (_, i) => `${text}${' '.repeat(i)}`)
}

describe('the same id with another body', () => {
  it('is set aside with an alarm as often as it comes, and the first body stays a duplicate', async () => {
    const stage = await set()
    const [first = '', second = '', third = ''] = await copies(3)
    const words: string[] = []
    for (const body of [first, second, second, third, first])
      words.push(wordOf(await stage.send(body)))
    const aside = '202 id_conflict'
    expect(words).toEqual(['200 stored', aside, aside, aside, '200 duplicate'])
    expect(await stage.metric('ingress_alarms_total')).toBe(3)
    const topics = [stage.topic('card'), stage.topic('quarantine')]
    const records = await readLog({ brokers: stage.brokers, topics })
    const aside2 = records.filter(({ topic }) => topic === stage.topic('quarantine'))
    expect(records.length - aside2.length).toBe(1)
    expect(aside2.map(({ value }) => value?.toString()).sort()).toEqual(
      [second, second, third].sort(),
    )
    expect(aside2.every(({ headers }) => headers.reason === 'id_conflict')).toBe(true)
  })

  it('is noticed while the first is still on its way', async () => {
    const stage = await set()
    for (let round = 0; round < 5; round += 1) {
      const bodies = await copies(8)
      const answers = await Promise.all(bodies.map((body) => stage.send(body)))
      const words = answers.map(wordOf).sort()
      expect(words).toEqual(['200 stored', ...Array.from({ length: 7 }, () => '202 id_conflict')])
    }
  })

  it('of another tenant or mode is another event', async () => {
    const other = newEndpoint({ live_mode: true })
    const stage = await set({ endpoints: [endpoint, other] })
    const id = `evt_${randomUUID()}`
    for (const one of [endpoint, other]) {
      const body = await sampleFor(one, undefined, undefined, { id })
      expect(wordOf(await stage.send(body, one))).toBe('200 stored')
    }
  })

  it('is not known to an ingress that did not take the first: both are written, and consumers see it', async () => {
    const [first, second] = [await set(), await set({ settings: { RECENT_EVENTS: '0' } })]
    const [body = '', other = ''] = await copies(2)
    expect(wordOf(await first.send(body))).toBe('200 stored')
    expect(wordOf(await second.send(other))).toBe('200 stored')
    expect(wordOf(await second.send(body))).toBe('200 stored')
  })
})
