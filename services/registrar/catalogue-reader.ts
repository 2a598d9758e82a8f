import type { KnownEntry } from '#core/catalogue.ts'
import type { ApiVersion } from '#core/ids.ts'
import type { KafkaConnection } from '#platform/kafka/connection.ts'
import { startControlTail } from '#platform/kafka/control-tail.ts'
import type { Logger } from '#platform/log.ts'

/** The catalogue as the control topic has it now, or null when it cannot be read in time. */
export async function readCatalogue(
  connection: KafkaConnection,
  topic: string,
  log: Logger,
  withinMs: number,
): Promise<ReadonlyMap<ApiVersion, KnownEntry> | null> {
  const tail = startControlTail({ connection, topic, log })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), withinMs)
      tail.onChange(() => resolve(tail.entries()))
    })
  } finally {
    clearTimeout(timer)
    await tail.stop()
  }
}
