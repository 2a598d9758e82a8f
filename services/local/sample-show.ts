import { CONSUMER_SETTINGS } from '#consumers/runtime/settings.ts'
import type { Environment } from '#platform/config/environment.ts'
import { createLogger } from '#platform/log.ts'
import { openDatabase } from '#platform/postgres/database.ts'
import { ConsumerEffects } from './consumer-effects.ts'
import { sampleRun } from './sample-run.ts'
import { sampleHead, sampleLine, sampleSummary } from './sample-table.ts'
import type { RunningStack } from './stack.ts'

export interface SampleShowOptions {
  readonly stack: RunningStack
  readonly environment: Environment
  readonly logs: string
  readonly line: (text: string) => void
  readonly stopped: AbortSignal
}

/** Until a consumer has an event it may have to settle with others first; then it takes moments. */
const EFFECT_WITHIN_MS = 15_000
const STATEMENT_MS = 5000

/** Sends a sample of everything and prints a line for each as its effect is seen. */
export async function sampleShow(options: SampleShowOptions): Promise<void> {
  const { stack, environment, logs, line, stopped } = options
  const database = openDatabase({
    url: stack.run.database,
    applicationName: 'event-router-local',
    poolSize: 1,
    statementTimeoutMs: STATEMENT_MS,
    log: createLogger({ service: 'local', level: 'silent' }),
  })
  const service = environment.CONSUMER_SERVICE || CONSUMER_SETTINGS.service.fallback
  const effects = new ConsumerEffects(database, String(service))
  line('')
  line(sampleHead())
  try {
    const rows = await sampleRun({
      ingressUrl: stack.run.ingress,
      endpoints: stack.endpoints,
      effectOf: (id) => effects.of(id, EFFECT_WITHIN_MS),
      onRow: (row) => line(sampleLine(row)),
      stopped,
    })
    line('')
    line(sampleSummary(rows, logs))
  } finally {
    await database.end()
  }
}
