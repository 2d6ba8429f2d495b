/*
 * The loop that brings artifacts to the hub: after the report, from where the copy ends, each once.
 */
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { HeldAttempt } from '../../../agent/attempts.ts';
import type { Desk } from '../../../agent/desk.ts';
import { keepArtifacts } from '../../../agent/keep-artifacts.ts';
import { artifactAskAgainMs } from '../../../agent/limits.ts';
import { SendArtifacts } from '../../../agent/loops/send-artifacts.ts';
import type { FoundArtifact } from '../../../agent/work/work.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import { artifactChunkBytesMax, artifactWindowBytesMax } from '../../../protocol/limits.ts';
import type { ArtifactsReport } from '../../../protocol/model.ts';
import type { ArtifactStore } from '../../../store/artifact.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../../store/artifact-memory.ts';
import { FakePorts, settle } from '../../protocol/fake-ports.ts';

const attempt = 'J1.1';

let store: ArtifactStore;
let ports: FakePorts;
let sent: OwnerFrame[];
let verdict: 'sent' | 'full';
let delivered: string[];
let noticed: string[];
let hasRoom: boolean;
let reportSeq: number;
let ackedSeq: number;
let report: ArtifactsReport;
let loop: SendArtifacts;

function fileOf(path: string, content: Uint8Array | Error): FoundArtifact {
  return {
    path,
    async *read() {
      if (content instanceof Error) throw content;
      yield content.subarray(0, 3);
      yield content.subarray(3);
    },
  };
}

beforeEach(async () => {
  store = await openMemoryArtifacts(instantArtifactDisk());
  ports = new FakePorts();
  [sent, delivered, verdict, reportSeq, ackedSeq] = [[], [], 'sent', 5, 5];
  [noticed, hasRoom] = [[], true];
});

async function keep(...files: readonly FoundArtifact[]): Promise<void> {
  report = await keepArtifacts({ store, hasRoom: async () => hasRoom }, attempt, {
    ...{ found: files, missed: [] },
  });
  const find = () =>
    ({ attempt, artifacts: report, finishedSeq: reportSeq }) as unknown as HeldAttempt;
  const desk = {
    find,
    list: () => [find()],
    get streams() {
      return { counts: { acked: ackedSeq } };
    },
  } as unknown as Desk;
  loop = new SendArtifacts({
    desk,
    artifacts: store,
    send: (frame) => {
      sent.push(frame);
      return verdict;
    },
    timers: ports.timers,
    delivered: (id) => delivered.push(id),
    noticed: (line) => noticed.push(line),
    failed: (error) => {
      throw error;
    },
  });
}

const ack = (offset: number, part: { isReset?: boolean; isDone?: boolean; index?: number } = {}) =>
  loop.acked({
    ...{ t: 'artifact-ack', attempt, index: 0, offset, isReset: false, isDone: false },
    ...part,
  });

/** What was sent since the last look: `ask 0`, `0+65536`. */
async function look(): Promise<readonly string[]> {
  for (let turn = 0; turn < 4; turn += 1) await settle();
  return sent.splice(0).map((frame) => {
    if (frame.t === 'artifact-ask') return `ask ${frame.index}`;
    if (frame.t !== 'artifact') return frame.t;
    return `${frame.index}: ${frame.from}+${frame.bytes.length}${frame.code ?? ''}`;
  });
}

