/*
 * The two programs run from dist as a person or a script would, with all they said and how they
 * ended.
 *
 * Nothing is inherited from the test's own environment but PATH. A verb that takes too long is
 * ended and the failure shows what it said until then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A script to run under this Node. */
export interface ScriptPlan {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Given on stdin; without it stdin is empty. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** The path of another Node than this one. */
  readonly node?: string;
}

/** A verb of one of the two built programs. */
export interface VerbPlan extends Omit<ScriptPlan, 'file'> {
  readonly program: 'wally' | 'odally';
}

/** How it went. */
export interface VerbResult {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as the one JSON value that it must be. Errors: throws, showing what was there. */
  json<Value = unknown>(): Value;
  /** stdout as one JSON value a line. */
  jsonLines<Value = unknown>(): readonly Value[];
}

type CloseArguments = [status: number | null, signal: NodeJS.Signals | null];

const verbMsMax = 30_000;

/** The path of a built program. */
export function locateProgram(program: 'wally' | 'odally'): string {
  return fileURLToPath(new URL(`../../dist/${program}.js`, import.meta.url));
}

/** Runs a verb to its end. Errors: throws when it takes longer than `timeoutMs`. */
export async function runVerb(plan: VerbPlan): Promise<VerbResult> {
  await using running = startVerb(plan);
  return await running.result;
}

/** Starts a verb that goes on; the caller closes it. */
export function startVerb(plan: VerbPlan): RunningScript {
  return new RunningScript({ ...plan, file: locateProgram(plan.program) });
}

/** The same for any script. */
export function startScript(plan: ScriptPlan): RunningScript {
  return new RunningScript(plan);
}

/** A script under way. */
export class RunningScript implements AsyncDisposable {
  readonly pid: number | undefined;
  /** Resolves when it has ended and all it said is here. */
  readonly result: Promise<VerbResult>;
  readonly #child: ChildProcess;
  readonly #looks = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #hasEnded = false;

  constructor(plan: ScriptPlan) {
    this.#child = spawn(plan.node ?? process.execPath, [plan.file, ...plan.args], {
      env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', ...plan.env },
      ...(plan.cwd === undefined ? {} : { cwd: plan.cwd }),
      stdio: 'pipe',
    });
    this.pid = this.#child.pid;
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#look();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#look();
    });
    // A program that does not read its stdin may be gone before all is written; that is its right.
    this.#child.stdin?.on('error', () => undefined).end(plan.input ?? '');
    this.result = this.#follow(plan);
    // Whoever asks for the result gets its failure; a test that only closes the verb does not.
    this.result.catch(() => undefined);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves once stdout or stderr passes. Errors: throws when it ended, or after `timeoutMs`. */
  until(pattern: RegExp, timeoutMs = verbMsMax): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#looks.delete(look);
        finish();
      };
      const look = () => {
        if (pattern.test(this.#stdout) || pattern.test(this.#stderr)) return settle(resolve);
        if (this.#hasEnded)
          settle(() => reject(new Error(`ended without ${pattern}${this.#say()}`)));
      };
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`no ${pattern} in ${timeoutMs} ms${this.#say()}`)));
      }, timeoutMs);
      this.#looks.add(look);
      look();
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it if it still runs. Safe to repeat. */
  async close(): Promise<void> {
    this.#end();
    await this.result.catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #follow(plan: ScriptPlan): Promise<VerbResult> {
    const timeoutMs = plan.timeoutMs ?? verbMsMax;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#end();
    }, timeoutMs);
    try {
      // `close` and not `exit`: a hub that keeps our pipes open would hang every script too.
      const [status, signal] = (await once(this.#child, 'close')) as CloseArguments;
      if (isLate) throw new Error(`${plan.args.join(' ')} took over ${timeoutMs} ms${this.#say()}`);
      return describeResult({ status, signal, stdout: this.#stdout, stderr: this.#stderr });
    } finally {
      clearTimeout(timer);
      this.#hasEnded = true;
      this.#look();
    }
  }

  #end(): void {
    this.#child.kill('SIGKILL');
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #look(): void {
    for (const look of [...this.#looks]) look();
  }

  #say(): string {
    return `\nstdout: ${this.#stdout}\nstderr: ${this.#stderr}`;
  }
}

function describeResult(ended: Omit<VerbResult, 'json' | 'jsonLines'>): VerbResult {
  return {
    ...ended,
    json: <Value>() => parseValue<Value>(ended.stdout, ended.stderr),
    jsonLines: <Value>() =>
      ended.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => parseValue<Value>(line, ended.stderr)),
  };
}

function parseValue<Value>(text: string, stderr: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new Error(`not one JSON value: ${text}\nstderr: ${stderr}`, { cause });
  }
}
