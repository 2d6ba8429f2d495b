/*
 * What the tests of running work share: a workshop in a throw-away folder, a sink that remembers,
 * and waits that poll for a fact and never for a duration.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HarnessConfig } from '../../../agent/work/harness.ts';
import { findProcess } from '../../../agent/work/process-table.ts';
import { openWorkshop } from '../../../agent/work/spawn.ts';
import type { TakeOutput, WorkOrder, Workshop } from '../../../agent/work/work.ts';
import type { CommandSpec, LogStream } from '../../../protocol/model.ts';
import type { Ports } from '../../../protocol/ports.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';

/** A folder of this test alone; `remove` it at the end. */
export interface Folder {
  readonly path: string;
  readonly remove: () => void;
}

/** Makes a folder below the system's temporary one. */
export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'workshop-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Options of `openWorkshop` that a test may want to differ. */
export interface ShopOptions {
  readonly ports?: Ports;
  readonly baseEnv?: Record<string, string | undefined>;
  readonly graceMs?: number;
  readonly harness?: HarnessConfig;
}

/** A workshop in the folder. */
export function openShop(folder: Folder, options: ShopOptions = {}): Workshop {
  return openWorkshop({
    directory: join(folder.path, 'jobs'),
    trees: join(folder.path, 'trees'),
    ports: options.ports ?? openSystemPorts(),
    baseEnv: options.baseEnv ?? { PATH: process.env.PATH, HOME: folder.path },
    config: { has: [], harness: options.harness ?? {} },
    ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
  });
}

let orderCount = 0;

/** An order with a mark and an attempt of its own. */
export function makeOrder(command: readonly string[], spec: Partial<CommandSpec> = {}): WorkOrder {
  orderCount += 1;
  return {
    attempt: `J${orderCount}.1`,
    mark: `test-${process.pid}-${performance.now()}-${orderCount}`,
    spec: { command, env: {}, isIdempotent: false, lostAfterMs: 1, ...spec },
  };
}

/** A sink that remembers everything. */
export class Sink {
  readonly takes: { readonly stream: LogStream; readonly text: string }[] = [];

  readonly take: TakeOutput = async (stream, bytes) => {
    this.takes.push({ stream, text: Buffer.from(bytes).toString('latin1') });
  };

  text(stream: LogStream): string {
    return this.takes.flatMap((taken) => (taken.stream === stream ? taken.text : [])).join('');
  }

  /** Resolves with the first match in what stdout has said so far. */
  async match(pattern: RegExp): Promise<RegExpExecArray> {
    await until(() => pattern.test(this.text('stdout')));
    return pattern.exec(this.text('stdout')) as RegExpExecArray;
  }

  /** Resolves with the pid that the command announced as `NAME=pid`. */
  async pid(name: string): Promise<number> {
    return Number((await this.match(new RegExp(`${name}=(\\d+)\\n`)))[1]);
  }
}

/** Does this process run? A zombie does not. */
export function isRunning(pid: number): boolean {
  return findProcess(pid)?.isZombie === false;
}

/** Polls until the fact holds; the test's own time limit is the only one. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
