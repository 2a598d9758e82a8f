import { describe, expect, it } from 'vitest'
import type { DeclaredTopic, FoundTopic } from '#platform/kafka/topic-plan.ts'
import { topicPlan } from '#platform/kafka/topic-plan.ts'

const DECLARED: DeclaredTopic = {
  name: 'qairopay.live.card',
  partitions: 12,
  replicationFactor: 3,
  settings: { 'retention.ms': '2592000000' },
}
const FOUND: FoundTopic = { ...DECLARED }

describe('the plan for topics', () => {
  it('creates what is missing', () => {
    expect(topicPlan([DECLARED], []).missing).toEqual([DECLARED])
  })

  it('has nothing to do when all is as declared', () => {
    expect(topicPlan([DECLARED], [FOUND])).toEqual({ missing: [], conflicts: [], differences: [] })
  })

  it('names the topic whose partition count differs, with both counts', () => {
    const { conflicts } = topicPlan([DECLARED], [{ ...FOUND, partitions: 6 }])
    expect(conflicts).toEqual([{ topic: DECLARED.name, declared: 12, found: 6 }])
  })

  it('reports settings and replication that differ', () => {
    const found = { ...FOUND, replicationFactor: 1, settings: { 'retention.ms': '1' } }
    expect(topicPlan([DECLARED], [found]).differences).toEqual([
      { topic: DECLARED.name, setting: 'retention.ms', declared: '2592000000', found: '1' },
      { topic: DECLARED.name, setting: 'replication.factor', declared: '3', found: '1' },
    ])
  })
})
