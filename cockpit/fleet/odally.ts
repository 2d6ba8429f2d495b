/*
 * Asking the agent's program on a box, by its launcher, over ssh.
 *
 * It answers with one JSON value; its errors are our own codes and pass through as they are. Secrets go by
 * its stdin, never by its words, which anybody on the box can read.
 * Errors: those of the agent, INSTALL_FAILED, SSH_*.
 */
import { AppError, isErrorCode } from '../../protocol/errors.ts';
import type { BoxWay } from './deliver.ts';
import { remoteCommandMsMax } from './limits.ts';
import { quoteLine } from './shell.ts';

/** An agent's program on a box. */
export interface OdallyPlace {
  readonly way: BoxWay;
  /** `$ODALLY_HOME` there, absolute. */
  readonly home: string;
}

/** The command for its login shell, whose own `$ODALLY_HOME` may be that of another agent. */
export function planOdallyCommand(home: string, words: string): string {
  return quoteLine(`ODALLY_HOME="${home}"; export ODALLY_HOME; exec "${home}/bin/odally" ${words}`);
}

/** Runs `odally WORDS` there; resolves with what it answers. The words are ours, never a person's. */
export async function askOdally(
  { way, home }: OdallyPlace,
  words: string,
  stdin?: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { ssh, place, signal } = way;
  const command = planOdallyCommand(home, words);
  const { code, stdout, stderr } = await ssh.run(place, command, {
    timeoutMs: remoteCommandMsMax,
    ...(stdin === undefined ? {} : { stdin }),
    ...(signal === undefined ? {} : { signal }),
  });
  const answer = readAnswer(stdout);
  const { error } = answer as { error?: { code?: unknown; message?: unknown } };
  if (typeof error?.code === 'string' && isErrorCode(error.code)) {
    throw new AppError(error.code, `On the box: ${String(error.message)}`);
  }
  // A change of version that came to nothing is a status of 1, and all that is asked for.
  if (code === 0 || (code === 1 && 'phase' in answer)) return answer;
  const said = stderr.trim().split('\n').slice(-3).join(' ').slice(0, 300);
  throw new AppError('INSTALL_FAILED', `\`odally ${words}\` ended with ${code} there: ${said}`);
}

/** How its last change of version stands; one that nobody sees to any more is taken up again by it. */
export function askUpgrade(place: OdallyPlace): Promise<Readonly<Record<string, unknown>>> {
  return askOdally(place, 'upgrade --json');
}

/** The last line: what a login shell says by itself comes before. */
function readAnswer(stdout: string): Readonly<Record<string, unknown>> {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    const value: unknown = JSON.parse(last);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
