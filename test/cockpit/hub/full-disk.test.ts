/*
 * A hub whose disk is low, full or mended: what it refuses, what it still does, what it still shows.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emptyHubConfig, readAuditPolicy } from '../../../cockpit/home.ts';
import { openControl } from '../../../cockpit/hub/control.ts';
import { HubDesk } from '../../../cockpit/hub/desk.ts';
import { readDeskState } from '../../../cockpit/hub/desk-state.ts';
import { Feed } from '../../../cockpit/hub/feed.ts';
import type { Hub } from '../../../cockpit/hub/hub.ts';
import { Ledger } from '../../../cockpit/hub/ledger.ts';
import { watchVerb } from '../../../cockpit/verbs/hub-state.ts';
import { jobsVerb } from '../../../cockpit/verbs/jobs.ts';
import type { JobRow } from '../../../cockpit/verbs/shapes.ts';
import { parseVerbArgs, type VerbContext } from '../../../cockpit/verbs/verb.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import { dialUnix } from '../../../protocol/transports/unix.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { auditStart } from '../../../store/audit.ts';
import { AuditTrail } from '../../../store/audit-trail.ts';
import { type DiskGuard, type StoreHealth, soundDisk } from '../../../store/disk-guard.ts';
import { askMsMax } from '../../../store/limits.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { createDirectory } from '../../store/place.ts';
import { alice, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';

const full = { is: 'reopening', since: 1, code: 'DISK_FULL', message: 'no space' } as const;

let bench: HubBench;
let health: StoreHealth;
let refusal: AppError | undefined;
let disk: DiskGuard;
let followers: Set<() => void>;

beforeEach(async () => {
  bench = await openTeamBench();
  health = { is: 'sound' };
  refusal = undefined;
  followers = new Set();
  disk = {
    ...soundDisk,
    get health() {
      return { store: health, room: null };
    },
    findRefusal: () => refusal,
    follow(run) {
      followers.add(run);
      return () => followers.delete(run);
    },
  };
});

function become(next: StoreHealth): void {
  health = next;
  for (const run of [...followers]) run();
}

/** A desk over the same store, on the disk of this test; reads wait while the store is not sound. */
async function openDesk(): Promise<HubDesk> {
  const { kv, committer, journal, ends, pages, ports } = bench;
  const wait = <T>(reading: Promise<T>): Promise<T> =>
    health.is === 'sound' ? reading : new Promise<T>(() => undefined);
  const slow = {
    get: (key: string) => wait(kv.get(key)),
    range: (range: Parameters<typeof kv.range>[0]) => wait(kv.range(range)),
    batch: kv.batch.bind(kv),
    snapshot: () => kv.snapshot(),
    close: () => kv.close(),
  };
  const state = await readDeskState(kv, []);
  const outlet = {
    queued: () => undefined,
    jobChanged: () => undefined,
    inboxChanged: () => undefined,
    journalGrew: () => undefined,
    teamChanged: () => undefined,
    hasLink: () => false,
    isPresent: () => true,
  };
  return new HubDesk(
    new Ledger({ kv: slow, disk, committer, journal, ends, pages, ports, state, outlet }),
  );
}

describe('hub on a disk in trouble', () => {
  test('hub desk: a disk that is low takes no new work and no retry, and a cancel all the same', async () => {
    const desk = await openDesk();
    const job = await desk.dispatch(makeJob([alice]));
    const count = (await desk.listRecent(10)).length;
    refusal = new AppError('DISK_LOW');
    await expect(desk.dispatch(makeJob([alice]))).rejects.toMatchObject({ code: 'DISK_LOW' });
    expect(await desk.listRecent(10)).toHaveLength(count);
    const cancelled = await desk.cancel(job);
    await expect(desk.retry(cancelled, alice)).rejects.toMatchObject({ code: 'DISK_LOW' });
    refusal = undefined;
    await desk.dispatch(makeJob([alice]));
    expect(await desk.listRecent(10)).toHaveLength(count + 1);
  });

  test('hub desk: while the store cannot be read, what has not ended is shown, the rest is refused', async () => {
    const desk = await openDesk();
    const ended = await desk.cancel(await desk.dispatch(makeJob([alice])));
    const open = await desk.dispatch(makeJob([alice]));
    health = full;
    const listing = desk.listRecent(10);
    const finding = expect(desk.find(ended.id)).rejects.toMatchObject({ code: 'DISK_FULL' });
    await bench.ports.advance(askMsMax);
    expect((await listing).map(({ id }) => id)).toEqual([open.id]);
    await finding;
    expect((await desk.find(open.id))?.id).toBe(open.id);
  });
});

