/*
 * The loop that starts work: oldest first, as many as there are slots, and nothing that nobody wants.
 */

import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { RunWork } from '../../../agent/loops/run-work.ts';
import type { FoundArtifacts, Work, WorkOrder, Workshop } from '../../../agent/work/work.ts';
import { AppError } from '../../../protocol/errors.ts';
import { artifactPathLettersMax } from '../../../protocol/limits.ts';
import { artifactsReportSchema, type CommandMessage } from '../../../protocol/messages.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { openPeerStreams } from '../../../store/peer-streams.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { assign, type Bench, cancel, hub, openBench, processMark } from '../desk-bench.ts';

/** A loop whose processes start and end when the test says so. */
async function openLoop(slots: number, bench?: Bench) {
  const { desk, ports, take, kv, readFacts, policies } = bench ?? (await openBench());
  const started: AttemptId[] = [];
  const covered: AttemptId[] = [];
  const collected: FoundArtifacts[] = [];
  const ended: AttemptId[] = [];
  const exits = new Map<AttemptId, () => void>();
  const gate = {
    spawn: Promise.resolve(),
    mayStart: true,
    /** Does the workshop ask right before the spawn, or was it past that? */
    looks: false,
    silentMs: 0,
    /** What all work leaves. */
    brings: { found: [], missed: [] } as FoundArtifacts,
    failure: undefined as AppError | undefined,
    cover: Promise.resolve(),
  };
  const start = async ({ attempt, findHindrance, collect }: WorkOrder): Promise<Work> => {
    started.push(attempt);
    await gate.spawn;
    const hindrance = gate.looks ? findHindrance?.() : undefined;
    if (hindrance !== undefined) throw hindrance;
    if (gate.failure !== undefined) throw gate.failure;
    await collect?.(gate.brings);
    const exit = new Promise<Awaited<Work['exit']>>((resolve) => {
      exits.set(attempt, () => resolve({ usage: { exitCode: 0 }, finishedAt: 9 }));
    });
    return { process: processMark, exit, end: () => ended.push(attempt) };
  };
  const loop = new RunWork({
    desk,
    workshop: { start } as Pick<Workshop, 'start'> as Workshop,
    logs: await openMemoryLogs(instantLogDisk(), { bytesMax: 1e6 }),
    disk: soundDisk,
    ports,
    slots,
    policies: policies.policies,
    mark: (attempt) => attempt,
    mayStart: () => gate.mayStart,
    leftMs: ({ attempt }) => (attempt === 'J66.1' ? 0 : undefined),
    leaseLeftMs: (termMs) => termMs - gate.silentMs,
    cover: (attempt) => {
      covered.push(attempt);
      return gate.cover;
    },
    logGrew: () => undefined,
    collect: async (_attempt, found) => void collected.push(found),
    failed: (error) => {
      throw error;
    },
  });
  return {
    loop,
    desk,
    take,
    kv,
    readFacts,
    started,
    covered,
    ended,
    exits,
    gate,
    policies,
    collected,
  };
}

function withLease(attempt: AttemptId, stopAfterMs: number): CommandMessage {
  const plain = assign(attempt);
  return plain.kind === 'assign' ? { ...plain, spec: { ...plain.spec, stopAfterMs } } : plain;
}

const wakeAll = async (loop: RunWork) => {
  loop.wake();
  for (let turn = 0; turn < 3; turn += 1) await settle();
};

