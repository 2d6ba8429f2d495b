/*
 * One hub, its agents and its screens for an end-to-end test: the real programs in homes of their
 * own, on loopback.
 *
 * Whatever is asked goes through a program, as a person or a script would ask it; only waiting
 * goes through the hub's control socket, as a screen's does, so that a test hears of a change when
 * it happens and never looks again and again. `close` ends every process of these homes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type {
  InboxRow,
  InviteShape,
  JobDetail,
  JobRow,
  TeamRow,
  WatchItem,
} from '../../cockpit/verbs/shapes.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { type Homes, openHomes } from '../kit/homes.ts';
import {
  locateProgram,
  type RunningScript,
  runVerb,
  startVerb,
  type VerbPlan,
  type VerbResult,
} from '../kit/processes.ts';
import { type OpenTerminal, openTerminal } from '../kit/terminal.ts';

/** What a verb is run with besides its words. */
export type VerbExtras = Partial<Pick<VerbPlan, 'env' | 'cwd' | 'timeoutMs'>>;

/** A screen's size and what its environment adds. */
export interface ScreenPlan {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Holds a shell command until the test lets it go on. */
export interface Gate {
  /** Shell text that waits. */
  readonly wait: string;
  /** Lets one waiter go on, now or when it comes. */
  open(): Promise<void>;
}

/** A limit for what the hub is to tell; never what a test relies on. */
const heardMsMax = 20_000;

/** Opens an empty stage; nothing runs yet. */
export function openStage(): Stage {
  return new Stage();
}

/** Life cycle: made by `openStage`, ended by `close`, which is safe to repeat. */
export class Stage implements AsyncDisposable {
  readonly homes: Homes = openHomes();
  readonly #closing: (() => Promise<unknown>)[] = [];

  get home(): string {
    return this.homes.hub().WALLY_HOME ?? '';
  }

  /** The home of the odally that `up --local` keeps. */
  get localHome(): string {
    return join(this.home, 'odally');
  }

  /** A path in the stage's own folder. */
  path(name: string): string {
    return join(this.homes.root, name);
  }

  wally(args: readonly string[], extras: VerbExtras = {}): Promise<VerbResult> {
    const env = { ...this.homes.hub(), ...extras.env };
    return runVerb({ ...extras, program: 'wally', args, env });
  }

  /** The verb's JSON; for verbs that must go well. Errors: throws when the status is not 0. */
  async ask<Answer>(...args: readonly string[]): Promise<Answer> {
    const result = await this.wally(withJson(args));
    if (result.status === 0) return result.json<Answer>();
    throw new Error(`wally ${args.join(' ')}: ${result.status} ${result.stdout}${result.stderr}`);
  }

  startWally(args: readonly string[]): RunningScript {
    return this.#keep(startVerb({ program: 'wally', args, env: this.homes.hub() }));
  }

  odally(name: string, args: readonly string[], extras: VerbExtras = {}): Promise<VerbResult> {
    const env = { ...this.agentEnv(name), ...extras.env };
    return runVerb({ ...extras, program: 'odally', args, env });
  }

  startOdally(name: string, args: readonly string[]): RunningScript {
    const timeoutMs = 120_000;
    return this.#keep(startVerb({ program: 'odally', args, env: this.agentEnv(name), timeoutMs }));
  }

  /** The environment of an agent; `local` is the one beside the hub. */
  agentEnv(name: string): Readonly<Record<string, string>> {
    return name === 'local'
      ? { ...this.homes.agent('none'), ODALLY_HOME: this.localHome }
      : this.homes.agent(name);
  }

  /** Hub and local odally. Errors: throws when they don't come up. */
  async up(): Promise<{ readonly hub: { readonly pid: number; readonly key: string } }> {
    return this.ask('up', '--local');
  }

  /** Pairs one more agent, in the background. */
  async join(name: string): Promise<{ readonly name: string; readonly pid: number }> {
    const { code } = await this.ask<InviteShape>('invite');
    const result = await this.odally(name, ['join', code, '--background', '--json']);
    return result.json();
  }

