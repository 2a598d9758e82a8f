import { processEnvironment } from '#platform/config/environment.ts'
import { settingsOrExit } from '#platform/config/settings-or-exit.ts'
import { listening } from '#platform/http/listening.ts'
import { listenManagement, managementApp } from '#platform/http/management.ts'
import { createLogger, errorFields } from '#platform/log.ts'
import { LogLevel } from '#platform/log-level.ts'
import { createMetrics } from '#platform/metrics.ts'
import type { Shutdown } from '#platform/shutdown.ts'
import { installShutdown } from '#platform/shutdown.ts'
import { startTracing } from '#platform/traces-settings.ts'
import { startConsumer } from './consumer.ts'
import type { DomainConsumer } from './contract.ts'
import { CONSUMER_SETTINGS } from './settings.ts'

/** Runs a domain's consumer as this process: settings, management port, signals. */
export async function runConsumerService(domain: DomainConsumer): Promise<void> {
  const service = `consumer-${domain.domain}`
  const settings = settingsOrExit(
    service,
    CONSUMER_SETTINGS,
    processEnvironment(),
    process.argv.slice(2),
  )
  const log = createLogger({ service, level: settings.logLevel })
  const metrics = createMetrics(service)
  const tracing = await startTracing(settings, service, log)
  let shutdown: Shutdown | null = null
  const consumer = startConsumer({
    domain,
    settings,
    log,
    metrics,
    tracing,
    onFatal: (error) => {
      log.fatal({ event: 'consumer.fatal', ...errorFields(error) })
      void shutdown?.('consumer_fatal', 1)
    },
  })
  const { checks } = consumer
  const management = managementApp({
    metrics,
    checks,
    stalled: () => consumer.stalled(),
    logLevel: new LogLevel(log),
  })
  shutdown = installShutdown({
    log,
    deadlineMs: settings.shutdownDeadlineMs,
    steps: [
      { name: 'consumer', run: () => consumer.stop() },
      { name: 'traces', run: async () => await tracing?.stop() },
      { name: 'management', run: async () => await management.close() },
    ],
  })
  const { managementHost, managementPort } = settings
  const address = await listening(
    'MANAGEMENT_HOST, MANAGEMENT_PORT',
    () => listenManagement(management, managementHost, managementPort),
    { log, shutdown },
  )
  log.info({ event: 'service.started', management: address, modes: settings.modes })
}
