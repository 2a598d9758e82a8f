import { backlogOf } from '#consumers/runtime/status.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { LogStretch, StretchRecord } from '#platform/kafka/log-stretch.ts'
import { readStretches } from '#platform/kafka/log-stretch.ts'
import { createLogger } from '#platform/log.ts'
import type { BacklogSample, GroupFacts } from './group-status.ts'

/** Records of each partition: what one fetch brings at most. A group has 12 partitions. */
const LOOKED_AT = 50n
const BYTES_AT_ONCE = 131_072
const WITHIN_MS = 8000
const log = createLogger({ service: 'cli', level: 'silent' })

interface Sampling {
  readonly stretches: readonly LogStretch[]
  readonly types: Map<string, number>
  readonly firsts: Map<number, number>
}

function samplingOf({ name, ranges, nextOffsets }: GroupFacts): Sampling {
  const stretches = backlogOf(ranges ?? [], nextOffsets).map(({ partition, from, to }) => ({
    topic: name.topic,
    partition,
    from,
    to: to - from > LOOKED_AT ? from + LOOKED_AT : to,
  }))
  return { stretches, types: new Map(), firsts: new Map() }
}

function note({ types, firsts }: Sampling, partition: number, records: readonly StretchRecord[]) {
  for (const { headers, timestampMs } of records) {
    const { ce_type: type = '(no ce_type)' } = headers
    types.set(type, (types.get(type) ?? 0) + 1)
    if (!firsts.has(partition)) firsts.set(partition, timestampMs)
  }
}

/** The oldest is known only when the first record of every partition was seen. */
function sampleOf({ stretches, types, firsts }: Sampling): BacklogSample {
  const isWhole = stretches.every(({ partition }) => firsts.has(partition))
  const oldestMs = isWhole && firsts.size > 0 ? Math.min(...firsts.values()) : null
  return { types, oldestMs }
}

/**
 * Reads the first records of what each group has not handled yet: all groups of a service at once,
 * no longer than 8 s in all. What could not be read in time is missing from the samples.
 *
 * @returns one for each of the groups, in their order.
 */
export async function readBacklogs(
  connection: KafkaConnection,
  groups: readonly GroupFacts[],
  stopped: AbortSignal,
): Promise<readonly BacklogSample[]> {
  const samplings = groups.map(samplingOf)
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(WITHIN_MS)])
  // Groups of different services may stand at different places of one topic.
  for (const service of new Set(groups.map(({ name }) => name.service))) {
    const own = samplings.filter((_, i) => groups[i]?.name.service === service)
    const byTopic = new Map(own.map((one) => [one.stretches[0]?.topic ?? '', one]))
    await readStretches({
      connection,
      log,
      stretches: own.flatMap(({ stretches }) => stretches),
      bytesAtOnce: BYTES_AT_ONCE,
      signal,
      onRecords: ({ topic, partition }, records) => {
        const sampling = byTopic.get(topic)
        if (sampling !== undefined) note(sampling, partition, records)
      },
    })
  }
  return samplings.map(sampleOf)
}
