/*
 * The agent's terminals against a hub in hand and a shell in hand: refusals, windows, lost links, ends.
 */

import { beforeEach, describe, expect, test } from 'vitest';
import { Terminals } from '../../agent/terminals.ts';
import type { Shell, ShellExit, ShellOrder } from '../../agent/work/work.ts';
import { AppError } from '../../protocol/errors.ts';
import {
  terminalAwayMsMax,
  terminalChunkBytesMax,
  terminalsPerWorkerMax,
  terminalWindowBytesMax,
} from '../../protocol/limits.ts';
import type { TerminalFrame, TerminalFrameOf } from '../../protocol/terminal-frames.ts';
import { FakePorts, settle } from '../protocol/fake-ports.ts';
import { freePolicies, openPoliciesInHand } from './policy/policies-in-hand.ts';

/** A shell that does what the test says. */
class ShellInHand implements Shell {
  readonly directory = '/srv';
  readonly written: string[] = [];
  readonly sizes: string[] = [];
  readonly order: ShellOrder;
  readonly exit: Promise<ShellExit>;
  finish!: (exit: ShellExit) => void;
  resumeCount = 0;
  hold: Promise<void> = Promise.resolve();

  constructor(order: ShellOrder) {
    this.order = order;
    this.exit = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.hold;
    this.written.push(Buffer.from(bytes).toString());
  }

  resize(columns: number, rows: number): void {
    this.sizes.push(`${columns}x${rows}`);
  }

  resume(): void {
    this.resumeCount += 1;
  }

  end(): void {
    this.finish({ signal: 'SIGHUP' });
  }
}

const hub = { store: 'a'.repeat(32), incarnation: 1 };
let ports: FakePorts;
let said: TerminalFrame[];
let shells: ShellInHand[];
let link: 'sent' | 'full' | 'closed';
let noticed: string[];

beforeEach(() => {
  ports = new FakePorts();
  said = [];
  shells = [];
  noticed = [];
  link = 'sent';
});

function make(change: Partial<ConstructorParameters<typeof Terminals>[0]> = {}): Terminals {
  const terminals = new Terminals({
    ports,
    policies: freePolicies,
    isHeld: () => false,
    changed: () => undefined,
    workshop: {
      openShell: async (order) => {
        const shell = new ShellInHand(order);
        shells.push(shell);
        return shell;
      },
    },
    send: (frame) => {
      if (link !== 'closed') said.push(frame);
      return link;
    },
    mark: (id) => `store/terminal-${id}`,
    noticed: (line) => noticed.push(line),
    ...change,
  });
  terminals.linked(hub);
  return terminals;
}

function pick<K extends TerminalFrame['t']>(kind: K): readonly TerminalFrameOf<K>[] {
  return said.filter((frame): frame is TerminalFrameOf<K> => frame.t === kind);
}

const open = (id: number): TerminalFrame => ({
  ...{ t: 'terminal-open', id, columns: 80, rows: 24, term: 'xterm', attempt: 'J1.2' },
});
const data = (id: number, from: number, text: string): TerminalFrame => ({
  ...{ t: 'terminal-data', id, from, bytes: Buffer.from(text) },
});

