import { describe, expect, it } from 'vitest'
import type { TopicFacts } from '#cli/doctor/topics.ts'
import { clusterFindings, topicFindings } from '#cli/doctor/topics.ts'
import type { FoundTopic } from '#platform/kafka/topic-plan.ts'
import { declaredTopics } from '#registrar/topic-declarations.ts'

const declared = declaredTopics('qairopay', 3)
const CARD = 'qairopay.live.card'

/** All topics as declared, but for one that is changed or, for null, missing. */
function facts(
  change: Partial<FoundTopic> | null = {},
  changes: Partial<TopicFacts> = {},
): TopicFacts {
  const found = declared.flatMap((topic): FoundTopic[] => {
    if (topic.name !== CARD) return [topic]
    return change === null ? [] : [{ ...topic, ...change }]
  })
  const replicas = found.flatMap(({ name, partitions, replicationFactor }) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic: name,
      partition,
      hasLeader: true,
      copies: replicationFactor,
      inSync: replicationFactor,
    })),
  )
  return { brokers: 3, declared, found, replicas, isLocal: false, ...changes }
}

function withSettings(settings: Readonly<Record<string, string>>): TopicFacts {
  const own = declared.find(({ name }) => name === CARD)?.settings
  return facts({ settings: { ...own, ...settings } })
}

/** The facts with one partition of the card topic otherwise. */
function withPartition(
  change: Partial<TopicFacts['replicas'][number]>,
  base = facts(),
): TopicFacts {
  const replicas = base.replicas.map((each) =>
    each.topic === CARD && each.partition === 7 ? { ...each, ...change } : each,
  )
  return { ...base, replicas }
}

describe('topics', () => {
  it('are in order when all are as declared', () => {
    expect(topicFindings(facts())).toMatchObject([
      { grade: 'ok', words: expect.stringContaining('all 16') },
    ])
  })

  it.each([
    ['a missing one', facts(null), 'fault', /1 topic of 16 missing: qairopay\.live\.card/],
    ['too few partitions', facts({ partitions: 6 }), 'fault', /6 partitions, declared are 12/],
    [
      'a shorter retention',
      withSettings({ 'retention.ms': '604800000' }),
      'fault',
      /retention\.ms=604800000/,
    ],
    [
      'a compacted log of events',
      withSettings({ 'cleanup.policy': 'compact' }),
      'fault',
      /cleanup\.policy=compact/,
    ],
    [
      'smaller messages',
      withSettings({ 'max.message.bytes': '1048588' }),
      'fault',
      /max\.message\.bytes=1048588/,
    ],
    [
      'fewer copies in step',
      withSettings({ 'min.insync.replicas': '1' }),
      'warning',
      /min\.insync\.replicas=1/,
    ],
    ['fewer copies', facts({ replicationFactor: 2 }), 'warning', /replication\.factor=2/],
  ])('are not with %s', (_, given, grade, says) => {
    expect(topicFindings(given)).toMatchObject([{ grade, words: expect.stringMatching(says) }])
  })

  it.each([
    ['a longer retention', { 'retention.ms': '5184000000' }],
    ['no end of retention', { 'retention.ms': '-1' }],
    ['larger messages', { 'max.message.bytes': '8388608' }],
    ['more copies in step', { 'min.insync.replicas': '3' }],
  ])('may have %s', (_, settings) => {
    expect(topicFindings(withSettings(settings))).toMatchObject([{ grade: 'ok' }])
  })
})

describe('the cluster', () => {
  it('is in order when every copy is in step', () => {
    const [finding, ...more] = clusterFindings(facts())
    expect([finding?.grade, finding?.words, more]).toEqual([
      'ok',
      '3 brokers; copies: 3 of each partition, all in step',
      [],
    ])
  })

  it.each([
    [
      'a partition without a leader',
      { hasLeader: false, inSync: 0 },
      'fault',
      /no leader: qairopay\.live\.card\/7/,
    ],
    ['too few copies in step to write', { inSync: 1 }, 'fault', /fewer copies in step.*card\/7/],
    ['a copy that lags', { inSync: 2 }, 'warning', /not in step.*card\/7/],
  ])('is not with %s', (_, change, grade, says) => {
    expect(clusterFindings(withPartition(change))).toMatchObject([
      { grade, words: expect.stringMatching(says) },
    ])
  })

  it('is brittle when every copy must be in step', () => {
    const given = withSettings({ 'min.insync.replicas': '3' })
    expect(clusterFindings(given)).toMatchObject([
      { grade: 'warning', remedy: expect.stringMatching(/one broker that restarts/) },
    ])
  })

  it('loses events with a disk when there is one copy, but on a local stack', () => {
    const single = facts({ replicationFactor: 1, settings: { 'min.insync.replicas': '1' } })
    expect(clusterFindings(single)).toMatchObject([
      { grade: 'warning', words: expect.stringMatching(/1 topic with a single copy/) },
    ])
    expect(clusterFindings({ ...single, isLocal: true })).toMatchObject([{ grade: 'ok' }])
  })
})