describe('jobs on a disk in trouble', () => {
  /** The listing of a hub whose store cannot be read for as long as that takes. */
  async function list(desk: HubDesk, active = false): Promise<readonly JobRow[]> {
    const hub = { desk, workers: bench.workers } as unknown as Hub;
    const wish = { active, limit: 100, before: undefined };
    const asked = jobsVerb.run({ hub } as unknown as VerbContext, wish);
    // Who waits for it hears of a refusal below.
    asked.catch(() => undefined);
    await bench.ports.advance(askMsMax);
    return asked;
  }

  test('jobs: a listing without ended jobs, because they cannot be read, says so in its rows and beside them', async () => {
    const desk = await openDesk();
    await desk.cancel(await desk.dispatch(makeJob([alice])));
    await desk.dispatch(makeJob([alice]));
    const sound = await list(desk);
    expect([sound.length, jobsVerb.aside?.(sound)]).toEqual([2, undefined]);
    health = full;
    const rows = await list(desk);
    expect(rows.map(({ id, endedUnread }) => [id, endedUnread])).toEqual([['J2', 'DISK_FULL']]);
    expect(jobsVerb.aside?.(rows)).toBe(
      'Only jobs that have not ended are listed: the others cannot be read just now (DISK_FULL).',
    );
    const named = rows.map((row) => ({ ...row, id: `work:${row.id}` as JobId }));
    expect(jobsVerb.aside?.([...named, ...sound])).toContain('Only jobs of work that');
    expect(jobsVerb.aside?.(await list(desk, true))).toBeUndefined();
  });

  test('jobs: a listing that would be empty, because nothing can be read, is refused', async () => {
    const desk = await openDesk();
    await desk.cancel(await desk.dispatch(makeJob([alice])));
    health = full;
    await expect(list(desk)).rejects.toMatchObject({ code: 'DISK_FULL', exit: 4 });
    expect(await list(desk, true)).toEqual([]);
  });

  test('jobs: more than one listing gives is refused, and the most is named', () => {
    expect(parseVerbArgs(jobsVerb, { limit: '1000' })).toMatchObject({ limit: 1000 });
    expect(() => parseVerbArgs(jobsVerb, { limit: '1001' })).toThrow('limit: it is 1000 or less');
  });
});

describe('watch on a disk in trouble', () => {
  test('watch: a screen that began while the store could not be read is given all once it can', async () => {
    const desk = await openDesk();
    await desk.cancel(await desk.dispatch(makeJob([alice])));
    await desk.dispatch(makeJob([alice]));
    const { ports, workers } = bench;
    const feed = new Feed();
    const door = { addresses: [], rendezvous: [] };
    const inbox = { list: () => [] };
    const ways = { view: () => ({ word: 'none', reason: null, ends: [] }) };
    const boxLife = { find: () => ({ draining: null }) };
    const spawned = { findByWorker: () => undefined };
    const desks = { desk, inbox, workers, session: () => undefined, ways, boxLife, spawned };
    const hub = { feed, disk, ports, door, startedAt: 1, ...desks };
    const lists: number[] = [];
    let leave: () => void = () => undefined;
    const context = {
      hub: hub as unknown as Hub,
      home: '',
      pid: 1,
      box: bareBox,
      stopHub: () => undefined,
      item: async (value: unknown) => {
        const item = value as { readonly type: string; readonly jobs?: readonly unknown[] };
        if (item.type === 'jobs') lists.push(item.jobs?.length ?? 0);
        return true;
      },
      onDrop: (run: () => void) => {
        leave = run;
      },
      onGive: () => undefined,
      settled: () => undefined,
    };
    become(full);
    const watching = watchVerb.run(context, { changes: false });
    await ports.advance(askMsMax);
    expect(lists).toEqual([1]);
    become({ is: 'sound' });
    await ports.advance(1);
    expect(lists).toEqual([1, 2]);
    leave();
    await watching;
    expect(followers.size).toBe(0);
  });
});

describe('control on a disk in trouble', () => {
  let home: Awaited<ReturnType<typeof createDirectory>>;
  let client: ControlClient;
  let stopCount: number;
  const closing: (() => unknown)[] = [];

  beforeEach(async () => {
    home = await createDirectory();
    stopCount = 0;
    const { kv, ports, committer } = bench;
    const policy = readAuditPolicy(emptyHubConfig);
    const port = new MemoryArchive();
    const noticed = () => undefined;
    const parts = { kv, ports, port, policy, noticed, committer: () => committer };
    const audit = new AuditTrail(parts, { n: 0, hash: auditStart });
    const hub = { disk, ports, audit } as unknown as Hub;
    const path = join(home.path, 's');
    const stopHub = () => {
      stopCount += 1;
    };
    const listener = await openControl(path, {
      hub,
      home: home.path,
      pid: 1,
      box: bareBox,
      stopHub,
    });
    client = new ControlClient(await dialUnix(path), 'HUB_UNREACHABLE');
    closing.push(
      () => client.close(),
      () => listener.close(),
      () => home.remove(),
    );
  });

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  test('control: a verb that writes is refused at once on a full disk; the hub can be stopped', async () => {
    health = full;
    await expect(client.call('cancel', { job: 'J1' })).rejects.toMatchObject({ code: 'DISK_FULL' });
    await client.call('stop', {});
    expect(stopCount).toBe(1);
  });

  test('control: a verb that writes waits a moment for a store that is being opened again', async () => {
    health = { ...full, code: 'STORE_REOPENING' };
    const refused = expect(client.call('cancel', { job: 'J1' })).rejects.toMatchObject({
      code: 'STORE_REOPENING',
    });
    while (bench.ports.timerCount === 0) await new Promise((resolve) => setImmediate(resolve));
    await bench.ports.advance(askMsMax);
    await refused;
  });
});
