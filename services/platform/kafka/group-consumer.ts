import { errorFields } from '../log.ts'
import { Outage } from '../outage.ts'
import { crashVerdict, namesMissingTopic } from './consumer-crash.ts'
import type { Ending, LifeOptions } from './consumer-life.ts'
import { ConsumerLife } from './consumer-life.ts'

export interface GroupConsumerOptions extends LifeOptions {
  /** The consumer was thrown away and is made anew. */
  readonly onRebuild: (cause: 'crash' | 'silence' | 'unreachable') => void
  /** Waiting will not help; the process should end non-zero. */
  readonly onFatal: (error: unknown) => void
}

export interface GroupConsumer {
  /** For readiness: null while this member is in the group and fetches. */
  problem(): string | null
  /** Lets the batches in hand finish or be given up, then leaves; takes at most 2 s more. */
  stop(): Promise<void>
}

const BACK_OFF_MS = { first: 200, most: 2000 } as const

/**
 * A member of a consumer group that outlives its kafkajs consumer (`client-pitfalls.md`, section
 * 2). While Kafka or the topic is away it waits with back-off. A consumer that crashed or fell
 * silent is replaced, not the process: the process also serves the other mode, and a frozen broker
 * would turn exits into a crash loop. Only what waiting cannot cure reaches `onFatal`.
 *
 * Returns at once; the work goes on in the background.
 */
export function startGroupConsumer(options: GroupConsumerOptions): GroupConsumer {
  const { log, topic, groupId } = options
  let generations = 0
  let fruitless = 0
  let stopping = false
  let problem = 'has not joined its group yet'
  let life: ConsumerLife | null = null
  let wake: () => void = () => undefined
  const outage = new Outage({ log, away: 'consumer.rebuild', back: 'consumer.back' })

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const settle = (ended: ConsumerLife, ending: Exclude<Ending, { kind: 'stopped' }>) => {
    fruitless = ended.fetched ? 1 : fruitless + 1
    const error = ending.kind === 'crash' ? ending.error : null
    const missing = namesMissingTopic(error)
    problem = missing ? `topic ${topic} does not exist yet` : 'Kafka does not answer'
    const cause = ending.kind === 'silence' ? 'silence' : ended.joined ? 'crash' : 'unreachable'
    options.onRebuild(cause)
    const fields = { group: groupId, topic, cause, topic_missing: missing }
    outage.away({ ...fields, ...(error === null ? {} : errorFields(error)) })
    if (error === null || crashVerdict(error, fruitless) === 'rebuild') return
    stopping = true
    options.onFatal(error)
  }

  const live = async () => {
    while (!stopping) {
      const onFetching = () => outage.back({ group: groupId, topic })
      const current = new ConsumerLife({ ...options, onFetching }, () => {
        generations += 1
        return generations
      })
      life = current
      void current.open()
      const ending = await current.ended
      await current.close()
      if (ending.kind === 'stopped') return
      settle(current, ending)
      const wait = Math.min(BACK_OFF_MS.first * 2 ** Math.min(fruitless - 1, 10), BACK_OFF_MS.most)
      if (!stopping) await pause(wait * (0.5 + Math.random() / 2))
    }
  }
  const living = live()

  return {
    problem: () => (life?.healthy() === true ? null : problem),
    stop: async () => {
      stopping = true
      wake()
      await life?.drain()
      await living
    },
  }
}
