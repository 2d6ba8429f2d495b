/*
 * How work is kept apart on this box: what the policy asks, against what the box can hold.
 *
 * Another user keeps work from the agent's key; a systemd scope holds memory, CPU and number of tasks for
 * the whole tree; without one, memory and processes are watched and the worst is kept off by limits of
 * each process. What is asked for by name and cannot be had refuses work; a limit that this box cannot
 * hold is said and found by the doctor. Pure.
 */
import { AppError } from '../../protocol/errors.ts';
import type { Policy } from './policy.ts';

/** A user of the box. */
export interface BoxUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** What a box has to isolate with. */
export interface IsolationBox {
  /** The agent's own; -1 where the box has no such thing. */
  readonly uid: number;
  findUser(name: string): BoxUser | undefined;
  /** Whose systemd can be asked for a scope, if any. */
  readonly scopes: 'user' | 'system' | 'none';
  /** Can the processes of a tree be counted and measured? Not without /proc. */
  readonly isWatchable: boolean;
}

/** Limits of one job's tree. */
export interface WorkLimits {
  readonly memoryBytesMax?: number;
  /** 100 is one core. */
  readonly cpuPercentMax?: number;
  readonly processesMax?: number;
}

/** What holds for work that starts now. */
export interface Isolation {
  /** Whom it runs as; the agent's own user where absent. */
  readonly user?: BoxUser;
  readonly scope: 'user' | 'system' | 'none';
  readonly limits: WorkLimits;
  /** Fields of the policy's `limits` that nothing on this box holds. */
  readonly unheld: readonly string[];
}

/** Nothing is asked, nothing is done. */
export const openIsolation: Isolation = { scope: 'none', limits: {}, unheld: [] };

/** What holds, or why work can't be isolated as asked. */
export function planIsolation(policy: Policy, box: IsolationBox): Isolation | AppError {
  const { isolation } = policy;
  const user = isolation.user === undefined ? undefined : findUser(isolation.user, box);
  if (user instanceof AppError) return user;
  const isOther = user !== undefined && user.uid !== box.uid && user.uid !== 0;
  if (isolation.hide_key && !isOther) {
    return refuse('isolation.hide_key: work runs as the agent’s own user; name another as user');
  }
  if (isolation.scope === true && box.scopes === 'none') {
    return refuse('isolation.scope: systemd-run makes no scope here');
  }
  const limits = readLimits(policy);
  const isWanted = isolation.scope ?? Object.keys(limits).length > 0;
  const scope = isWanted ? box.scopes : 'none';
  return {
    ...(isOther ? { user } : {}),
    scope,
    limits,
    unheld: findUnheld(limits, { box, scope }),
  };
}

/** What holds, in lines for people. */
export function describeIsolation(isolation: Isolation | AppError): readonly string[] {
  if (isolation instanceof AppError) return [`no work is taken: ${isolation.message}`];
  const { user, scope, limits, unheld } = isolation;
  const whom = user === undefined ? [] : [`work runs as ${user.name}, who cannot read the key`];
  const { memoryBytesMax, cpuPercentMax, processesMax } = limits;
  const amounts = [
    ...(memoryBytesMax === undefined ? [] : [`${Math.floor(memoryBytesMax / 2 ** 20)} MiB`]),
    ...(cpuPercentMax === undefined ? [] : [`${cpuPercentMax} % of a core`]),
    ...(processesMax === undefined ? [] : [`${processesMax} processes`]),
  ];
  const by = scope === 'none' ? 'watched by the agent' : 'held by a systemd scope';
  return [
    ...whom,
    ...(amounts.length === 0 ? [] : [`a job has ${amounts.join(', ')}, ${by}`]),
    ...(scope !== 'none' && amounts.length === 0 ? ['work runs in a systemd scope'] : []),
    ...unheld.map((field) => `${field} does not hold: it needs a systemd scope`),
  ];
}

function findUser(name: string, box: IsolationBox): BoxUser | AppError {
  const user = box.findUser(name);
  if (user === undefined) return refuse(`isolation.user = "${name}": there is no such user`);
  if (box.uid === 0 || user.uid === box.uid) return user;
  return refuse(`isolation.user = "${name}": only an agent of root can run work as another user`);
}

function readLimits({ limits }: Policy): WorkLimits {
  const { memory_bytes_max: memory, cpu_percent_max: cpu, processes_max: processes } = limits;
  return {
    ...(memory === undefined ? {} : { memoryBytesMax: memory }),
    ...(cpu === undefined ? {} : { cpuPercentMax: cpu }),
    ...(processes === undefined ? {} : { processesMax: processes }),
  };
}

function findUnheld(
  limits: WorkLimits,
  { box, scope }: { readonly box: IsolationBox; readonly scope: Isolation['scope'] },
): readonly string[] {
  if (scope !== 'none') return [];
  const watched = box.isWatchable ? [] : ['memoryBytesMax', 'processesMax'];
  const names = {
    memoryBytesMax: 'limits.memory_bytes_max',
    cpuPercentMax: 'limits.cpu_percent_max',
    processesMax: 'limits.processes_max',
  } as const;
  return (Object.keys(names) as (keyof typeof names)[])
    .filter((field) => limits[field] !== undefined)
    .filter((field) => field === 'cpuPercentMax' || watched.includes(field))
    .map((field) => names[field]);
}

function refuse(rule: string): AppError {
  return new AppError('POLICY_ISOLATION', `policy.toml: ${rule}.`);
}