describe('run work', () => {
  test('run work: the oldest run first, in as many slots as there are, and the next when one is free', async () => {
    const { loop, take, started, exits, readFacts } = await openLoop(2);
    await take(assign('J1.1'), assign('J2.1'), assign('J3.1'));
    await wakeAll(loop);
    expect([started, loop.busyCount]).toEqual([['J1.1', 'J2.1'], 2]);
    exits.get('J1.1')?.();
    await wakeAll(loop);
    expect(started).toEqual(['J1.1', 'J2.1', 'J3.1']);
    expect((await readFacts()).at(-1)?.kind).toBe('started');
  });

  test('run work: what the policy forbids by the time it would start is refused with its rule', async () => {
    const { loop, take, started, readFacts, policies } = await openLoop(1);
    await take(assign('J1.1'));
    policies.write('[commands]\ndeny = ["true"]');
    await wakeAll(loop);
    expect(started).toEqual([]);
    expect((await readFacts()).at(-1)).toMatchObject({
      ...{ kind: 'finished', outcome: 'refused', code: 'POLICY_COMMAND' },
      reason: 'policy.toml: commands.deny[0] "true".',
    });
  });

  test('run work: the policy may want fewer at once, also while some run, which go on', async () => {
    const { loop, take, started, ended, exits, policies } = await openLoop(3);
    await take(assign('J1.1'), assign('J2.1'), assign('J3.1'), assign('J4.1'));
    await wakeAll(loop);
    policies.write('[work]\nconcurrency = 1');
    exits.get('J1.1')?.();
    await wakeAll(loop);
    expect([started, ended, loop.status]).toEqual([
      ['J1.1', 'J2.1', 'J3.1'],
      [],
      '2 of 1 slots in use',
    ]);
    policies.write('');
    await wakeAll(loop);
    expect(started).toContain('J4.1');
  });

  test('run work: nothing starts while the gate is shut, and nothing starts twice', async () => {
    const { loop, take, started, gate } = await openLoop(4);
    await take(assign('J1.1'));
    gate.mayStart = false;
    await wakeAll(loop);
    expect(started).toEqual([]);
    gate.mayStart = true;
    await wakeAll(loop);
    await wakeAll(loop);
    expect(started).toEqual(['J1.1']);
  });

  test('run work: work with a lease starts only while that holds, and as soon as it does', async () => {
    const { loop, take, started, gate, desk } = await openLoop(4);
    await take(withLease('J1.1', 10_000), assign('J2.1'));
    gate.silentMs = 10_000;
    await wakeAll(loop);
    expect([started, desk.find('J1.1')?.state.is]).toEqual([['J2.1'], 'accepted']);
    gate.silentMs = 9999;
    await wakeAll(loop);
    expect(started).toEqual(['J2.1', 'J1.1']);
  });

  test('run work: a lease that ran out while `starting` was written starts nothing', async () => {
    const { loop, take, started, gate, desk, readFacts } = await openLoop(4);
    await take(withLease('J1.1', 10_000));
    loop.wake();
    gate.silentMs = 10_000;
    for (let turn = 0; turn < 3; turn += 1) await settle();
    expect([started, desk.find('J1.1')?.state.is]).toEqual([[], 'finished']);
    const end = { kind: 'finished', outcome: 'cancelled', code: 'LEASE_LAPSED' };
    expect((await readFacts()).at(-1)).toMatchObject(end);
  });

  test('run work: work with a lease starts once a guard knows of it, and other work asks none', async () => {
    const { loop, take, started, covered, gate, desk } = await openLoop(4);
    let isCovered: () => void = () => undefined;
    gate.cover = new Promise((resolve) => {
      isCovered = resolve;
    });
    await take(withLease('J1.1', 10_000), assign('J2.1'));
    await wakeAll(loop);
    expect([started, covered, desk.find('J1.1')?.state.is]).toEqual([
      ['J2.1'],
      ['J1.1'],
      'starting',
    ]);
    isCovered();
    await settle();
    expect(started).toEqual(['J2.1', 'J1.1']);
  });

  test('run work: a lease that ran out, or an end that came, while a guard was awaited starts nothing', async () => {
    const { loop, take, started, gate, desk } = await openLoop(4);
    let isCovered: () => void = () => undefined;
    gate.cover = new Promise((resolve) => {
      isCovered = resolve;
    });
    await take(withLease('J1.1', 10_000), withLease('J2.1', 90_000));
    await wakeAll(loop);
    await take(cancel('J2.1'));
    gate.silentMs = 10_000;
    isCovered();
    await wakeAll(loop);
    const endingOf = (attempt: AttemptId) => desk.find(attempt)?.state;
    expect(started).toEqual([]);
    expect(endingOf('J1.1')).toMatchObject({ ending: { code: 'LEASE_LAPSED' } });
    expect(endingOf('J2.1')).toMatchObject({ ending: { outcome: 'cancelled' } });
  });

  test('run work: work with a lease that nobody can guard is refused with the code', async () => {
    const { loop, take, started, gate, desk } = await openLoop(4);
    gate.cover = Promise.reject(new AppError('JOB_UNGUARDED'));
    await take(withLease('J1.1', 10_000));
    await wakeAll(loop);
    const ending = { outcome: 'refused', code: 'JOB_UNGUARDED' };
    expect([started, desk.find('J1.1')?.state]).toMatchObject([[], { ending }]);
  });

  test('run work: what is over before its turn is expired without a process', async () => {
    const { loop, take, started, desk } = await openLoop(1);
    await take(assign('J66.1'));
    await wakeAll(loop);
    expect(started).toEqual([]);
    expect(desk.find('J66.1')?.state).toMatchObject({
      is: 'finished',
      ending: { outcome: 'expired' },
    });
  });

  test('run work: a command that cannot be spawned is refused with its code', async () => {
    const { loop, take, gate, desk } = await openLoop(1);
    gate.failure = new AppError('JOB_REPO');
    await take(assign('J1.1'));
    await wakeAll(loop);
    expect(desk.find('J1.1')?.state).toMatchObject({
      ending: { outcome: 'refused', code: 'JOB_REPO' },
    });
    expect(loop.busyCount).toBe(0);
  });

  test('run work: a cancel while it is spawned ends the process once there is one', async () => {
    let spawn: () => void = () => undefined;
    const bench = await openBench();
    const { loop, take, gate, desk, readFacts, exits } = await openLoop(1, bench);
    gate.spawn = new Promise((resolve) => {
      spawn = resolve;
    });
    await take(assign('J1.1'));
    await wakeAll(loop);
    await take(cancel('J1.1'));
    spawn();
    await wakeAll(loop);
    expect(bench.asked).toContain('end J1.1');
    exits.get('J1.1')?.();
    await wakeAll(loop);
    expect(desk.find('J1.1')?.state.is).toBe('finished');
    expect((await readFacts()).at(-1)).toMatchObject({ kind: 'finished', outcome: 'cancelled' });
  });

  test('run work: what ran out, was cancelled or given up during a long checkout gets no process', async () => {
    let checkedOut: () => void = () => undefined;
    const bench = await openBench();
    const { loop, take, gate, desk, started, exits } = await openLoop(3, bench);
    gate.looks = true;
    gate.spawn = new Promise((resolve) => {
      checkedOut = resolve;
    });
    await take(withLease('J1.1', 10_000), assign('J2.1'), assign('J3.1'));
    await wakeAll(loop);
    expect(started.toSorted()).toEqual(['J1.1', 'J2.1', 'J3.1']);
    await take(cancel('J2.1'));
    gate.silentMs = 10_000;
    checkedOut();
    await wakeAll(loop);
    expect([...exits.keys()]).toEqual(['J3.1']);
    const endingOf = (attempt: AttemptId) => desk.find(attempt)?.state;
    expect(endingOf('J1.1')).toMatchObject({
      ending: { outcome: 'cancelled', code: 'LEASE_LAPSED' },
    });
    expect(endingOf('J2.1')).toMatchObject({ ending: { outcome: 'cancelled' } });
    expect(endingOf('J3.1')).toMatchObject({ is: 'running' });
  });

  test('run work: a file whose name holds a secret keeps a name that a report takes', async () => {
    const { loop, take, gate, collected } = await openLoop(1);
    const path = `${'s3cr3t-value/'.padEnd(artifactPathLettersMax - 4, 'x')}.tar`;
    gate.brings = {
      found: [{ path, read: () => Readable.from([]) }],
      missed: [{ path, code: 'ARTIFACT_UNKNOWN' }],
    };
    const plain = assign('J1.1');
    if (plain.kind !== 'assign') return;
    const secret = {
      env: { A_LONG_NAME_OF_A_TOKEN: 's3cr3t-value' },
      secrets: ['A_LONG_NAME_OF_A_TOKEN'],
    };
    await take({ ...plain, spec: { ...plain.spec, ...secret } });
    await wakeAll(loop);
    const [{ found = [], missed = [] } = {}] = collected;
    const entries = found.map((file) => ({ path: file.path, bytes: 0, sha256: 'a'.repeat(64) }));
    // What its schema refuses costs the outcome, and the next start.
    expect(artifactsReportSchema.parse({ kept: entries, missed }).kept[0]?.path).toContain(
      '[redacted A_LONG_NAME_OF_A_TOKEN]/xx',
    );
  });

  test('run work: a process that came up while the hub’s store changed is ended', async () => {
    let spawn: () => void = () => undefined;
    const { loop, take, gate, desk, kv, started, ended } = await openLoop(1);
    gate.spawn = new Promise((resolve) => {
      spawn = resolve;
    });
    await take(assign('J1.1'));
    await wakeAll(loop);
    expect(started).toEqual(['J1.1']);
    await desk.adopt(await openPeerStreams(kv, { peer: hub, store: 'd'.repeat(32) }), []);
    spawn();
    await wakeAll(loop);
    expect(ended).toEqual(['J1.1']);
  });

  test('run work: the next store of the hub may give a number again, and the old work is not taken for it', async () => {
    let spawn: () => void = () => undefined;
    const { loop, take, gate, desk, kv, started, ended, exits } = await openLoop(1);
    gate.spawn = new Promise((resolve) => {
      spawn = resolve;
    });
    await take(assign('J1.1'));
    await wakeAll(loop);
    await desk.adopt(await openPeerStreams(kv, { peer: hub, store: 'd'.repeat(32) }), []);
    await take(assign('J1.1'));
    spawn();
    await wakeAll(loop);
    expect([started, ended, desk.find('J1.1')?.state.is]).toEqual([['J1.1'], ['J1.1'], 'accepted']);
    exits.get('J1.1')?.();
    await wakeAll(loop);
    expect([started, desk.find('J1.1')?.state.is]).toEqual([['J1.1', 'J1.1'], 'running']);
  });
});
