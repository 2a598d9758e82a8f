import { describe, expect, it } from 'vitest'
import type { EndpointSource, SourceReading } from '#ingress/endpoint-store.ts'
import { WatchedEndpoints } from '#ingress/endpoint-store.ts'
import { createLogger } from '#platform/log.ts'

const log = createLogger({ service: 'test', level: 'silent' })
const NEVER = 600_000

function watched(read: () => Promise<SourceReading>, paceMs: number) {
  let looks = 0
  const source: EndpointSource = {
    read: () => {
      looks += 1
      return read()
    },
    close: async () => {},
  }
  const store = new WatchedEndpoints({ source, pollMs: NEVER, paceMs, log, onReload: () => {} })
  return { store, looks: () => looks }
}

describe('a refresh of the endpoints', () => {
  it('looks once for all bad signatures within the pace', async () => {
    const { store, looks } = watched(async () => ({ kind: 'unchanged' }), 50)
    await Promise.all(Array.from({ length: 500 }, () => store.refresh()))
    const begun = performance.now()
    for (let time = 0; time < 4; time += 1) {
      await Promise.all(Array.from({ length: 500 }, () => store.refresh()))
    }
    expect(looks()).toBe(5)
    expect(performance.now() - begun).toBeGreaterThan(150)
  })

  it('asks anew when a look was already under way, which may have been too early', async () => {
    const begun: (() => void)[] = []
    const { store, looks } = watched(
      () => new Promise((resolve) => begun.push(() => resolve({ kind: 'unchanged' }))),
      0,
    )
    const first = store.refresh()
    await Promise.resolve()
    let answered = false
    const second = store.refresh().then(() => {
      answered = true
    })
    begun[0]?.()
    await first
    await Promise.resolve()
    expect(answered).toBe(false)
    begun[1]?.()
    await second
    expect(looks()).toBe(2)
  })

  it('says whether what is held is all there is: not after a fault, until it was mended', async () => {
    const faulty = { kind: 'faulty', problems: ['broken'] } as const
    const unchanged = { kind: 'unchanged' } as const
    const read = { kind: 'read', endpoints: new Map() } as const
    const readings: SourceReading[] = [
      ...[faulty, unchanged, read, unchanged, { kind: 'unsettled' } as const, unchanged],
      ...[faulty, unchanged],
    ]
    const { store } = watched(async () => readings.shift() ?? unchanged, 0)
    const said: string[] = []
    while (readings.length > 0) said.push(await store.refresh())
    expect(said).toEqual([
      ...['unknown', 'unknown', 'current', 'current', 'unknown', 'current'],
      ...['unknown', 'unknown'],
    ])
  })

  it('holds nobody for longer than about a second when the source hangs', async () => {
    const { store } = watched(() => new Promise(() => {}), 0)
    const begun = performance.now()
    expect([await store.refresh(), await store.refresh()]).toEqual(['unknown', 'unknown'])
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
