import type { KafkaConnection } from '#platform/kafka/connection.ts'
import type { ControlTail } from '#platform/kafka/control-tail.ts'
import { startControlTail } from '#platform/kafka/control-tail.ts'
import { createLogger } from '#platform/log.ts'
import { failure } from './fault.ts'

const LOADED_WITHIN_MS = 10_000

async function loaded(tail: ControlTail): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const isLoaded = await new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LOADED_WITHIN_MS)
    tail.onChange(() => resolve(true))
  })
  clearTimeout(timer)
  if (!isLoaded) throw failure(`the catalogue of versions: ${tail.problem() ?? 'not read'}`)
}

/**
 * Work with the catalogue of versions, kept fresh meanwhile.
 *
 * @param topic `<prefix>.control`
 * @throws CliFault when it cannot be read within 10 s
 */
export async function withCatalogue<Result>(
  connection: KafkaConnection,
  topic: string,
  work: (catalogue: ControlTail) => Promise<Result>,
): Promise<Result> {
  const log = createLogger({ service: 'cli', level: 'silent' })
  const catalogue = startControlTail({ connection, topic, log })
  try {
    await loaded(catalogue)
    return await work(catalogue)
  } finally {
    await catalogue.stop()
  }
}
