import { describe, expect, it } from 'vitest'
import { HeldPartitions } from '#ingress/held-partitions.ts'

const LIMITS = { records: 200, bytes: 100_000 }

function item(partition: number, name = 'first', size = 100) {
  const record = { topic: 't', partition, key: 'tnt_1', value: null, headers: {} }
  return { record, name, size }
}

function held(partitions: number) {
  const held = new HeldPartitions<ReturnType<typeof item>>(100)
  const places = Array.from({ length: partitions }, (_, n) => `t/${n}`)
  held.hold(places, 0)
  for (let n = 0; n < partitions; n += 1) held.add(item(n))
  return held
}

describe('partitions that failed', () => {
  it('are found out within three levels of trials, although there are 168', () => {
    const all = held(168)
    const tries = new Map<string, number>()
    for (let probe = all.take(LIMITS, 0); probe !== null; probe = all.take(LIMITS, 0)) {
      for (const place of probe.places) tries.set(place, (tries.get(place) ?? 0) + 1)
      if (probe.places.includes('t/77')) all.failed(probe.places, probe.failures, 0)
      else for (const place of probe.places) all.release(place)
    }
    expect(Math.max(...tries.values())).toBeLessThanOrEqual(3)
    expect([all.has('t/77'), all.has('t/76'), all.dueAt()]).toEqual([true, false, 100])
  })

  it('wait longer each time when they fail alone, a second at most', () => {
    const one = held(1)
    const waits: number[] = []
    for (let now = 0; waits.length < 6; ) {
      const dueAt = one.dueAt() ?? Number.NaN
      waits.push(dueAt - now)
      now = dueAt
      expect(one.take(LIMITS, now - 1)).toBeNull()
      const probe = one.take(LIMITS, now)
      one.failed(['t/0'], probe?.failures ?? 0, now)
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('go to trial with their first record each, as many as a batch holds', () => {
    const three = new HeldPartitions<ReturnType<typeof item>>(100)
    three.hold(['t/0', 't/1', 't/2', 't/3', 't/4', 't/5', 't/6', 't/7', 't/8'], 0)
    three.add(item(0, 'a', 80_000))
    three.add(item(0, 'b'))
    three.add(item(1, 'c', 80_000))
    expect(three.take(LIMITS, 0)?.items.map(({ name }) => name)).toEqual(['a'])
    expect(three.take(LIMITS, 0)?.items.map(({ name }) => name)).toEqual(['c'])
    expect([three.take(LIMITS, 0), three.dueAt()]).toEqual([null, null])
    expect(three.release('t/0').map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('go whole after the first silence, then in rounds of at most eight calls', () => {
    const many = held(40)
    for (let probe = many.take(LIMITS, 0); probe !== null; probe = many.take(LIMITS, 0)) {
      many.waited(probe.places, probe.silences, 0)
    }
    const sizes: number[] = []
    for (let now = 100; now <= 300; now += 100) {
      for (let probe = many.take(LIMITS, now); probe !== null; probe = many.take(LIMITS, now)) {
        sizes.push(probe.items.length)
        if (probe.places.includes('t/17') || probe.places.includes('t/39')) {
          many.waited(probe.places, probe.silences, now)
        } else for (const place of probe.places) many.release(place)
      }
    }
    expect(sizes).toEqual([40, 5, 5, 5, 5, 5, 5, 5, 5, 2, 2, 2, 2, 2])
  })

  it('have their turns beside others that meet with silence', () => {
    const both = new HeldPartitions<ReturnType<typeof item>>(100)
    both.hold(['t/0'], 0)
    both.hold(['t/1', 't/2', 't/3'], 0, true)
    for (let n = 0; n < 4; n += 1) both.add(item(n))
    const order: string[] = []
    for (let now = 100; order.length < 6; now += 3000) {
      const probe = both.take(LIMITS, now)
      order.push(probe?.places.join() ?? '')
      if (probe?.silences === 0) both.failed(probe.places, probe.failures, now)
      else both.waited(probe?.places ?? [], probe?.silences ?? 0, now)
    }
    expect(order).toEqual(['t/1,t/2,t/3', 't/0', 't/1', 't/0', 't/2', 't/0'])
  })
})
