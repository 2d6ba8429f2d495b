/*
 * The command line that starts work isolated: a wrapper before the command's own, which ends as it.
 *
 * A scope is made by systemd-run, which puts itself into it and becomes the command: the pid stays, so
 * guard and reaper find the work as ever. Without a scope a shell sets the limits of each process and
 * becomes the command. Pure. Source: systemd-run(1), systemd.resource-control(5), setrlimit(2).
 */
import type { BoxUser, Isolation } from '../policy/isolation.ts';
import type { Environment } from './environment.ts';
import { backstopFactor, backstopThreads } from './limits.ts';

/** What is started, and as whom. */
export interface Launch {
  readonly line: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whom the process is made as; by nobody else where systemd-run does it. */
  readonly user: BoxUser | undefined;
  /** Name of the scope, where there is one. */
  readonly unit: string | undefined;
}

/** What is to be launched. `unit` is a name that no other work has. */
export interface LaunchOrder {
  readonly line: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly isolation: Isolation;
  readonly unit: string;
}

/** Where a user's own systemd is found; what work itself does not get. */
const busNames = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'] as const;

/** Plans it. `base` is the agent's own environment. */
export function planLaunch({ line, env, isolation, unit }: LaunchOrder, base: Environment): Launch {
  const { user, scope } = isolation;
  if (scope !== 'none') {
    const bus = busNames.flatMap((name) => {
      const value = base[name];
      return value === undefined || scope === 'system' ? [] : [[name, value] as const];
    });
    const bare = bus.flatMap(([name]) => ['-u', name]);
    return {
      line: [
        ...scopeWords(isolation, unit),
        ...(bare.length === 0 ? [] : ['env', ...bare]),
        ...line,
      ],
      env: { ...env, ...Object.fromEntries(bus) },
      user: undefined,
      unit,
    };
  }
  const limits = limitWords(isolation);
  const wrapped = limits === '' ? line : ['/bin/sh', '-c', `${limits}exec "$@"`, 'sh', ...line];
  return { line: wrapped, env, user, unit: undefined };
}

function scopeWords({ user, scope, limits }: Isolation, unit: string): readonly string[] {
  const { memoryBytesMax, cpuPercentMax, processesMax } = limits;
  const properties = [
    ...(memoryBytesMax === undefined ? [] : [`MemoryMax=${memoryBytesMax}`, 'MemorySwapMax=0']),
    ...(cpuPercentMax === undefined ? [] : [`CPUQuota=${cpuPercentMax}%`]),
    ...(processesMax === undefined ? [] : [`TasksMax=${processesMax}`]),
  ];
  return [
    'systemd-run',
    ...(scope === 'user' ? ['--user'] : []),
    ...['--scope', '--quiet', `--unit=${unit}`],
    ...(user === undefined ? [] : [`--uid=${user.uid}`, `--gid=${user.gid}`]),
    ...properties.flatMap((property) => ['-p', property]),
    '--',
  ];
}

/**
 * Limits of each process, well above those of the whole tree, which the agent watches: they keep off what is
 * too quick for that. The number is of all threads of the user, so it is only set for one who has no other work.
 */
function limitWords({ user, limits }: Isolation): string {
  const { memoryBytesMax, processesMax } = limits;
  const memory =
    memoryBytesMax === undefined
      ? ''
      : `ulimit -d ${Math.ceil((memoryBytesMax * backstopFactor) / 1024)}; `;
  if (processesMax === undefined || user === undefined) return memory;
  const threads = processesMax * backstopThreads;
  // Shells differ in the letter.
  return `${memory}ulimit -u ${threads} 2>/dev/null || ulimit -p ${threads}; `;
}
