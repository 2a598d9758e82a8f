import { describe, expect, it } from 'vitest'
import { releaseJson, releaseLines } from '#cli/release-text.ts'
import { ReleaseTally } from '#quarantine/release-tally.ts'
import { bodyOf, setAside } from '../quarantine/set-aside.ts'

const TOPIC = 'acme.live.quarantine'

function tallyOf(moved: number, stayed: number, unmarked = 0): ReleaseTally {
  const tally = new ReleaseTally()
  for (let n = 0; n < moved; n += 1) tally.move('tnt_1', 'live', 'card')
  const event = setAside('malformed', '{')
  for (let n = 0; n < stayed; n += 1) tally.stay(event, 'malformed', 'not JSON')
  tally.unmarked = unmarked
  return tally
}

function text(tally: ReleaseTally, changes: { dryRun?: boolean; end?: string } = {}): string {
  const shown = { topic: TOPIC, waiting: 5, tally, dryRun: true, end: 'done', ...changes }
  return releaseLines(shown).join('\n')
}

describe('a release in words', () => {
  it('says that a dry run changed nothing, and how to do it', () => {
    expect(text(tallyOf(3, 2))).toMatch(/would be released[\s\S]*not JSON[\s\S]*add --yes\.$/)
  })

  it('does not offer what would come to nothing', () => {
    expect(text(tallyOf(0, 5))).toMatch(/nothing could be released now\.$/)
  })

  it('tells what was done, and that it did not come to its end', () => {
    expect(text(tallyOf(3, 1), { dryRun: false, end: 'stopped' })).toMatch(
      /Released 3 events; 1 stay set aside \(not to the end\)\.$/,
    )
  })

  it('tells what will be written once more', () => {
    expect(text(tallyOf(3, 0, 2), { dryRun: false })).toContain('2 of them could not be marked')
  })

  it('is one line when nothing waits', () => {
    const shown = { topic: TOPIC, waiting: 0, tally: tallyOf(0, 0), dryRun: false, end: 'done' }
    expect(releaseLines(shown)).toEqual([`${TOPIC}: no such event waits`])
  })

  it('is all of it in JSON', () => {
    const event = setAside('malformed', bodyOf().slice(1))
    const tally = tallyOf(1, 1)
    const shown = { topic: TOPIC, waiting: 2, tally, dryRun: false, end: 'done' }
    expect(JSON.parse(releaseJson(shown))).toEqual({
      topic: TOPIC,
      dry_run: false,
      end: 'done',
      waiting: 2,
      released: 1,
      stayed: 1,
      unmarked: 0,
      released_to: [{ tenant: 'tnt_1', mode: 'live', domain: 'card', events: 1 }],
      stayed_because: [
        { reason: 'malformed', detail: 'not JSON', events: 1, example: `${event.partition}/7` },
      ],
    })
  })
})
