/*
 * `wally terminal` on the asker's side: their own terminal is attached, and the shell's end is the status.
 *
 * Errors: TERMINAL_MISSING, USAGE_FLAG with `--json`, USAGE_ARGUMENT, the verb's, HUB_UNREACHABLE.
 */
import { constants } from 'node:os';
import { AppError } from '../../protocol/errors.ts';
import type { HubClient } from '../hub/client.ts';
import type { Program } from '../ports.ts';
import type { Request } from '../verbs/command-line.ts';
import type { TerminalAnswer } from '../verbs/terminal-shapes.ts';
import { attachTerminal } from './attach-terminal.ts';
import { leaveKeyDefault, parseLeaveKey } from './leave-key.ts';

/** Asked before the hub is: a terminal needs one here, and is no JSON. */
export function assertTerminal({ isTerminal }: Program, { isJson }: Request): void {
  if (!isTerminal) throw new AppError('TERMINAL_MISSING', 'A terminal is shown in a terminal.');
  if (isJson) throw new AppError('USAGE_FLAG', 'terminal: it has no JSON.');
}

/** Runs until the shell has ended or is left; resolves with the exit status. */
export async function runTerminal(
  program: Program,
  client: HubClient,
  request: Request,
): Promise<number> {
  const { leave: named, ...target } = request.args;
  const leave = typeof named === 'string' ? parseLeaveKey(named) : leaveKeyDefault;
  const { stdin, stdout, env } = program;
  const term = env.TERM ?? 'xterm-256color';
  const attached = attachTerminal({ client, stdin, stdout, target, term, leave });
  program.onSignal(() => attached.leave());
  const end = await attached.done;
  program.say(end === 'left' ? '[left]' : `[${end.worker}: the shell ended]`);
  return end === 'left' ? 0 : readStatus(end);
}

/** As a shell says it: a signal is 128 and its number. */
function readStatus({ exitCode, signal }: TerminalAnswer): number {
  if (signal === null) return exitCode ?? 1;
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}
