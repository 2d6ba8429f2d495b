/*
 * Runs a program in this terminal and afterwards asks the terminal how it was left.
 *
 * What a person would find at their prompt: on which screen they are, whether they see their
 * cursor, whether keys echo. The terminal is asked itself (DECRQM), and the kernel (stty), so that
 * what the program believes does not count. Prints one line of JSON after `left`.
 * Arguments: the file for the program's pid, then the program and its arguments.
 * Source: ECMA-48 and the DEC private modes, as xterm's ctlseqs has them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

/** How the terminal was left. `null` where it gave no answer. */
export interface TerminalLeft {
  readonly status: number | null;
  readonly signal: string | null;
  readonly isAlternate: boolean | null;
  readonly isCursorShown: boolean | null;
  readonly isPasteBracketed: boolean | null;
  readonly isMouseReported: boolean | null;
  readonly isFocusReported: boolean | null;
  readonly isEchoing: boolean;
  readonly isLineEdited: boolean;
}

/** Private modes: cursor, alternate screen, bracketed paste, mouse, focus. */
const askedModes = [25, 1049, 2004, 1000, 1004] as const;

async function run(pidFile: string, command: readonly string[]): Promise<TerminalLeft> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit' });
  writeFileSync(pidFile, String(child.pid));
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const flags = execFileSync('stty', ['-a'], { stdio: ['inherit', 'pipe', 'inherit'] }).toString();
  const isSet = (flag: string) => flags.split(/[\s;]+/).includes(flag);
  const answers = await askModes();
  return {
    status,
    signal,
    isCursorShown: answers.get(25) ?? null,
    isAlternate: answers.get(1049) ?? null,
    isPasteBracketed: answers.get(2004) ?? null,
    isMouseReported: answers.get(1000) ?? null,
    isFocusReported: answers.get(1004) ?? null,
    isEchoing: isSet('echo'),
    isLineEdited: isSet('icanon'),
  };
}

async function askModes(): Promise<ReadonlyMap<number, boolean>> {
  const { stdin, stdout } = process;
  stdin.setRawMode(true);
  let heard = '';
  const answered = new Promise<void>((resolve) => {
    stdin.on('data', (bytes) => {
      heard += String(bytes);
      if (heard.split('$y').length > askedModes.length) resolve();
    });
  });
  stdout.write(askedModes.map((mode) => `\u001b[?${mode}$p`).join(''));
  await answered;
  stdin.setRawMode(false);
  stdin.pause();
  // 1 is set, 2 is reset.
  const answers = [...heard.matchAll(/\[\?(\d+);([12])\$y/g)];
  return new Map(answers.map(([, mode, value]) => [Number(mode), value === '1']));
}

const [pidFile = '', ...command] = process.argv.slice(2);
if (command.length > 0) {
  const left = await run(pidFile, command);
  process.stdout.write(`left ${JSON.stringify(left)}\n`);
}
