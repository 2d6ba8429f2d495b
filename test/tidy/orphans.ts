/*
 * Product files that no program needs.
 *
 * A file must be reached from one of the entries, or from what drives the product without
 * being a test of one file: the simulator, the conformance suites and what they run on, the
 * end-to-end kit, the benchmarks. A file that only its own test imports is dead, however well tested.
 */
import type { Finding, Source } from './source.ts';

const entries = new Set([
  'cockpit/wally.ts',
  'agent/odally.ts',
  'agent/odally-terminal.ts',
  'agent/odally-guard.ts',
  'agent/odally-supervisor.ts',
]);
const drivers =
  /^test\/((sim|conformance|kit|bench|e2e|wire)\/|protocol\/transports\/memory\.test)/;
const product = /^(protocol|store|agent|cockpit)\//;

/** Product files that can't be reached. */
export function findOrphans(sources: readonly Source[]): readonly Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const waiting = sources
    .map((source) => source.path)
    .filter((path) => entries.has(path) || drivers.test(path));
  // Each path enters once, so this ends after as many turns as there are files.
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const use of byPath.get(path)?.imports ?? []) {
      if (use.target !== undefined && byPath.has(use.target)) waiting.push(use.target);
    }
  }
  return sources
    .filter(({ path }) => product.test(path) && !path.endsWith('.d.ts') && !reached.has(path))
    .map(({ path }) => ({
      path,
      line: 1,
      message: 'no program imports this file; use it or delete it',
    }));
}
