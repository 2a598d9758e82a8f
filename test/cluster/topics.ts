import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { withAdmin } from '#platform/kafka/topics.ts'
import { createLogger } from '#platform/log.ts'

const log = createLogger({ service: 'test', level: 'silent' })

export interface Topics {
  /** Of the release alone, sorted. */
  readonly names: readonly string[]
  /** Names, partitions, copies and settings, and how much is in the catalogue: to be compared. */
  readonly text: string
}

/** What there is of topics under the release's prefix. */
export async function topicsOf(connection: KafkaConnection, prefix = 'qairopay'): Promise<Topics> {
  return await withAdmin(connection, log, async (admin) => {
    const all = await admin.listTopics()
    const names = all.filter((name) => name.startsWith(`${prefix}.`)).sort()
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    const shapes = topics
      .map(({ name, partitions }) => {
        const copies = partitions[0]?.replicas.length
        return `${name} ${partitions.length} x ${copies}`
      })
      .sort()
    const catalogue = await admin.fetchTopicOffsets(`${prefix}.control`)
    const ends = catalogue.map(({ high }) => high).join(',')
    return { names, text: `${shapes.join('; ')}; catalogue up to ${ends}` }
  })
}
