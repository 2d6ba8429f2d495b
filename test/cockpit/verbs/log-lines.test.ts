/*
 * The log verbs in a whole hub: what each answers, of one log and of several.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runVerb } from '../../../cockpit/hub/control.ts';
import { logFollowVerb } from '../../../cockpit/verbs/log-lines.ts';
import { logsVerb } from '../../../cockpit/verbs/logs.ts';
import type {
  LogGrowth,
  LogHits,
  LogItem,
  LogLineItem,
  LogWindow,
} from '../../../cockpit/verbs/shapes.ts';
import { plain } from '../../../cockpit/verbs/text.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { FactMessage } from '../../../protocol/messages.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import type { RawPeer } from '../../protocol/raw-peer.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { alice, bob, finished, makeJob, spec } from '../hub/hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from '../hub/hub-in-hand.ts';

let field: HubInHand;
let peers: { alice: RawPeer; bob: RawPeer };

beforeEach(async () => {
  field = await openHubInHand();
  peers = { alice: await field.join(alice), bob: await field.join(bob) };
  await field.hub.desk.dispatch(makeJob([alice]));
  await field.hub.desk.dispatch(makeJob([bob]));
  await field.rest();
});

afterEach(async () => {
  await field.hub.stop();
});

/** A piece of output at this instant, from where the log was said to end. */
interface Piece {
  readonly text: string;
  readonly at: number;
  readonly stream?: 'stdout' | 'stderr';
}

async function print(
  name: 'alice' | 'bob',
  from: number,
  ...pieces: readonly Piece[]
): Promise<number> {
  let offset = from;
  const records = pieces.map(({ text, at, stream = 'stdout' }) => {
    const bytes = new TextEncoder().encode(text);
    offset += bytes.length;
    return { offset: offset - bytes.length, stream, at, bytes };
  });
  const attempt: AttemptId = name === 'alice' ? 'J1.1' : 'J2.1';
  peers[name].say({ t: 'log', attempt, from, records, next: offset });
  await field.rest();
  return offset;
}

/** The attempt has ended, and printed so much. */
function ended(attempt: AttemptId, logBytes: number): FactMessage {
  const fact = finished(attempt, 'succeeded');
  return fact.kind === 'finished' ? { ...fact, logBytes } : fact;
}

interface Call {
  readonly items: unknown[];
  readonly done: Promise<unknown>;
  drop(): void;
}

function begin(verb: string, args: Record<string, unknown>): Call {
  const items: unknown[] = [];
  const drops: (() => void)[] = [];
  let isDropped = false;
  const { hub } = field;
  const done = runVerb(
    { hub, home: '', pid: 1, box: bareBox, stopHub: () => undefined },
    {
      verb,
      args,
      surface: 'test',
      async item(value) {
        items.push(value);
        return !isDropped;
      },
      onGive: () => undefined,
      onDrop: (run) => drops.push(run),
    },
  );
  const drop = () => {
    isDropped = true;
    for (const run of drops) run();
  };
  return { items, done, drop };
}

async function ask<T>(verb: string, args: Record<string, unknown>): Promise<T> {
  return (await begin(verb, args).done) as T;
}

async function list<T>(verb: string, args: Record<string, unknown>): Promise<readonly T[]> {
  const call = begin(verb, args);
  await call.done;
  return call.items as T[];
}

function texts(lines: readonly { readonly text: string }[]): readonly string[] {
  return lines.map(({ text }) => text);
}

test('logs lines: a window over two logs names each line’s log, attempt and worker', async () => {
  await print('alice', 0, { text: 'a1\n', at: 10 }, { text: 'a2\n', at: 30, stream: 'stderr' });
  await print('bob', 0, { text: 'b1\nb2\n', at: 20 });
  const window = await ask<LogWindow>('logs lines', { job: ['J1', 'j2.1'], at: 'start', after: 3 });
  expect(window.logs).toMatchObject([
    { attempt: 'J1.1', job: 'J1', worker: 'alice', end: 6, isEnded: false, forgottenBytes: 0 },
    { attempt: 'J2.1', job: 'J2', worker: 'bob', end: 6 },
  ]);
  expect(window.lines.map(({ log, text, stream }) => [log, text, stream])).toEqual([
    [0, 'a1', 'stdout'],
    [1, 'b1', 'stdout'],
    [1, 'b2', 'stdout'],
  ]);
  expect(window).toMatchObject({ isStart: true, isEnd: false, begin: [0, 0], end: [1, 4] });
  const rest = await ask<LogWindow>('logs lines', { job: ['J1', 'J2'], at: '1,4', before: 0 });
  expect([texts(rest.lines), rest.isEnd]).toEqual([['a2'], true]);
});

