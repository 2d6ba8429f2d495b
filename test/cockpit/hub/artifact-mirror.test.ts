/*
 * The hub's copies of artifacts: in order, checked before they are called whole, each by its holder.
 */
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { ArtifactMirror, type ArtifactMirrorParts } from '../../../cockpit/hub/artifact-mirror.ts';
import type { HubDesk } from '../../../cockpit/hub/desk.ts';
import { artifactTriesMax } from '../../../cockpit/hub/limits.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import type { ArtifactEntry, JobId } from '../../../protocol/model.ts';
import type { ArtifactStore } from '../../../store/artifact.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../../store/artifact-memory.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { alice, bob, finished, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';

type Frame = Extract<OwnerFrame, { t: 'artifact' | 'artifact-ask' }>;
type Ack = Extract<OwnerFrame, { t: 'artifact-ack' }>;

const ask: Frame = { t: 'artifact-ask', attempt: 'J1.1', index: 0 };
const text = 'hello artifact';

let bench: HubBench;
let artifacts: ArtifactStore;
let mirror: ArtifactMirror;
let answers: Omit<Ack, 't' | 'attempt' | 'index'>[];
let failures: unknown[];
let lines: string[];
let hasLogRoom: boolean;

beforeEach(async () => {
  bench = await openTeamBench();
  await bench.desk.dispatch(makeJob([alice]));
  artifacts = await openMemoryArtifacts(instantArtifactDisk());
  [answers, failures, lines, hasLogRoom] = [[], [], [], true];
  mirror = new ArtifactMirror(makeParts(bench.desk));
});

function makeParts(desk: HubDesk): ArtifactMirrorParts {
  return {
    artifacts,
    disk: { ...soundDisk, hasLogRoom: async () => hasLogRoom },
    desk,
    failed: (error) => failures.push(error),
    noticed: (line) => lines.push(line),
  };
}

function describeFile(body: string): ArtifactEntry {
  const sha256 = createHash('sha256').update(body).digest('hex');
  return { path: 'a', bytes: Buffer.byteLength(body), sha256 };
}

async function report(...kept: readonly ArtifactEntry[]): Promise<void> {
  const end = finished('J1.1', 'succeeded');
  await bench.report(alice, { ...end, artifacts: { kept, missed: [] } } as typeof end);
}

function piece(from: number, body: string): Frame {
  return { t: 'artifact', attempt: 'J1.1', index: 0, from, bytes: Buffer.from(body) };
}

async function take(worker: string, ...frames: readonly Frame[]): Promise<void> {
  for (const frame of frames) {
    mirror.take(worker, frame, (answer) => {
      const { t: _t, attempt: _attempt, index: _index, ...rest } = answer as Ack;
      answers.push(rest);
    });
  }
  for (let turn = 0; turn < 4; turn += 1) await settle();
}

const place = { attempt: 'J1.1', index: 0 } as const;

describe('artifact mirror', () => {
  test('artifact mirror: a file comes in pieces and is told done only when it is whole', async () => {
    await report(describeFile(text));
    await take(alice, ask);
    await take(alice, piece(0, 'hello '));
    await take(alice, piece(6, 'artifact'));
    expect(answers).toEqual([
      { offset: 0, isReset: true, isDone: false },
      { offset: 6, isReset: false, isDone: false },
      { offset: text.length, isReset: false, isDone: true },
    ]);
    expect(Buffer.from(await mirror.read(place, 0, 100)).toString()).toBe(text);
    await take(alice, ask);
    expect(answers.at(-1)).toMatchObject({ isDone: true });
  });

  test('artifact mirror: pieces that wait have one sync and one ack', async () => {
    await report(describeFile(text));
    await take(alice, ask, piece(0, 'hello '), piece(6, 'arti'));
    expect(answers.at(-1)).toMatchObject({ offset: 10, isDone: false });
    expect(answers.length).toBeLessThanOrEqual(2);
  });

  test('artifact mirror: an empty file is whole as soon as it is asked for', async () => {
    await report(describeFile(''));
    await take(alice, ask);
    expect(answers).toEqual([{ offset: 0, isReset: false, isDone: true }]);
    expect(await mirror.look(place)).toEqual({ is: 'whole', bytes: 0 });
  });

  test('artifact mirror: a piece out of place or beyond the reported end is not taken', async () => {
    await report(describeFile(text));
    await take(alice, piece(3, 'lo'));
    await take(alice, piece(0, `${text} and more`));
    expect(answers).toEqual([
      { offset: 0, isReset: true, isDone: false },
      { offset: 0, isReset: true, isDone: false },
    ]);
  });

  test('artifact mirror: what is not as reported begins anew, and is given up after some tries', async () => {
    await report(describeFile(text));
    for (let count = 1; count < artifactTriesMax; count += 1) {
      await take(alice, piece(0, 'HELLO ARTIFACT'));
      expect(answers.at(-1)).toEqual({ offset: 0, isReset: true, isDone: false });
    }
    await take(alice, piece(0, 'HELLO ARTIFACT'));
    expect(answers.at(-1)).toMatchObject({ isDone: true });
    expect(await mirror.look(place)).toEqual({ is: 'lost', code: 'ARTIFACT_DAMAGED' });
    expect(lines.join()).toContain('ARTIFACT_DAMAGED');
  });

  test('artifact mirror: one its worker no longer has is lost, with the reason', async () => {
    await report(describeFile(text));
    const gone = { ...piece(0, ''), code: 'ARTIFACT_GONE' } as Frame;
    await take(alice, piece(0, 'hello '), gone);
    expect(answers.at(-1)).toMatchObject({ isDone: true });
    expect(await mirror.look(place)).toEqual({ is: 'lost', code: 'ARTIFACT_GONE' });
  });

  test('artifact mirror: nobody writes what was not reported, or what another holds', async () => {
    await take(alice, piece(0, 'x'));
    await report(describeFile(text));
    await take(bob, piece(0, 'EVIL'));
    await take(alice, { ...ask, index: 1 });
    expect(answers.map(({ isDone }) => isDone)).toEqual([true, true, true]);
    expect(await mirror.look(place)).toEqual({ is: 'partial', bytes: 0 });
  });

  test('artifact mirror: without room on the disk nothing is acknowledged, and nothing has failed', async () => {
    await report(describeFile(text));
    hasLogRoom = false;
    await take(alice, piece(0, 'hello '));
    expect([answers, failures]).toEqual([[], []]);
    hasLogRoom = true;
    await take(alice, ask);
    expect(answers).toEqual([{ offset: 0, isReset: true, isDone: false }]);
  });

  test('artifact mirror: a read that a reopening store has no place for is late, and is no fault', async () => {
    await report(describeFile(text));
    let isFull = true;
    const find = (id: JobId) =>
      isFull ? Promise.reject(new AppError('STORE_FULL')) : bench.desk.find(id);
    mirror = new ArtifactMirror(makeParts({ find } as HubDesk));
    await take(alice, piece(0, 'hello '));
    await take(alice, ask);
    expect([answers, failures]).toEqual([[], []]);
    expect(lines).toEqual([expect.stringContaining('waits for the disk')]);
    isFull = false;
    await take(alice, ask);
    expect(answers).toEqual([{ offset: 0, isReset: true, isDone: false }]);
  });
});
