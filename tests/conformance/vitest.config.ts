import { defineConfig } from 'vitest/config';

/** `npm run conformance`: apart from the tests, because it looks at whatever runtimes this machine can start, or at a given address. */
export default defineConfig({
  test: {
    include: ['tests/conformance/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    fileParallelism: false,
  },
});