  /** A job dispatched and not waited for. */
  dispatch(command: string, ...flags: readonly string[]): Promise<JobDetail> {
    return this.ask('dispatch', ...flags, '--', command);
  }

  /** The job once it has ended, however it did. */
  async ended(id: string): Promise<JobDetail> {
    const result = await this.wally(['wait', id, '--json', '--timeout', '25s']);
    return result.json();
  }

  /** Resolves with the first row of the job that passes. */
  untilJob(id: string, test: (job: JobRow) => boolean): Promise<JobRow> {
    return this.#hear(`${id} to pass ${test}`, (item) => {
      const rows = item.type === 'jobs' ? item.jobs : item.type === 'job' ? [item.job] : [];
      return rows.find((job) => job.id === id && test(job));
    });
  }

  /** Resolves when the job runs. */
  untilStarted(id: string): Promise<JobRow> {
    return this.untilJob(id, ({ state }) => state === 'started');
  }

  /** Resolves with the worker's row once it passes. */
  untilWorker(name: string, test: (worker: TeamRow) => boolean): Promise<TeamRow> {
    return this.#hear(`${name} to pass ${test}`, (item) =>
      item.type === 'team' ? item.team.find((row) => row.name === name && test(row)) : undefined,
    );
  }

  /** Resolves with the first entry of the inbox that passes. */
  untilAsked(test: (entry: InboxRow) => boolean): Promise<InboxRow> {
    return this.#hear(`an entry to pass ${test}`, (item) =>
      item.type === 'inbox' ? item.rows.find(test) : undefined,
    );
  }

  /** Resolves when so many processes run in these homes; the system tells nobody, so it is asked. */
  async untilRunning(count: number): Promise<void> {
    const asked = { timeout: heardMsMax, interval: 50 };
    await vi.waitUntil(() => this.homes.listProcesses().length === count, asked);
  }

  /** A gate of its own for one job. */
  async gate(name: string): Promise<Gate> {
    const path = this.path(`${name}.fifo`);
    execFileSync('mkfifo', [path]);
    // For reading too, so that neither opening nor writing waits for the other side.
    const handle: FileHandle = await open(path, 'r+');
    this.#closing.push(() => handle.close());
    return { wait: `read go < ${path}`, open: async () => void (await handle.write('go\n')) };
  }

  /** Writes a config into the home of the hub or of an agent. */
  configure(home: string, toml: string): void {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(join(home, 'config.toml'), toml);
  }

  /** `wally` in a terminal, with these words. */
  screen(plan: ScreenPlan, args: readonly string[] = []): OpenTerminal {
    const terminal = openTerminal({
      ...plan,
      command: process.execPath,
      args: [locateProgram('wally'), ...args],
      cwd: this.homes.root,
      env: { ...this.homes.hub(), ...plan.env },
    });
    return this.#keep(terminal);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.homes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep<Resource extends { close(): Promise<void> }>(resource: Resource): Resource {
    this.#closing.push(() => resource.close());
    return resource;
  }

  /** The first thing that a watcher of the hub hears and `pick` takes. */
  async #hear<Found>(what: string, pick: (item: WatchItem) => Found | undefined): Promise<Found> {
    const client = new ControlClient(
      await dialUnix(join(this.home, 'hub.sock')),
      'HUB_UNREACHABLE',
    );
    let latest: unknown;
    try {
      return await new Promise<Found>((resolve, reject) => {
        const late = () => reject(new Error(`waited for ${what}; last ${JSON.stringify(latest)}`));
        const timer = setTimeout(late, heardMsMax);
        const stream = client.stream('watch', {}, (item) => {
          latest = item;
          const found = pick(item as WatchItem);
          if (found === undefined) return;
          clearTimeout(timer);
          resolve(found);
        });
        stream.done.catch(reject);
      });
    } finally {
      client.close();
    }
  }
}

/** The words with `--json`, which must come before `--`. */
export function withJson(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--');
  return at < 0 ? [...args, '--json'] : [...args.slice(0, at), '--json', ...args.slice(at)];
}
