/*
 * System calls of a process made to fail, or to end it, by strace: the cheapest way to a crash point.
 *
 * The process gets one thread for files, because strace counts calls by thread. Where strace cannot
 * trace, the reason is given, so that nobody takes what was left out for passed.
 */
import { spawnSync } from 'node:child_process';

/** What happens to a call: `when` is strace's own (`3`, `3+`, `2..5`). */
export interface Injection {
  readonly calls: string;
  readonly fault: `error=${string}` | `signal=${string}`;
  readonly when: string | number;
}

/** Why there is no strace here; undefined when there is. */
export function whyNoStrace(): string | undefined {
  const inject = ['-e', 'inject=fsync:error=EIO:when=1'];
  const { error, status, stderr } = spawnSync('strace', ['-qq', '-f', ...inject, 'true']);
  if (error !== undefined) return 'strace is not installed';
  return status === 0 ? undefined : `strace cannot trace: ${String(stderr).trim()}`;
}

/** The command that runs another one so; its own calls are not written anywhere. */
export function withInjection(
  injection: Injection,
  command: readonly string[],
): readonly [string, ...string[]] {
  const { calls, fault, when } = injection;
  const inject = `inject=${calls}:${fault}:when=${when}`;
  return [
    'strace',
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    '-e',
    inject,
    ...command,
  ];
}

/** The environment that makes counting sound. */
export const oneFileThread = { UV_THREADPOOL_SIZE: '1' } as const;

/** A test's title that says why it was left out, if it was. */
export function titleOf(title: string, reason: string | undefined): string {
  return reason === undefined ? title : `${title} (left out: ${reason})`;
}
