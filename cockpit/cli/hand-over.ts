/*
 * What the screen lends its terminal for: a pager or an editor on a job's log, a shell on a worker's
 * box. Run while the screen is suspended; the screen draws itself again afterwards.
 *
 * A log is read into a file of its own in the hub's home, and removed when it was read. `$PAGER` and
 * `$EDITOR` are split as a shell would, without a shell. Answers in a sentence what went wrong, or
 * nothing. Errors: none; they are the sentence.
 */
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import type { HubClient } from '../hub/client.ts';
import type { Program } from '../ports.ts';
import type { HandOver } from '../tui/state/effects.ts';
import { splitWords } from '../verbs/command-line.ts';
import { describeGap } from '../verbs/log-lack.ts';
import type { LogItem } from '../verbs/shapes.ts';
import { attachTerminal } from './attach-terminal.ts';
import { leaveKeyDefault } from './leave-key.ts';
import { nameOfId } from './local-names.ts';

/** Output that is put before a pager or an editor; of more the end is left out, which is said. */
const openedBytesMax = 256 * 1024 * 1024;

/** Does it, and says what went wrong. */
export async function handOver(
  program: Program,
  client: HubClient,
  what: HandOver,
): Promise<string | undefined> {
  try {
    if (what.for === 'terminal') return await showTerminal(program, client, what);
    return await showLog(program, client, what);
  } catch (thrown) {
    const { code, message, hint } = wrapError(thrown, 'HUB_INTERNAL');
    return `${code}: ${message} ${hint}`;
  }
}

async function showTerminal(
  program: Program,
  client: HubClient,
  { target }: Extract<HandOver, { for: 'terminal' }>,
): Promise<string | undefined> {
  const { stdin, stdout, env } = program;
  const term = env.TERM ?? 'xterm-256color';
  const attached = attachTerminal({
    client,
    stdin,
    stdout,
    target: { target },
    term,
    leave: leaveKeyDefault,
  });
  const end = await attached.done;
  if (end === 'left') return undefined;
  return end.exitCode === 0 ? undefined : `the shell on ${end.worker} ended with ${endText(end)}`;
}

function endText(end: {
  readonly exitCode: number | null;
  readonly signal: string | null;
}): string {
  return end.signal ?? `exit ${end.exitCode ?? '?'}`;
}

async function showLog(
  program: Program,
  client: HubClient,
  { for: how, job }: Extract<HandOver, { for: 'pager' | 'editor' }>,
): Promise<string | undefined> {
  const folder = join(findHubHome(program.env).directory, 'opened');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${nameOfId(job)}-${program.pid}.log`);
  try {
    await writeLog(client, job, file);
    const command = [...chooseCommand(program, how), file];
    const status = await program.runInTerminal(command);
    return status === 0 ? undefined : `${command[0]} ended with status ${status}`;
  } finally {
    await rm(file, { force: true });
  }
}

/** The program that its owner reads or edits with, as words. */
export function chooseCommand({ env }: Program, how: 'pager' | 'editor'): readonly string[] {
  const named = how === 'pager' ? env.PAGER : (env.VISUAL ?? env.EDITOR);
  const words = splitWords(named ?? '');
  if (words.length > 0) return words;
  return how === 'pager' ? ['less', '-R'] : ['vi'];
}

async function writeLog(client: HubClient, job: string, file: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  let bytes = 0;
  try {
    const stream = client.stream('logs', { job }, async (item) => {
      const piece = item as LogItem;
      const text =
        'text' in piece ? piece.text : `[${describeGap(piece.gapBytes, piece.isLost)}]\n`;
      if (bytes > openedBytesMax) return;
      bytes += text.length;
      await handle.writeFile(text);
      if (bytes <= openedBytesMax) return;
      await handle.writeFile('\n[the rest is left out: `wally logs` has it]\n');
      stream.cancel();
    });
    await stream.done;
  } finally {
    await handle.close();
  }
}