test('logs lines: a line of one of the logs is a place in all of them', async () => {
  await print('alice', 0, { text: 'a1\n', at: 10 }, { text: 'a2\n', at: 20 });
  await print('bob', 0, { text: 'b1\n', at: 20 }, { text: 'b2\n', at: 30 });
  const linesAt = async (at: string) => {
    const args = { job: ['J1', 'J2'], at, before: 0 };
    return texts((await ask<LogWindow>('logs lines', args)).lines);
  };
  expect(await linesAt('#0:3')).toEqual(['a2', 'b1', 'b2']);
  expect(await linesAt('#1:0')).toEqual(['b1', 'b2']);
  expect(await linesAt('#1:3')).toEqual(['b2']);
});

test('logs lines: of a long line the asked part comes, characters whole, with its true length', async () => {
  const text = 'é'.repeat(20_000);
  await print('alice', 0, { text: `${text}\n`, at: 1 });
  const { lines } = await ask<LogWindow>('logs lines', { job: 'J1', at: 'start', skip: 1 });
  const [line] = lines;
  expect(line).toMatchObject({ bytes: 40_000, hiddenBytes: 1, isCut: true });
  expect(line?.text.replaceAll('\ufffd', '')).toBe('é'.repeat(2047));
  expect(line?.text.endsWith('é')).toBe(true);
});

test('logs lines: a cut that does not fit, an unknown attempt and too many jobs are refused', async () => {
  const refused = async (args: Record<string, unknown>) => {
    const thrown: unknown = await begin('logs lines', args).done.catch((error: unknown) => error);
    return thrown instanceof AppError ? thrown.code : thrown;
  };
  expect(await refused({ job: 'J1', at: '1,2' })).toBe('USAGE_ARGUMENT');
  expect(await refused({ job: 'J1.7' })).toBe('JOB_UNKNOWN');
  expect(await refused({ job: 'J99' })).toBe('JOB_UNKNOWN');
  expect(await refused({ job: [] })).toBe('USAGE_ARGUMENT');
  expect(await refused({ job: Array.from({ length: 17 }, () => 'J1') })).toBe('USAGE_ARGUMENT');
  expect(await refused({ job: 'J1', grep: '/(/' })).toBe('USAGE_ARGUMENT');
  expect(await refused({ job: 'J1', grep: 'x', errors: true })).toBe('USAGE_ARGUMENT');
});

test('logs lines: a group stands for its parts', async () => {
  const group = await field.hub.desk.dispatch(makeJob([alice, bob], { shape: 'group' }));
  const window = await ask<LogWindow>('logs lines', { job: group.id });
  expect(window.logs.map(({ job, worker }) => [job, worker])).toEqual([
    ['J4', 'alice'],
    ['J5', 'bob'],
  ]);
});

test('logs find: hits and how much of how much was read; errors by words and by stderr', async () => {
  await print(
    'alice',
    0,
    { text: 'fine\n', at: 1 },
    { text: 'note\nmore\n', at: 2, stream: 'stderr' },
    { text: 'exit with error 3\n', at: 3 },
  );
  const found = await list<LogHits>('logs find', { job: 'J1', level: 'error' });
  expect(found.flatMap(({ hits }) => hits.map(({ offset }) => offset))).toEqual([5, 15]);
  expect(found.at(-1)).toMatchObject({ readBytes: 33, wholeBytes: 33 });
  const back = { job: 'J1', grep: 'o', at: 'end', back: true, limit: 1 };
  const [first] = await list<LogHits>('logs find', back);
  expect(first?.hits).toMatchObject([{ log: 0, offset: 15 }]);
});