describe('terminals', () => {
  test('terminals: input goes in, output comes out, and the end is told once all was', async () => {
    const terminals = make();
    terminals.take(open(7));
    terminals.take(data(7, 0, 'early '));
    await settle();
    terminals.take(data(7, 6, 'late'));
    await settle();
    expect(shells[0]?.written).toEqual(['early ', 'late']);
    expect(pick('terminal-opened')).toEqual([{ t: 'terminal-opened', id: 7, directory: '/srv' }]);
    expect(pick('terminal-ack').at(-1)).toEqual({ t: 'terminal-ack', id: 7, offset: 10 });
    expect(shells[0]?.order).toMatchObject({ attempt: 'J1.2', mark: 'store/terminal-7' });
    shells[0]?.order.take(Buffer.from('out'));
    shells[0]?.finish({ exitCode: 3 });
    await settle();
    expect(pick('terminal-end')).toEqual([{ t: 'terminal-end', id: 7, at: 3, exitCode: 3 }]);
    expect(terminals.status).toBe('1 terminals open');
    terminals.take({ t: 'terminal-close', id: 7 });
    await settle();
    expect(terminals.status).toBe('0 terminals open');
    expect(noticed).toEqual([
      'terminal 7 for J1.2 opened by the hub',
      'terminal 7 closed after 0 s',
    ]);
  });

  test('terminals: the policy, their number and a box without PTYs are refusals with a code', async () => {
    make({ policies: openPoliciesInHand(undefined, false).policies }).take(open(1));
    expect(pick('terminal-end')).toMatchObject([{ id: 1, code: 'TERMINAL_REFUSED' }]);
    expect(shells).toHaveLength(0);
    const full = make();
    for (let id = 10; id < 11 + terminalsPerWorkerMax; id += 1) full.take(open(id));
    expect(pick('terminal-end').at(-1)).toMatchObject({ code: 'TERMINAL_FULL' });
    const openShell = () => Promise.reject(new AppError('TERMINAL_UNSUPPORTED', 'No PTY.'));
    const bare = make({ workshop: { openShell } });
    bare.take(open(30));
    await settle();
    expect(pick('terminal-end').at(-1)).toMatchObject({ id: 30, code: 'TERMINAL_UNSUPPORTED' });
    expect(bare.status).toBe('0 terminals open');
  });

  test('terminals: a hub that takes nothing stops the shell’s output at a window, and an ack frees it', async () => {
    const terminals = make();
    terminals.take(open(1));
    await settle();
    const chunk = new Uint8Array(terminalChunkBytesMax);
    const answers = Array.from({ length: 4 }, () => shells[0]?.order.take(chunk));
    expect(answers).toEqual(['more', 'more', 'more', 'pause']);
    expect(pick('terminal-data')).toHaveLength(4);
    terminals.take({ t: 'terminal-ack', id: 1, offset: terminalChunkBytesMax });
    expect(shells[0]?.resumeCount).toBe(1);
  });

  test('terminals: input that the shell does not read is not acknowledged, and one beyond the window ends it', async () => {
    const terminals = make();
    terminals.take(open(1));
    await settle();
    const shell = shells[0] as ShellInHand;
    shell.hold = new Promise(() => undefined);
    const chunk = 'x'.repeat(terminalChunkBytesMax);
    for (let at = 0; at < terminalWindowBytesMax; at += chunk.length) {
      terminals.take(data(1, at, chunk));
    }
    await settle();
    expect(pick('terminal-ack')).toEqual([]);
    expect(pick('terminal-end')).toEqual([]);
    terminals.take(data(1, terminalWindowBytesMax, 'y'));
    await settle();
    expect(pick('terminal-end')).toMatchObject([{ signal: 'SIGHUP' }]);
  });

  test('terminals: after a short loss of the link they state what they have and go on where the hub stands', async () => {
    const terminals = make();
    terminals.take(open(1));
    await settle();
    link = 'closed';
    terminals.unlinked();
    shells[0]?.order.take(Buffer.from('unseen'));
    await ports.advance(terminalAwayMsMax - 1);
    link = 'sent';
    said = [];
    terminals.linked(hub);
    expect(said.map(({ t }) => t)).toEqual([
      'terminal-held',
      'terminal-ack',
      'terminal-opened',
      'terminal-data',
    ]);
    await ports.advance(terminalAwayMsMax);
    expect(pick('terminal-end')).toEqual([]);
  });

  test('terminals: a hub that stays away, or comes back as another start, leaves no shell', async () => {
    const away = make();
    away.take(open(1));
    await settle();
    away.unlinked();
    await ports.advance(terminalAwayMsMax);
    await settle();
    expect(away.status).toBe('0 terminals open');
    const anew = make();
    anew.take(open(2));
    await settle();
    anew.linked({ ...hub, incarnation: 2 });
    await settle();
    expect(anew.status).toBe('0 terminals open');
  });

  test('terminals: what the hub has and this does not is told as lost, on a new link', () => {
    make().take({ t: 'terminal-held', ids: [5, 6] });
    expect(pick('terminal-end')).toMatchObject([
      { id: 5, code: 'TERMINAL_LOST' },
      { id: 6, code: 'TERMINAL_LOST' },
    ]);
  });

  test('terminals: stopping ends all, also one that is just being opened, and lets none begin', async () => {
    let start: (shell: Shell) => void = () => undefined;
    const opening = new Promise<Shell>((resolve) => {
      start = resolve;
    });
    const terminals = make({ workshop: { openShell: () => opening } });
    terminals.take(open(1));
    const stopped = terminals.stop();
    start(new ShellInHand({} as ShellOrder));
    await stopped;
    terminals.take(open(2));
    expect(pick('terminal-end').at(-1)).toMatchObject({ id: 2, code: 'TERMINAL_LOST' });
    expect(terminals.status).toBe('0 terminals open');
  });
});
