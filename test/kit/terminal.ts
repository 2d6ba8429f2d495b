/*
 * A program in a real terminal: a PTY whose output goes through xterm, as a person's does.
 *
 * Tests wait with `until`, which looks again after every piece of output and never sleeps. The
 * program gets the environment it is given and nothing of ours but PATH, so that no test depends
 * on who runs it. `close` ends the program and is safe to repeat.
 */
import { type IPty, spawn } from '@lydell/node-pty';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import xterm from '@xterm/headless';
import { listLines, type Snapshot, takeSnapshot } from './cells.ts';

/** What to run, and in how large a terminal. */
export interface TerminalPlan {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to PATH, LANG and TERM; the program sees nothing else. */
  readonly env: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
  /** Hears of all that the program writes, torn anywhere, before the screen has it. */
  readonly onOutput?: (output: string) => void;
}

/** How the program ended. `signal` is its number, null when it ended by itself. */
export interface TerminalExit {
  readonly code: number;
  readonly signal: number | null;
}

/** What `until` waits for: a test of the lines, or a pattern over them joined by newlines. */
export type ScreenTest = RegExp | ((lines: readonly string[]) => boolean);

/** How long `until` waits unless told; a limit, never what a test relies on. */
const untilMsDefault = 15_000;

/** Starts the program. The caller closes the terminal, also when its test fails. */
export function openTerminal(plan: TerminalPlan): OpenTerminal {
  return new OpenTerminal(plan);
}

/** A running program and its screen. */
export class OpenTerminal implements AsyncDisposable {
  readonly exit: Promise<TerminalExit>;
  readonly pid: number;
  readonly #pty: IPty;
  readonly #xterm: xterm.Terminal;
  readonly #looks = new Set<() => void>();
  #ended: TerminalExit | undefined;
  #byteCount = 0;

  constructor(plan: TerminalPlan) {
    const { columns: cols, rows } = plan;
    this.#xterm = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1000 });
    // The addon is typed for the browser's Terminal, which has the same parts.
    this.#xterm.loadAddon(new UnicodeGraphemesAddon() as unknown as xterm.ITerminalAddon);
    this.#pty = spawn(plan.command, [...plan.args], {
      name: 'xterm-256color',
      cols,
      rows,
      cwd: plan.cwd,
      env: chooseEnvironment(plan.env),
    });
    this.pid = this.#pty.pid;
    // Answers to what the program asks of its terminal: cursor position, attributes.
    this.#xterm.onData((answer) => this.#pty.write(answer));
    this.#pty.onData((output) => {
      this.#byteCount += Buffer.byteLength(output);
      plan.onOutput?.(output);
      this.#xterm.write(output, () => this.#look());
    });
    this.exit = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#xterm.write('', () => {
          this.#ended = { code: exitCode, signal: signal || null };
          resolve(this.#ended);
          this.#look();
        });
      });
    });
  }

  /** The visible lines, without spaces at their ends. */
  screen(): readonly string[] {
    return listLines(this.snapshot());
  }

  /** The visible cells with their looks, and the cursor. */
  snapshot(): Snapshot {
    return takeSnapshot(this.#xterm);
  }

  /** Bytes the program has written so far. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** Is the program on the alternate screen, which leaves the shell's text untouched? */
  get isAlternate(): boolean {
    return this.#xterm.buffer.active.type === 'alternate';
  }

  /** Resolves with the lines once they pass. Errors: throws with the screen after `timeoutMs`. */
  until(test: ScreenTest, timeoutMs = untilMsDefault): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#looks.delete(look);
        finish();
      };
      const look = () => {
        const lines = this.screen();
        if (passes(test, lines)) return settle(() => resolve(lines));
        if (this.#ended) settle(() => reject(this.#describe(test, 'the program ended')));
      };
      const timer = setTimeout(() => {
        settle(() => reject(this.#describe(test, `waited ${timeoutMs} ms`)));
      }, timeoutMs);
      this.#looks.add(look);
      look();
    });
  }

  /** Types. Escape sequences are given as they are: `\x1b[A` is the up key. */
  press(keys: string): void {
    this.#pty.write(keys);
  }

  /** Changes the size; the program is told by the kernel. */
  resize(columns: number, rows: number): void {
    this.#xterm.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Sends a signal to the program. */
  signal(name: NodeJS.Signals): void {
    if (!this.#ended) this.#pty.kill(name);
  }

  /** Ends the program if it still runs. */
  async close(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit;
    this.#xterm.dispose();
  }

  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }

  #describe(test: ScreenTest, what: string): Error {
    const ending = this.#ended ? ` with ${JSON.stringify(this.#ended)}` : '';
    const frame = this.screen().map((line) => `  | ${line}`);
    return new Error(`${what}${ending}, and never saw ${test}\n${frame.join('\n').trimEnd()}`);
  }
}

function passes(test: ScreenTest, lines: readonly string[]): boolean {
  return test instanceof RegExp ? test.test(lines.join('\n')) : test(lines);
}

function chooseEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const base = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', TERM: 'xterm-256color' };
  return { ...base, ...env };
}
