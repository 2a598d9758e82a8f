import { defineConfig } from 'vitest/config'

const minute = 60_000

/** kafkajs sets timers with negative times, which Node 24 remarks on in every process. */
const execArgv = ['--disable-warning=TimeoutNegativeWarning']

export default defineConfig({
  test: {
    reporters: ['default', 'json'],
    outputFile: { json: 'coverage/report.json' },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/stack.ts'],
          testTimeout: minute,
          hookTimeout: 3 * minute,
          fileParallelism: false,
          execArgv,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 5 * minute,
          hookTimeout: 5 * minute,
          fileParallelism: false,
          execArgv,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
