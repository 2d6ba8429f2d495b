/*
 * When running work has gone over a limit of the policy, and in which words that is told.
 *
 * It measures nothing and ends nothing; the reason names the rule, as every refusal does. Pure.
 */
import type { WorkLimits } from '../policy/isolation.ts';
import type { Breach } from './work.ts';

/** What a tree has at one moment. */
export interface TreeUse {
  readonly memoryBytes: number;
  readonly processCount: number;
}

/** The limit that is passed, if one is. */
export function findBreach(limits: WorkLimits, use: TreeUse): Breach | undefined {
  const { memoryBytesMax = Infinity, processesMax = Infinity } = limits;
  if (use.memoryBytes > memoryBytesMax) {
    const had = `it had ${Math.ceil(use.memoryBytes / 2 ** 20)} MiB`;
    return breach(`limits.memory_bytes_max = ${memoryBytesMax}; ${had}`);
  }
  if (use.processCount > processesMax) {
    return breach(`limits.processes_max = ${processesMax}; it had ${use.processCount}`);
  }
  return undefined;
}

/** What a scope tells of its end, where it was a limit of the policy. */
export function readScopeBreach(limits: WorkLimits, result: string): Breach | undefined {
  if (result !== 'oom-kill' || limits.memoryBytesMax === undefined) return undefined;
  return breach(`limits.memory_bytes_max = ${limits.memoryBytesMax}; its scope ran out of memory`);
}

function breach(rule: string): Breach {
  return { code: 'POLICY_LIMIT', reason: `It was ended by policy.toml: ${rule}.` };
}
