import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Line } from '#ingress/tenant-lines.ts'
import { TenantLines, TURN_BYTES } from '#ingress/tenant-lines.ts'

interface Item {
  readonly line: Line<Item>
  readonly name: string
  readonly size: number
}

const ALL = { records: 1_000_000, bytes: Number.POSITIVE_INFINITY }

class Stage {
  readonly lines = new TenantLines<Item>()
  #now = 0

  join(tenant: string, name: string, size = 10): Item {
    this.#now += 1
    return this.lines.join(tenant, (line) => ({ line, name, size }), this.#now)
  }

  take(records: number, bytes = ALL.bytes): string[] {
    const taken = this.lines.take({ records, bytes }, true, this.#now)
    for (const item of taken) this.lines.leave(item.line, item)
    return taken.map(({ name }) => name)
  }
}

function filled(counts: Readonly<Record<string, number>>): Stage {
  const stage = new Stage()
  for (const [tenant, count] of Object.entries(counts)) {
    for (let n = 0; n < count; n += 1) stage.join(tenant, `${tenant}${n}`)
  }
  return stage
}

describe('turns', () => {
  it('go round over the tenants, each of which keeps its order', () => {
    const stage = filled({ a: 4, b: 1, c: 2 })
    expect(stage.take(4)).toEqual(['a0', 'b0', 'c0', 'a1'])
    expect(stage.take(9)).toEqual(['c1', 'a2', 'a3'])
  })

  it('come to a newcomer before the second record of those that are there', () => {
    const stage = filled({ a: 100, b: 100 })
    stage.take(50)
    stage.join('new', 'new0')
    expect(stage.take(3)).toContain('new0')
  })

  it('are what a record waits for, however long the line of another is', () => {
    const counts = fc.dictionary(fc.constantFrom(...'abcdefgh'), fc.integer({ min: 1, max: 60 }))
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 20 }), (given, batch) => {
        const stage = filled(given)
        const tenants = Object.keys(given)
        const taken: string[] = []
        for (let more = stage.take(batch); more.length > 0; more = stage.take(batch)) {
          taken.push(...more)
        }
        for (const tenant of tenants) {
          const own = taken.flatMap((name, at) => (name.startsWith(tenant) ? [at] : []))
          // Its n-th record goes out within n rounds.
          own.forEach((at, n) => {
            expect(at).toBeLessThan((n + 1) * tenants.length)
          })
          expect(own.map((at) => taken[at])).toEqual(own.map((_at, n) => `${tenant}${n}`))
        }
        expect(taken).toHaveLength(Object.values(given).reduce((sum, count) => sum + count, 0))
      }),
    )
  })

  it('cost more with large records, so that bytes are shared as well', () => {
    const stage = new Stage()
    for (let n = 0; n < 50; n += 1) stage.join('large', `L${n}`, 10 * TURN_BYTES)
    for (let n = 0; n < 100; n += 1) stage.join('small', `s${n}`)
    const taken = stage.take(110)
    expect(taken.filter((name) => name.startsWith('L')).length).toBeLessThanOrEqual(11)
    expect(stage.take(1000)).toHaveLength(40)
  })

  it('are not missed by those with large records when nobody else waits', () => {
    const stage = new Stage()
    for (let n = 0; n < 5; n += 1) stage.join('large', `L${n}`, 100 * TURN_BYTES)
    expect(stage.take(5)).toEqual(['L0', 'L1', 'L2', 'L3', 'L4'])
  })
})

describe('a batch', () => {
  it('holds as many bytes as it may, and at least one record', () => {
    const stage = new Stage()
    for (const [name, size] of [
      ['a', 60],
      ['b', 60],
      ['c', 500],
      ['d', 1],
    ] as const) {
      stage.join(name, name, size)
    }
    expect(stage.take(9, 120)).toEqual(['a', 'b'])
    expect(stage.take(9, 120)).toEqual(['c'])
    expect(stage.take(9, 120)).toEqual(['d'])
  })

  it('adds nothing that does not fit to what goes out again', () => {
    const stage = new Stage()
    stage.join('a', 'a', 500)
    expect(stage.lines.take({ records: 5, bytes: 100 }, false, 0)).toEqual([])
    expect(stage.take(5, 100)).toEqual(['a'])
  })
})

describe('a line', () => {
  it('counts what waits and what is in flight, until it has left', () => {
    const { lines } = new Stage()
    const items = ['x', 'y'].map((name) =>
      lines.join('a', (line): Item => ({ line, name, size: 7 }), 0),
    )
    lines.take({ records: 1, bytes: 100 }, true, 0)
    expect(lines.of('a')).toMatchObject({ records: 2, bytes: 14 })
    for (const item of items) lines.leave(item.line, item)
    expect([lines.of('a'), lines.size]).toEqual([undefined, 0])
  })

  it('loses what is dropped and nothing else, and the others keep their turns', () => {
    const stage = filled({ a: 3, b: 1, c: 2 })
    const gone = (name: string) => name === 'a1' || name === 'b0'
    for (const item of stage.lines.waiting()) {
      if (gone(item.name)) stage.lines.leave(item.line, item)
    }
    stage.lines.drop(({ name }) => gone(name))
    expect(stage.lines.size).toBe(2)
    expect(stage.take(9)).toEqual(['a0', 'c0', 'a2', 'c1'])
  })

  it('is kept for nobody who has nothing in it, after any number of tenants', () => {
    const stage = new Stage()
    for (let n = 0; n < 5000; n += 1) {
      stage.join(`tnt_${n}`, String(n))
      if (n % 3 === 0) stage.take(2)
    }
    while (stage.take(7).length > 0);
    expect([stage.lines.size, stage.lines.turnSince()]).toEqual([0, undefined])
  })

  it('hands out long lines whole and in order', () => {
    const stage = filled({ a: 5000 })
    const taken: string[] = []
    for (let more = stage.take(200); more.length > 0; more = stage.take(200)) taken.push(...more)
    expect(taken).toEqual(Array.from({ length: 5000 }, (_, n) => `a${n}`))
  })
})

describe('what waited elsewhere', () => {
  it('counts as its tenant’s without a turn, and comes back before what came after it', () => {
    const stage = filled({ a: 1, b: 1 })
    const elsewhere = ['old0', 'old1'].map((name) =>
      stage.lines.count('a', (line) => ({ line, name, size: 10 })),
    )
    const own = stage.lines.count('c', (line) => ({ line, name: 'c0', size: 10 }))
    expect([stage.lines.of('a')?.records, stage.lines.size]).toEqual([3, 3])
    stage.lines.rejoin((elsewhere[0] as Item).line, elsewhere, 9)
    stage.lines.rejoin(own.line, [own], 9)
    expect(stage.take(9)).toEqual(['old0', 'b0', 'c0', 'old1', 'a0'])
    expect(stage.lines.size).toBe(0)
  })
})

describe('what is removed', () => {
  it('is given back, each tenant’s in its order', () => {
    const stage = filled({ a: 3, b: 2 })
    const removed = stage.lines.drop(({ name }) => name !== 'a1')
    expect(removed.map(({ name }) => name)).toEqual(['a0', 'a2', 'b0', 'b1'])
    expect(stage.take(9)).toEqual(['a1'])
  })
})
