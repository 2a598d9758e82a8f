import { expect, it } from 'vitest'
import { apiVersion } from '#core/ids.ts'
import { registrationLine } from '#local/registration.ts'

const version = apiVersion('2026-05-19') ?? ('' as never)
const done = {
  kind: 'done',
  changes: [],
  topics: [],
  differences: [],
  subjects: [],
  states: new Map([[version, 'active']]),
} as const

it('says in one line that nothing changed, or how much did', () => {
  expect(registrationLine(done)).toMatch(/nothing changed.*2026-05-19 active/)
  const changes = [{ kind: 'topic_created', topic: 'a' }] as const
  expect(registrationLine({ ...done, changes })).toContain('1 changes')
})

it('makes one sentence of a registration that failed', () => {
  const failed = { kind: 'failed', step: 'topics', reason: 'Kafka refuses' } as const
  expect(() => registrationLine(failed)).toThrow('The registration failed: topics: Kafka refuses.')
})
