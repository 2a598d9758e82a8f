import { beforeAll, describe, expect, it } from 'vitest'
import { noHelm, notesOfSet } from '../../fixtures/chart.ts'

/** Parts of the notes, and in which sets of values they stand. */
const PARTS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'where a pod says what is wrong',
    'curl -s localhost:9080/readyz',
    ['minimal', 'trial', 'exposed', 'reduced'],
  ],
  ['how to test it', 'helm test blue --namespace payments', ['minimal', 'trial', 'exposed']],
  ['which endpoint the test needs', 'an id that begins with tnt_test_', ['minimal', 'exposed']],
  [
    'that nobody outside reaches it',
    'which nothing outside of the cluster reaches yet',
    ['minimal', 'trial', 'reduced'],
  ],
  ['where it is reached', 'https://hooks.example.com/v1/hooks/whk_', ['exposed']],
  [
    'which Secret holds the endpoints',
    'change the Secret event-router-endpoints.',
    ['minimal', 'exposed', 'reduced'],
  ],
  ['that nobody registers', 'The registrar is turned off.', ['reduced']],
  ['that no alert is set up', 'No alert is set up', ['minimal', 'exposed']],
  ['that it is a trial', 'THIS IS A TRIAL.', ['trial']],
]

describe.runIf(noHelm === null)('the notes after an installation', () => {
  const notes = new Map<string, string>()
  beforeAll(async () => {
    for (const set of ['minimal', 'trial', 'exposed', 'reduced']) {
      notes.set(set, await notesOfSet(set))
    }
  })

  it.each(PARTS)('say %s, where it holds', (_what, words, sets) => {
    const found = [...notes].filter(([, text]) => text.includes(words)).map(([set]) => set)
    expect(found).toEqual(sets)
  })

  it('never show a secret', () => {
    for (const text of notes.values()) expect(text).not.toMatch(/[A-Za-z0-9]{24}/)
  })
})
