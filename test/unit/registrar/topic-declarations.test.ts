import { describe, expect, it } from 'vitest'
import { declaredTopics, defaultReplication } from '#registrar/topic-declarations.ts'

describe('the declared topics', () => {
  const topics = declaredTopics('qairopay', 3)

  it('are six domains and a quarantine in each mode, control, and usage of secrets', () => {
    expect(topics).toHaveLength(16)
    expect(new Set(topics.map(({ name }) => name)).size).toBe(16)
  })

  it('keep events for thirty days on twelve partitions', () => {
    expect(topics.find(({ name }) => name === 'qairopay.live.card')).toEqual({
      name: 'qairopay.live.card',
      partitions: 12,
      replicationFactor: 3,
      settings: {
        'cleanup.policy': 'delete',
        'retention.ms': '2592000000',
        'min.insync.replicas': '2',
        'max.message.bytes': '4194304',
      },
    })
  })

  it('compact the control topic, which has one partition', () => {
    expect(topics.find(({ name }) => name === 'qairopay.control')).toMatchObject({
      partitions: 1,
      settings: { 'cleanup.policy': 'compact' },
    })
  })

  it('compact the usage of secrets and forget what is old, since each process has its own keys', () => {
    expect(topics.find(({ name }) => name === 'qairopay.endpoint-usage')).toMatchObject({
      partitions: 1,
      settings: { 'cleanup.policy': 'compact,delete', 'retention.ms': '7776000000' },
    })
  })

  it('ask for at least one replica in sync', () => {
    const settings = declaredTopics('qairopay', 1).map((topic) => topic.settings)
    expect(new Set(settings.map((each) => each['min.insync.replicas']))).toEqual(new Set(['1']))
  })

  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [9, 3],
  ])('replicate on %i brokers %i times unless told', (brokers, copies) => {
    expect(defaultReplication(brokers)).toBe(copies)
  })
})
