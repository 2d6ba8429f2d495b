/*
 * The checks of a hub: each finding made to appear in a hub that really runs, over a store in memory.
 */

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  emptyHubConfig,
  findHubHome,
  type HubHome,
  readAuditPolicy,
  readKeepPolicy,
} from '../../../../cockpit/home.ts';
import { askWorkers, diagnoseHub, joinReports } from '../../../../cockpit/hub/doctor/doctor.ts';
import { overdueMsMax, silentMsMax, skewMsMax } from '../../../../cockpit/hub/doctor/limits.ts';
import { Hub } from '../../../../cockpit/hub/hub.ts';
import type { DoctorMode } from '../../../../protocol/doctor.ts';
import type { HelloFrame } from '../../../../protocol/frames.ts';
import { doctorMsMax, linkLagMsMax } from '../../../../protocol/limits.ts';
import { encodeMessage } from '../../../../protocol/messages.ts';
import type { AcceptLink } from '../../../../protocol/transports/link.ts';
import { createLinkPair } from '../../../../protocol/transports/memory.ts';
import { MemoryArchive } from '../../../../store/archive-memory.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../../../store/artifact-memory.ts';
import { soundDisk } from '../../../../store/disk-guard.ts';
import { openMemoryHandNote } from '../../../../store/hand-note.ts';
import { outboxKey, quarantineKey, workerKey } from '../../../../store/keys.ts';
import type { Kv } from '../../../../store/kv.ts';
import { instantLogDisk, openMemoryLogs } from '../../../../store/log-memory.ts';
import { instantDisk, openMemoryKv } from '../../../../store/memory.ts';
import { planRow } from '../../../../store/row-codec.ts';
import { noAnswer, noFleet } from '../../../kit/no-fleet.ts';
import { FakePorts, settle } from '../../../protocol/fake-ports.ts';
import { makeHello, RawPeer } from '../../../protocol/raw-peer.ts';
import { bareBox } from '../../../store/doctor/fake-box.ts';
import { createDirectory } from '../../../store/place.ts';
import { alice, bob, finished, makeJob, makeWorker, spec } from '../hub-bench.ts';

const start = async () => undefined;
const hubKey = 'cd'.repeat(32);
const version = '1.0.0';

let home: HubHome;
let remove: () => Promise<void>;
let ports: FakePorts;
let kv: Kv;
let disk: ReturnType<typeof instantDisk>;
let hub: Hub;
let accept: AcceptLink;
let archive: MemoryArchive;

async function startHub(): Promise<void> {
  kv = await openMemoryKv(disk);
  const logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1_000_000 });
  hub = new Hub({
    ports,
    kv,
    disk: soundDisk,
    handNote: openMemoryHandNote(),
    keep: { policy: readKeepPolicy(emptyHubConfig), archive },
    audit: { policy: readAuditPolicy(emptyHubConfig), port: new MemoryArchive() },
    logs,
    artifacts: await openMemoryArtifacts(instantArtifactDisk()),
    key: hubKey,
    version,
    openDoor: async (who) => {
      accept = who.accept;
      const close = async () => undefined;
      return {
        addresses: [],
        rendezvous: [],
        answer: noAnswer,
        meetingNodeCount: () => undefined,
        hasRandomNat: () => false,
        announce: () => undefined,
        kick: () => undefined,
        close,
      };
    },
    serveCockpit: () => expect.unreachable('no cockpit is paired'),
    ...noFleet,
    noticed: () => undefined,
  });
  await hub.start();
}

async function restart(change: (kv: Kv) => Promise<void>): Promise<void> {
  await change(kv);
  await hub.stop();
  await startHub();
}

beforeEach(async () => {
  const place = await createDirectory();
  remove = place.remove;
  home = findHubHome({ WALLY_HOME: place.path });
  await chmod(place.path, 0o700);
  ports = new FakePorts();
  disk = instantDisk();
  archive = new MemoryArchive();
  await startHub();
  const pairedAt = ports.clock.wallMs();
  await restart(async (rows) => {
    const workers = [
      makeWorker(alice, 'alice', { pairedAt }),
      makeWorker(bob, 'bob', { pairedAt }),
    ];
    await rows.batch(
      workers.map((worker) => planRow(workerKey(worker.key), worker)),
      'synced',
    );
  });
});

afterEach(async () => {
  await hub.stop();
  await remove();
});

async function diagnose(mode: DoctorMode = 'look') {
  const scene = {
    home,
    hub,
    isSilent: false,
    ports,
    box: bareBox,
    start,
    noticed: () => undefined,
  };
  const { findings, fixed } = await diagnoseHub(scene, { mode });
  const name = ({ id, worker }: { readonly id: string; readonly worker?: string }) =>
    worker === undefined ? id : `${id} ${worker}`;
  return { findings: findings.map(name), fixed: fixed.map(name) };
}

