import { defineConfig } from 'vitest/config';

/**
 * unit: beside the code, real Postgres where rows are involved. integration: whole processes. e2e: a real browser.
 * One worker per core less nothing: the suites share a 2-core machine, and files are the unit of parallelism.
 */
export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.{ts,tsx}', 'apps/*/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/.next/**', '**/dist/**'],
          globalSetup: ['packages/testing/src/global-setup.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts', 'tests/chaos/**/*.test.ts'],
          globalSetup: ['packages/testing/src/global-setup.ts'],
          testTimeout: 480_000,
          hookTimeout: 480_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 480_000,
          hookTimeout: 480_000,
        },
      },
    ],
    setupFiles: ['packages/testing/src/property-sizes.ts'],
    // A wait ends when its condition holds; how long that may take is the machine's affair.
    expect: { poll: { timeout: 180_000 } },
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default'],
  },
});