describe('send artifacts', () => {
  test('send artifacts: asks, sends what is missing, and is done when the hub says so', async () => {
    await keep(fileOf('a', Buffer.from('hello')), fileOf('b', Buffer.from('')));
    loop.linked();
    expect(await look()).toEqual(['ask 0', 'ask 1']);
    expect(loop.owes(attempt)).toBe(true);
    ack(2, { isReset: true });
    expect(await look()).toEqual(['0: 2+3']);
    ack(5, { isDone: true });
    expect(delivered).toEqual([]);
    ack(0, { isDone: true, index: 1 });
    expect([delivered, loop.owes(attempt)]).toEqual([[attempt], false]);
    expect(await look()).toEqual([]);
  });

  test('send artifacts: nothing is asked before the hub has the report that names it', async () => {
    await keep(fileOf('a', Buffer.from('hello')));
    ackedSeq = reportSeq - 1;
    loop.linked();
    expect(await look()).toEqual([]);
    ackedSeq = reportSeq;
    loop.wake();
    expect(await look()).toEqual(['ask 0']);
  });

  test('send artifacts: at most a window is under way, and nothing while the link is full', async () => {
    await keep(fileOf('a', new Uint8Array(2 * artifactWindowBytesMax)));
    loop.linked();
    await look();
    ack(0, { isReset: true });
    const count = artifactWindowBytesMax / artifactChunkBytesMax;
    expect(await look()).toHaveLength(count);
    verdict = 'full';
    ack(artifactChunkBytesMax);
    expect(await look()).toEqual([`0: ${artifactWindowBytesMax}+${artifactChunkBytesMax}`]);
    ack(4 * artifactChunkBytesMax);
    expect(await look()).toEqual([]);
    verdict = 'sent';
    loop.drained();
    expect(await look()).toHaveLength(3);
  });

  test('send artifacts: a new connection goes on from the hub’s copy, not from what was sent', async () => {
    await keep(fileOf('a', new Uint8Array(3 * artifactChunkBytesMax)));
    loop.linked();
    await look();
    ack(0, { isReset: true });
    expect(await look()).toHaveLength(3);
    loop.unlinked();
    loop.linked();
    expect(await look()).toEqual(['ask 0']);
    ack(2 * artifactChunkBytesMax, { isReset: true });
    expect(await look()).toEqual([`0: ${2 * artifactChunkBytesMax}+${artifactChunkBytesMax}`]);
  });

  test('send artifacts: where no answer comes it is asked again; damaged, it is sent again', async () => {
    await keep(fileOf('a', Buffer.from('hello')));
    loop.linked();
    await look();
    ack(0, { isReset: true });
    expect(await look()).toEqual(['0: 0+5']);
    ack(0, { isReset: true });
    expect(await look()).toEqual(['0: 0+5']);
    await ports.advance(2 * artifactAskAgainMs);
    expect(await look()).toEqual(['ask 0']);
  });

  test('send artifacts: one that its store no longer has is reported, not waited for', async () => {
    await keep(fileOf('a', Buffer.from('hello')));
    await store.remove(attempt);
    loop.linked();
    await look();
    ack(0, { isReset: true });
    expect(await look()).toEqual(['0: 0+0ARTIFACT_GONE']);
  });

  test('send artifacts: one on a bad place of the disk is given up, one that fails otherwise is asked for again', async () => {
    await keep(fileOf('a', Buffer.from('hello')), fileOf('b', Buffer.from('world')));
    const { read } = store;
    const codes: (string | undefined)[] = ['EIO', undefined];
    store.read = (id) => {
      const cause = Object.assign(new Error('it failed'), { code: codes[id.index] ?? 'EMFILE' });
      return Promise.reject(new AppError('STORE_IO', 'The file.', { cause }));
    };
    loop.linked();
    await look();
    ack(0, { isReset: true });
    ack(0, { isReset: true, index: 1 });
    expect(await look()).toEqual(['0: 0+0ARTIFACT_GONE']);
    ack(0, { isDone: true });
    expect(noticed).toEqual(['artifact J1.1/1 cannot be read now: The file.']);
    store.read = read.bind(store);
    await ports.advance(2 * artifactAskAgainMs);
    expect(await look()).toEqual(['ask 1']);
    ack(0, { isReset: true, index: 1 });
    expect(await look()).toEqual(['1: 0+5']);
  });
});

describe('keep artifacts', () => {
  test('keep artifacts: the report has size and hash of what is kept, and why the rest is not', async () => {
    const failing = fileOf('b', new Error('EIO'));
    await keep(fileOf('a', Buffer.from('hello')), failing, fileOf('c', Buffer.from('world')));
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(report).toEqual({
      kept: [
        { path: 'a', bytes: 5, sha256: hash('hello') },
        { path: 'c', bytes: 5, sha256: hash('world') },
      ],
      missed: [{ path: 'b', code: 'STORE_IO' }],
    });
    const read = await store.read({ attempt, index: 1 }, 0, 100);
    expect(Buffer.from(read).toString()).toBe('world');
  });

  test('keep artifacts: what is kept for outcomes on a full disk is not used, and the report says so', async () => {
    hasRoom = false;
    await keep(fileOf('a', Buffer.from('hello')));
    expect(report).toEqual({ kept: [], missed: [{ path: 'a', code: 'DISK_FULL' }] });
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    hasRoom = true;
    await keep(fileOf('a', full));
    expect(report.missed).toEqual([{ path: 'a', code: 'DISK_FULL' }]);
  });
});
