/*
 * How the tests run: those of parts at once, then the end-to-end tests at once, then one by one those that measure.
 *
 * End-to-end tests start real programs, and wait more than they work (installs, links that are cut, boxes that are
 * made and let go), so several run at once. No test may lean on its time limit: a limit that is reached is a failure.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

const limits = { testTimeout: 60_000, hookTimeout: 60_000, teardownTimeout: 5_000 };

// Ink paints nothing where CI is set to anything else.
const env = { CI: 'false' };

/**
 * End-to-end tests beside which nothing may run: they measure what a person sees, how long a silence is or how
 * much memory is held, or fill both cores themselves.
 */
const aloneTests = [
  'bench',
  'chaos',
  'cockpit*',
  'daily-loop',
  'guard',
  'hubs-screen',
  'large-output',
  'start',
  'survival',
  'terminal',
].map((name) => `test/e2e/${name}.test.ts`);

/** The other end-to-end tests at once: each starts a few programs, of which one works at a time. */
const wholeWorkers = 4;

/** Test files at once: many wait for processes and timers of their own, so two a core. */
const unitWorkers = 2 * availableParallelism();

const wholePrograms = {
  ...limits,
  env,
  globalSetup: ['.config/fresh-build.ts'],
  pool: 'forks' as const,
};

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
          maxWorkers: unitWorkers,
          // Not 0, the default: vitest would put a project of one worker last of all.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...wholePrograms,
          name: 'e2e',
          include: ['test/e2e/**/*.test.{ts,tsx}'],
          exclude: aloneTests,
          maxWorkers: wholeWorkers,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          ...wholePrograms,
          name: 'alone',
          include: aloneTests,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
