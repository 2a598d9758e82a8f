import { processEnvironment } from '#platform/config/environment.ts'
import { settingsOrExit } from '#platform/config/settings-or-exit.ts'
import { listening } from '#platform/http/listening.ts'
import { listenManagement, managementApp } from '#platform/http/management.ts'
import { createLogger } from '#platform/log.ts'
import { LogLevel } from '#platform/log-level.ts'
import { createMetrics } from '#platform/metrics.ts'
import { installShutdown } from '#platform/shutdown.ts'
import { startTracing } from '#platform/traces-settings.ts'
import { storeProblems } from './endpoint-place.ts'
import { createIngress } from './ingress.ts'
import { INGRESS_SETTINGS } from './settings.ts'

/** Beyond the drain itself: the connections to Kafka, the last traces and the management port. */
const CLOSING_MS = 8000

const service = 'ingress'
const settings = settingsOrExit(
  service,
  INGRESS_SETTINGS,
  processEnvironment(),
  process.argv.slice(2),
  storeProblems,
)
const log = createLogger({ service, level: settings.logLevel })
const metrics = createMetrics(service)
const tracing = await startTracing(settings, service, log)
const ingress = createIngress({ settings, log, metrics, tracing })
const management = managementApp({
  metrics,
  checks: ingress.checks,
  logLevel: new LogLevel(log),
})
const shutdown = installShutdown({
  log,
  deadlineMs: settings.drainDelayMs + settings.drainDeadlineMs + CLOSING_MS,
  steps: [
    { name: 'ingress', run: () => ingress.stop() },
    { name: 'traces', run: async () => await tracing?.stop() },
    { name: 'management', run: async () => await management.close() },
  ],
})
const { managementHost, managementPort } = settings
const end = { log, shutdown }
const managementAddress = await listening(
  'MANAGEMENT_HOST, MANAGEMENT_PORT',
  () => listenManagement(management, managementHost, managementPort),
  end,
)
const address = await listening('INGRESS_HOST, INGRESS_PORT', () => ingress.listen(), end)
log.info({ event: 'service.started', address, management: managementAddress })
