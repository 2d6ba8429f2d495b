/*
 * How the tests run: everything at once but the end-to-end tests, which come after, one by one.
 *
 * End-to-end tests start real programs and measure what a person sees, so nothing may run beside
 * them. Both projects have the same time limits; no test may lean on them: a limit that is reached
 * is a failure.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

const limits = { testTimeout: 20_000, hookTimeout: 20_000, teardownTimeout: 5_000 };

// Ink paints nothing where CI is set to anything else.
const env = { CI: 'false' };

export default defineConfig({
  root,
  define: { WALLY_VERSION: '"0.0.0-test"' },
  test: {
    projects: [
      {
        extends: true,
        test: {
          ...limits,
          env,
          name: 'unit',
          setupFiles: ['.config/property-seed.ts'],
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/e2e/**'],
          // Not threads: a worker thread closes, at its end, descriptors that we handed to pipes,
          // which by then are someone else's, and the whole run aborts.
          pool: 'forks',
          maxWorkers: '100%',
          // Not 0, the default: vitest would put a project of one worker last of all.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...limits,
          env,
          name: 'e2e',
          globalSetup: ['.config/fresh-build.ts'],
          include: ['test/e2e/**/*.test.{ts,tsx}'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