/** Links a worker that greets as a sound one, but for `fields`. */
async function link(key: string, fields: Partial<HelloFrame> = {}): Promise<RawPeer> {
  const [own, theirs] = createLinkPair(key, hubKey);
  accept(theirs);
  const peer = new RawPeer(own);
  await settle();
  const forStore = peer.pick('hello')[0]?.store ?? '';
  const wallMs = ports.clock.wallMs();
  peer.say(makeHello({ forStore, version, wallMs, isOpen: true, ...fields }));
  await settle();
  await settle();
  return peer;
}

describe('doctor of a hub', () => {
  test('hub: one that runs, with workers linked and not, has no finding', async () => {
    await link(alice);
    expect(await diagnose()).toEqual({ findings: [], fixed: [] });
  });

  test('hub-down: a home without a hub is judged by its files alone', async () => {
    const rest = { isSilent: false, ports, box: bareBox, start, noticed: () => undefined };
    const scene = { home, hub: undefined, ...rest };
    const { findings } = await diagnoseHub(scene, { mode: 'look' });
    expect(findings.map(({ id }) => id)).toEqual(['hub-down']);
  });

  test('home-modes: a key for a hub elsewhere that others may read is found, and hidden again', async () => {
    const folder = join(home.hubs, 'office');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'cockpit.key');
    await writeFile(file, 'seed', { mode: 0o600 });
    expect((await diagnose()).findings).toEqual([]);
    await chmod(file, 0o644);
    expect((await diagnose()).findings).toEqual(['home-modes']);
    expect(await diagnose('fix')).toEqual({ findings: [], fixed: ['home-modes'] });
  });

  test('messages-quarantined: what could not be read is counted by worker, and put into the archive', async () => {
    const rows = [1, 2].map((seq) => planRow(quarantineKey(alice, seq), 'rubbish'));
    await kv.batch(rows, 'synced');
    const found = ['messages-quarantined alice'];
    expect((await diagnose()).findings).toEqual(found);
    expect(await diagnose('fix')).toEqual({ findings: [], fixed: found });
    expect([...archive.files.values()].some(({ length }) => length > 0)).toBe(true);
  });

  test('retention-behind: an archive that cannot be written is found until it can', async () => {
    await hub.desk.dispatch(makeJob([alice]));
    await hub.desk.cancel(await hub.desk.get('J1'));
    ports.wallStartMs += 365 * 86_400_000;
    archive.append = () => Promise.reject(new Error('no space left'));
    await hub.retain.look();
    expect((await diagnose()).findings).toContain('retention-behind');
    archive.append = MemoryArchive.prototype.append;
    await hub.retain.look();
    expect((await diagnose()).findings).not.toContain('retention-behind');
  });

  test('job-worker-gone: a job of a worker that nobody knows is found and ended as lost', async () => {
    const job = await hub.desk.dispatch(makeJob([alice]));
    await restart((rows) => rows.batch([{ type: 'del', key: workerKey(alice) }], 'synced'));
    expect((await diagnose()).findings).toContain(`job-worker-gone ${alice}`);
    expect((await diagnose('fix')).fixed).toContain(`job-worker-gone ${alice}`);
    expect(hub.desk.listActive()).toEqual([]);
    expect(await hub.desk.get(job.id)).toMatchObject({
      attempts: [{ state: { is: 'finished', end: { outcome: 'lost' } } }],
    });
  });

  test('job-worker-gone: revoking ends what the worker held, so nothing is found after it', async () => {
    await hub.desk.dispatch(makeJob([alice]));
    const worker = hub.workers.find(alice);
    if (worker !== undefined) await hub.revoke(worker);
    expect(await diagnose()).toEqual({ findings: [], fixed: [] });
  });

  test('job-overdue: work past its deadline and its grace is found', async () => {
    const job = { spec: { ...spec, lostAfterMs: 86_400_000, deadlineMs: 1000 } };
    await link(alice);
    await hub.desk.dispatch(makeJob([alice], job));
    await settle();
    ports.wallStartMs += 1000 + overdueMsMax;
    expect((await diagnose()).findings).toEqual([]);
    ports.wallStartMs += 1;
    expect((await diagnose()).findings).toEqual(['job-overdue alice']);
  });

  test('outbox-dead: messages for a store that is gone are found and removed, others stay', async () => {
    await link(alice);
    await hub.desk.dispatch(makeJob([alice]));
    const gone = { peer: alice, store: 'e'.repeat(32) };
    const unknown = { peer: 'f0'.repeat(32), store: 'e'.repeat(32) };
    await kv.batch(
      [gone, unknown].map((stream) => planRow(outboxKey(stream, 1), [])),
      'synced',
    );
    const dead = ['outbox-dead alice', `outbox-dead ${unknown.peer}`];
    expect((await diagnose()).findings).toEqual(dead);
    expect(await diagnose('fix')).toEqual({ findings: [], fixed: dead });
    expect(hub.workers.streamsOf(alice)?.waitingCount).toBe(1);
  });

  test('copy-short: a copy that did not come although its worker is linked is found', async () => {
    await link(alice);
    await hub.desk.dispatch(makeJob([alice]));
    const at = ports.clock.wallMs();
    const fact = { ...finished('J1.1', 'succeeded'), at, logBytes: 10 };
    await hub.desk.takeFacts(alice, [{ seq: 1, bytes: encodeMessage(fact) }]);
    expect((await diagnose()).findings).toEqual([]);
    ports.wallStartMs += 10 * 60_000;
    expect((await diagnose()).findings).toEqual(['copy-short alice']);
  });

  test('copy-short: an artifact that did not come is found by its path', async () => {
    await link(alice);
    await hub.desk.dispatch(makeJob([alice]));
    const at = ports.clock.wallMs();
    const kept = [{ path: 'out/report.txt', bytes: 7, sha256: 'a'.repeat(64) }];
    const fact = { ...finished('J1.1', 'succeeded'), at, artifacts: { kept, missed: [] } };
    await hub.desk.takeFacts(alice, [{ seq: 1, bytes: encodeMessage(fact) }]);
    ports.wallStartMs += 10 * 60_000;
    const scene = {
      home,
      hub,
      isSilent: false,
      ports,
      box: bareBox,
      start,
      noticed: () => undefined,
    };
    const { findings } = await diagnoseHub(scene, { mode: 'look' });
    expect(findings.map(({ id, seen }) => [id, seen.includes('out/report.txt')])).toEqual([
      ['copy-short', true],
    ]);
  });

  test('worker-silent: a worker is named a day after it was last heard, not while it is linked', async () => {
    await link(alice);
    ports.wallStartMs += silentMsMax - 1000;
    expect((await diagnose()).findings).toEqual([]);
    ports.wallStartMs += 2000;
    expect((await diagnose()).findings).toEqual(['worker-silent bob']);
  });

  test('worker-refused: a worker that remembers less than it acknowledged is found until it speaks from a new store', async () => {
    const peer = await link(alice);
    await hub.desk.dispatch(makeJob([alice]));
    await settle();
    peer.say({ t: 'ack', received: 1, need: [] });
    await settle();
    peer.close();
    await ports.advance(linkLagMsMax);
    await link(alice, { received: 0 });
    expect((await diagnose()).findings).toEqual(['worker-refused alice']);
    await link(alice, { received: 1 });
    expect((await diagnose()).findings).toEqual(['worker-refused alice']);
    await link(alice, { store: 'e'.repeat(32) });
    expect((await diagnose()).findings).toEqual([]);
  });

  test('worker-refused: one that refuses the hub is found too', async () => {
    const peer = await link(alice);
    peer.say({ t: 'nak', code: 'PEER_REGRESSED', message: 'You forgot.' });
    await settle();
    expect((await diagnose()).findings).toEqual(['worker-refused alice']);
  });

  test('clock-skew: clocks half a minute apart are found, in either direction', async () => {
    await link(alice, { wallMs: ports.clock.wallMs() + skewMsMax });
    await link(bob, { wallMs: ports.clock.wallMs() - skewMsMax - 1 });
    expect((await diagnose()).findings).toEqual(['clock-skew bob']);
  });

  test('version-skew: a worker of another version is found', async () => {
    await link(alice, { version: '0.9.0' });
    expect((await diagnose()).findings).toEqual(['version-skew alice']);
  });
});

