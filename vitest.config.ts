import { defineConfig } from 'vitest/config'

const minute = 60_000

export default defineConfig({
  test: {
    reporters: ['default', 'json'],
    outputFile: { json: 'coverage/report.json' },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          globalSetup: ['test/fixtures/kubernetes-tools.ts'],
          // Properties run hundreds of cases, also on a machine with other things to do.
          testTimeout: minute,
          hookTimeout: minute,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/stack.ts'],
          testTimeout: 2 * minute,
          hookTimeout: 3 * minute,
          // Most of them wait for something to be noticed as gone, or to come back.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 5 * minute,
          hookTimeout: 5 * minute,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Minutes of faults: run by `npm run test:chaos`, not by `npm test`.
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          testTimeout: 15 * minute,
          hookTimeout: 5 * minute,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