test('logs follow: lines come as they grow, and it ends when the log is whole', async () => {
  const call = begin('logs follow', { job: ['J1'], at: 'start' });
  let end = await print('alice', 0, { text: 'one\nhalf', at: 1 });
  end = await print('alice', end, { text: ' and whole\n', at: 2 });
  const growths = call.items as LogGrowth[];
  expect(growths.flatMap(({ lines }) => lines.map(({ text, isOpen }) => [text, isOpen]))).toEqual([
    ['one', false],
    ['half', true],
    ['half and whole', false],
  ]);
  peers.alice.say(factFrame(1, ended('J1.1', end)));
  await field.rest();
  expect(await call.done).toEqual({
    attempts: ['J1.1'],
    ...{ missingBytes: 0, lostBytes: 0, unknownEnds: [] },
  });
});

test('logs follow: one who leaves is waited for no longer', async () => {
  const call = begin('logs follow', { job: ['J1', 'J2'] });
  await field.rest();
  call.drop();
  await call.done;
  await print('bob', 0, { text: 'unseen\n', at: 1 });
  expect(call.items).toEqual([]);
});

test('logs: one job, plainly, is streamed in the pieces in which it came', async () => {
  await print('alice', 0, { text: 'a\nb', at: 1 }, { text: 'c\n', at: 2, stream: 'stderr' });
  const items = await list<LogItem>('logs', { job: 'J1' });
  expect(items).toMatchObject([
    { attempt: 'J1.1', offset: 0, text: 'a\nb', stream: 'stdout' },
    { attempt: 'J1.1', offset: 3, text: 'c\n', stream: 'stderr' },
  ]);
  expect(texts((await list<LogItem>('logs', { job: 'J1', since: 3 })) as LogLineItem[])).toEqual([
    'c\n',
  ]);
});

test('logs: the last lines, those from an instant on, and those with a text in their context', async () => {
  const pieces = Array.from({ length: 9 }, (_, n) => ({ text: `line ${n}\n`, at: 1000 * n }));
  await print('alice', 0, ...pieces);
  const lines = async (args: Record<string, unknown>) =>
    texts(await list<LogLineItem>('logs', { job: 'J1', ...args }));
  expect(await lines({ tail: 2 })).toEqual(['line 7', 'line 8']);
  expect(await lines({ tail: 0 })).toEqual([]);
  expect(await lines({ at: '1970-01-01T00:00:06.5Z' })).toEqual(['line 7', 'line 8']);
  expect(await lines({ grep: 'LINE', tail: 1 })).toEqual([]);
  expect(await lines({ grep: 'line 4', context: 1 })).toEqual(['line 3', 'line 4', 'line 5']);
  expect(await lines({ grep: '/[246]$/', tail: 2 })).toEqual(['line 4', 'line 6']);
  expect((await list<LogLineItem>('logs', { job: 'J1', tail: 1 }))[0]).toMatchObject({
    attempt: 'J1.1',
    worker: 'alice',
    isMerged: false,
  });
});

test('logs: several jobs are followed as one to the end of the last', async () => {
  const call = begin('logs', { job: ['J1', 'J2'], follow: true });
  const a = await print('alice', 0, { text: 'a1\nno end', at: 1 });
  const b = await print('bob', 0, { text: 'b1\n', at: 2 });
  peers.alice.say(factFrame(1, ended('J1.1', a)));
  await field.rest();
  await print('bob', b, { text: 'b2\n', at: 3 });
  peers.bob.say(factFrame(1, ended('J2.1', b + 3)));
  await field.rest();
  await call.done;
  const items = call.items as LogLineItem[];
  expect(items.map(({ worker, text, isOpen }) => [worker, text, isOpen])).toEqual([
    ['alice', 'a1', false],
    ['bob', 'b1', false],
    ['bob', 'b2', false],
    ['alice', 'no end', true],
  ]);
});

