/*
 * The environment that a command gets: an allow-list, never the agent's own.
 *
 * The agent's environment may hold keys, sockets and homes; only what a command needs to find its
 * tools and speak its language passes. The work's own marks come last, so that no spec can hide
 * from the reaper by replacing them.
 */
import type { AttemptId } from '../../protocol/model.ts';
import { matchesName } from '../policy/command-rules.ts';
import type { BoxUser } from '../policy/isolation.ts';
import type { ShellOrder, WorkOrder } from './work.ts';

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The name of the variable by which the processes of an attempt are found again. */
export const markVariable = 'WALLY_MARK';

/** Where commands are looked for when the agent itself was started without PATH. Source: execvp(3). */
export const pathDefault = '/usr/local/bin:/usr/bin:/bin';

/** What the policy changes of it. */
export interface EnvironmentTerms {
  /** Whom work runs as, where that is not the agent's user. */
  readonly user: BoxUser | undefined;
  /** Patterns of names that pass besides the usual. */
  readonly passed: readonly string[];
}

interface EnvironmentParts {
  readonly base: Environment;
  readonly terms: EnvironmentTerms;
  readonly order: WorkOrder;
  /** Absolute path of the attempt's own directory. */
  readonly temporary: string;
}

interface TerminalEnvironmentParts {
  readonly base: Environment;
  readonly terms: EnvironmentTerms;
  readonly order: Pick<ShellOrder, 'attempt' | 'mark' | 'term'>;
  /** Absolute path of the shell. */
  readonly shell: string;
}

/** The whole environment of a person's shell: what commands get, for a terminal of theirs. */
export function buildTerminalEnvironment(parts: TerminalEnvironmentParts): Record<string, string> {
  const { attempt, mark, term } = parts.order;
  return {
    PATH: pathDefault,
    LANG: 'C.UTF-8',
    ...pickFor(parts.base, parts.terms),
    SHELL: parts.shell,
    TERM: /^[\w.+-]{1,64}$/.test(term) ? term : 'xterm-256color',
    COLORTERM: 'truecolor',
    ...(attempt === undefined ? {} : nameAttempt(attempt)),
    [markVariable]: mark,
  };
}

/** What a tool gets that the agent itself runs. */
export function buildToolEnvironment(base: Environment): Record<string, string> {
  return { PATH: pathDefault, ...pickAllowed(base) };
}

/** The whole environment of one attempt. */
export function buildEnvironment(parts: EnvironmentParts): Record<string, string> {
  const { order } = parts;
  const own = Object.entries(order.spec.env);
  const isPlain = own.some(([name]) => name === 'NO_COLOR');
  return {
    PATH: pathDefault,
    ...pickFor(parts.base, parts.terms),
    TERM: 'xterm-256color',
    // A spec that asks for no colour must not meet a variable that forces it.
    ...(isPlain ? {} : colourForced),
    TMPDIR: parts.temporary,
    ...order.spec.env,
    ...nameAttempt(order.attempt),
    [markVariable]: order.mark,
  };
}

/** Logs keep the command's own colours although a pipe is no terminal. Source: force-color.org, bixense.com/clicolors. */
const colourForced = { COLORTERM: 'truecolor', FORCE_COLOR: '1', CLICOLOR_FORCE: '1' };

function nameAttempt(attempt: AttemptId): Record<string, string> {
  return { WALLY_JOB: attempt.slice(0, attempt.lastIndexOf('.')), WALLY_ATTEMPT: attempt };
}

/** What of the agent's environment work gets; a user's own home and name where it is another's. */
function pickFor(base: Environment, { user, passed }: EnvironmentTerms): Record<string, string> {
  const more = Object.entries(base).flatMap(([name, value]) =>
    value !== undefined && passed.some((pattern) => matchesName(pattern, name))
      ? [[name, value] as const]
      : [],
  );
  const own =
    user === undefined
      ? {}
      : { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
  return { ...pickAllowed(base), ...Object.fromEntries(more), ...own };
}

const allowed = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ']);

function pickAllowed(base: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && (allowed.has(name) || name.startsWith('LC_'))) kept[name] = value;
  }
  return kept;
}
