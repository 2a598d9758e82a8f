import { describe, expect, it } from 'vitest'
import type { QuarantineEntry } from '#quarantine/entry.ts'
import type { EntryState, Inventory } from '#quarantine/inventory.ts'
import { readChosen, takeInventory } from '#quarantine/inventory.ts'
import type { QuarantineLog } from '#quarantine/quarantine-log.ts'
import { bodyOf, setAside, TOPIC } from './set-aside.ts'

const stopped = new AbortController().signal
const onProgress = () => {}

/** Offsets 0 to 5 are events, then markers of 1 and 4, then an event and what is neither. */
const ENTRIES: readonly QuarantineEntry[] = [
  ...[0n, 1n, 2n, 3n, 4n, 5n].map((offset) => setAside('malformed', bodyOf(), { offset })),
  { kind: 'marker', of: 1n, to: 'a/0/1' },
  { kind: 'marker', of: 4n, to: 'a/0/2' },
  setAside('unknown_version', bodyOf(), { offset: 8n }),
  { kind: 'foreign' },
]

interface Asked {
  readonly from: bigint
  readonly to: bigint
}

function logOf(asked: Asked[] = []): QuarantineLog {
  return {
    topic: TOPIC,
    read: async (stretches, _stopped, onEntries) => {
      for (const { partition, from, to } of stretches) {
        asked.push({ from, to })
        const placed = ENTRIES.map((entry, i) => ({ offset: BigInt(i), entry }))
        const within = placed.filter(({ offset }) => offset >= from && offset < to)
        await onEntries(partition, within)
      }
      return { kind: 'read' }
    },
  }
}

async function inventory(from = 0n, to = 10n, reason?: string): Promise<Inventory> {
  const extents = [{ partition: 0, from, to, high: 10n }]
  const reading = { log: logOf(), extents, filter: { reason }, stopped, onProgress }
  return (await takeInventory(reading)).inventory
}

async function chosen(
  taken: Inventory,
  state: EntryState,
  more: object = {},
  onEvents: () => void = () => {},
) {
  const asked: Asked[] = []
  const offsets: bigint[] = []
  const choice = { log: logOf(asked), inventory: taken, state, stopped, onProgress, ...more }
  await readChosen(choice, (events) => {
    offsets.push(...events.map(({ offset }) => offset))
    onEvents()
  })
  return { asked, offsets }
}

describe('an inventory', () => {
  it('tells what waits from what was released', async () => {
    expect((await inventory()).counts).toEqual({ waiting: 5, released: 2, all: 7 })
  })

  it('looks for markers beyond the time that was asked for', async () => {
    expect((await inventory(0n, 3n)).counts).toEqual({ waiting: 2, released: 1, all: 3 })
  })

  it('counts only what is meant', async () => {
    expect((await inventory(0n, 10n, 'unknown_version')).counts.all).toBe(1)
  })
})

describe('reading what was chosen', () => {
  it('reads from the first to the last of them, and hands over no other', async () => {
    const { asked, offsets } = await chosen(await inventory(), 'released')
    expect(offsets).toEqual([1n, 4n])
    expect(asked).toEqual([{ from: 1n, to: 5n }])
  })

  it('reads only the newest when more are not wanted', async () => {
    const { asked, offsets } = await chosen(await inventory(), 'waiting', { newest: 2 })
    expect(offsets).toEqual([5n, 8n])
    expect(asked).toEqual([{ from: 5n, to: 9n }])
  })

  it('goes on to the end when markers are wanted, which come after their events', async () => {
    const heard: string[] = []
    const onMarker = (partition: number, of: bigint, to: string) =>
      void heard.push(`marker ${partition}/${of} ${to}`)
    const onEvents = () => void heard.push('events')
    const { asked } = await chosen(await inventory(), 'all', { onMarker }, onEvents)
    expect(asked).toEqual([{ from: 0n, to: 10n }])
    expect(heard).toEqual(['events', 'marker 0/1 a/0/1', 'marker 0/4 a/0/2'])
  })

  it('reads nothing when nothing is chosen', async () => {
    const { asked } = await chosen(await inventory(0n, 1n), 'released')
    expect(asked).toEqual([])
  })
})