test('logs: lines of a log that is over its age are not waited for, although its worker is linked', async () => {
  const bytes = await print('alice', 0, { text: 'a1\n', at: 10 });
  peers.alice.say(factFrame(1, ended('J1.1', bytes)));
  await field.rest();
  field.ports.wallStartMs += 31 * 24 * 60 * 60 * 1000;
  await field.hub.retain.look();
  const call = begin('logs', { job: ['J1'], follow: true, timestamps: true });
  let answer: unknown;
  void call.done.then((value) => (answer = value));
  await field.rest();
  expect(call.items).toEqual([]);
  expect(answer).toMatchObject({ attempts: ['J1.1'], missingBytes: 0, forgottenBytes: bytes });
  // A log that had to make room is young, so its age alone must not be blamed.
  expect(logsVerb.show(answer as never, plain)).toMatch(
    /over its time, or all logs over their room/,
  );
});

test('logs: one who follows a job goes on with the attempt that takes the place of a lost one', async () => {
  const policy = { isIdempotent: true, mayReplace: true, stopAfterMs: 10_000, lostAfterMs: 60_000 };
  await field.hub.desk.dispatch(makeJob([alice], { spec: { ...spec, ...policy } }));
  const call = begin('logs', { job: ['J3'], follow: true });
  const first = begin('logs', { job: ['J3.1'], follow: true });
  let isDone = false;
  void call.done.then(() => (isDone = true));
  const end = { kind: 'finished', at: 9, usage: {} } as const;
  const lost = { ...end, attempt: 'J3.1', outcome: 'lost', logBytes: 0 } as const;
  peers.alice.say(factFrame(1, lost));
  await field.rest();
  expect(await first.done).toMatchObject({ attempt: 'J3.1' });
  expect(isDone).toBe(false);
  const records = [{ offset: 0, stream: 'stdout', at: 1, bytes: new TextEncoder().encode('b\n') }];
  peers.bob.say({ t: 'log', attempt: 'J3.2', from: 0, records, next: 2 } as never);
  await field.rest();
  peers.bob.say(factFrame(1, ended('J3.2', 2)));
  await field.rest();
  expect(call.items).toMatchObject([{ attempt: 'J3.2', offset: 0, text: 'b\n' }]);
  const answer = { attempt: 'J3.2', offset: 2, missingBytes: 0, unknownEnds: [] };
  expect(await call.done).toMatchObject(answer);
});

test('logs: of an attempt that was taken for lost the end is not known, and that is said', async () => {
  await print('alice', 0, { text: 'a1\n', at: 1 });
  const asked = ['logs', 'logs', 'logs follow'] as const;
  const args = { job: ['J1'], at: 'start' };
  const calls = [
    begin('logs', { job: ['J1'], follow: true }),
    begin('logs', { ...args, follow: true }),
    begin('logs follow', args),
  ];
  // The agent is there with a new store, so nobody can tell how the attempt ended.
  await field.join(alice, { store: 'c1'.repeat(16) });
  await field.rest();
  await field.ports.advance(2000);
  await field.ports.advance(2000);
  await field.rest();
  for (const [index, call] of calls.entries()) {
    const answer = await call.done;
    expect(answer).toMatchObject({ missingBytes: 0, unknownEnds: ['J1.1'] });
    const shown = asked[index] === 'logs' ? logsVerb.show : logFollowVerb.show;
    expect(shown(answer as never, plain)).toMatch(/where J1\.1 ended is not known/);
  }
});

test('logs: a team in which something changes all the time keeps nobody at a log without an end', async () => {
  const call = begin('logs', { job: ['J1'], follow: true });
  await field.join(alice, { store: 'c1'.repeat(16) });
  let answer: unknown;
  void call.done.then((value) => (answer = value));
  for (let second = 0; second < 10; second += 1) {
    await field.join(bob);
    await field.ports.advance(1000);
  }
  expect(answer).toMatchObject({ unknownEnds: ['J1.1'] });
});

test('logs: output that comes when its job was forgotten begins no log anew', async () => {
  const bytes = await print('alice', 0, { text: 'a1\n', at: 10 });
  peers.alice.say(factFrame(1, ended('J1.1', 2 * bytes)));
  await field.rest();
  field.ports.wallStartMs += 91 * 24 * 60 * 60 * 1000;
  await field.hub.retain.look();
  await expect(field.hub.desk.get('J1')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  await print('alice', 0, { text: 'a1\n', at: 10 }, { text: 'a2\n', at: 11 });
  expect(await field.hub.mirror.findEnd('J1.1')).toBe(0);
});