describe('doctor of a worker, asked over the link', () => {
  async function askAlice(answer: (peer: RawPeer, id: number) => void, fix = false) {
    const peer = await link(alice);
    const asked = askWorkers(hub, ['alice'], { fix }).then(joinReports);
    await settle();
    const [question] = peer.pick('doctor-ask');
    expect(question).toMatchObject({ fix });
    answer(peer, question?.id ?? -1);
    await settle();
    await ports.advance(doctorMsMax);
    return asked;
  }
  const finding = {
    id: 'disk-low',
    severity: 'error',
    seen: 'Little.',
    wanted: 'More.',
    advice: 'Make room.',
  } as const;

  test('ask: what it finds bears its name', async () => {
    const report = askAlice(
      (peer, id) => peer.say({ t: 'doctor', id, findings: [], fixed: [finding] }),
      true,
    );
    expect(await report).toEqual({ findings: [], fixed: [{ ...finding, worker: 'alice' }] });
  });

  test('ask: an older agent that does not know the question is a finding', async () => {
    const nak = {
      t: 'nak',
      code: 'FRAME_UNKNOWN',
      message: 'I do not know "doctor-ask".',
    } as const;
    expect((await askAlice((peer) => peer.say(nak))).findings).toMatchObject([
      { id: 'worker-version', worker: 'alice' },
    ]);
  });

  test('ask: an answer to another question, or none, is silence', async () => {
    const late = askAlice((peer, id) =>
      peer.say({ t: 'doctor', id: id + 1, findings: [finding], fixed: [] }),
    );
    expect((await late).findings).toMatchObject([{ id: 'worker-unreachable' }]);
  });

  test('ask: a worker without a link is unreachable at once, one that nobody knows is an error', async () => {
    const { findings } = joinReports(await askWorkers(hub, ['bob'], { fix: false }));
    expect(findings).toMatchObject([{ id: 'worker-unreachable', worker: 'bob' }]);
    await expect(askWorkers(hub, ['carol'], { fix: false })).rejects.toMatchObject({
      code: 'WORKER_UNKNOWN',
    });
  });
});
