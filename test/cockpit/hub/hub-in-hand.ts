/*
 * A whole hub over stores in memory, with its door in the test's hand, and peers that say any bytes.
 */

import { expect } from 'vitest';
import type { Source } from '../../../cockpit/fleet/spawn/maker.ts';
import { emptyHubConfig, readAuditPolicy, readKeepPolicy } from '../../../cockpit/home.ts';
import { serveCockpit } from '../../../cockpit/hub/control.ts';
import { Hub } from '../../../cockpit/hub/hub.ts';
import type { HelloFrame } from '../../../protocol/frames.ts';
import { ackWaitMs } from '../../../protocol/limits.ts';
import type { FactMessage } from '../../../protocol/messages.ts';
import { encodeMessage } from '../../../protocol/messages.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import type { AcceptLink, Link } from '../../../protocol/transports/link.ts';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import type { ArtifactStore } from '../../../store/artifact.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../../store/artifact-memory.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { instantTiming } from '../../../store/disk-timing.ts';
import { openStore } from '../../../store/format.ts';
import { openMemoryHandNote } from '../../../store/hand-note.ts';
import type { Kv } from '../../../store/kv.ts';
import type { LogStore } from '../../../store/log.ts';
import { MemoryLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { MemoryDisk, openMemoryKv } from '../../../store/memory.ts';
import { noAnswer, noFleet } from '../../kit/no-fleet.ts';
import { FakePorts, settle } from '../../protocol/fake-ports.ts';
import { makeHello, RawPeer } from '../../protocol/raw-peer.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { alice, bob, makeWorker, openHubBench } from './hub-bench.ts';

/** Turns after which all that can happen without time passing has happened. */
const turnsToRest = 40;

/** A hub that serves alice and bob. */
export interface HubInHand {
  readonly hub: Hub;
  readonly ports: FakePorts;
  readonly disk: MemoryDisk;
  readonly noticed: string[];
  /** Does the door let this key in? */
  admits(key: PeerKey): boolean;
  /** A fresh link of this key, for any conversation. */
  link(key: PeerKey): Link;
  /** A fresh link of this worker, not greeted. */
  dial(worker: PeerKey): RawPeer;
  /** A link that is open. Errors: throws where the hub did not open it. */
  join(worker: PeerKey, fields?: Partial<HelloFrame>): Promise<RawPeer>;
  rest(): Promise<void>;
  /** How many rows the store holds under this prefix. */
  countRows(prefix: string): number;
  /** What the hub did of its own accord: undefined while it serves. */
  readonly failure: string | undefined;
}

const shutDoor = {
  addresses: [],
  rendezvous: [],
  answer: noAnswer,
  meetingNodeCount: () => undefined,
  hasRandomNat: () => false,
  announce: () => undefined,
  kick: () => undefined,
  close: async () => undefined,
};

const scene = { home: '/hub', pid: 1, box: bareBox, stopHub };

/** What a hub in hand may be given. */
export interface InHandPlan {
  /** The disk of an earlier one. */
  readonly disk?: MemoryDisk;
  readonly sources?: ReadonlyMap<string, Source>;
  readonly artifacts?: ArtifactStore;
  /** The copies of logs, instead of some in memory. */
  readonly logs?: LogStore;
  /** What stands between the hub and its store. */
  readonly guardKv?: (kv: Kv) => Kv;
}

/** Starts it. */
export async function openHubInHand(plan: InHandPlan = {}): Promise<HubInHand> {
  const { disk = await makeDisk(), sources = new Map() } = plan;
  const ports = new FakePorts();
  const noticed: string[] = [];
  let accept: AcceptLink = () => undefined;
  let admits = (_key: PeerKey) => false;
  const hub: Hub = new Hub({
    ports,
    ...(await openStores(disk, plan.guardKv)),
    ...(plan.artifacts === undefined ? {} : { artifacts: plan.artifacts }),
    ...(plan.logs === undefined ? {} : { logs: plan.logs }),
    key: '99'.repeat(32),
    version: 'test',
    openDoor: async (who) => {
      accept = who.accept;
      admits = (key) => who.admits(key);
      // A test may change it.
      return { ...shutDoor };
    },
    serveCockpit: (link) => serveCockpit(link, { hub, ...scene }),
    ...noFleet,
    openSources: () => sources,
    noticed: (line) => noticed.push(line),
  });
  let failure: string | undefined;
  void hub.ended.then((error) => (failure = error?.code ?? 'stopped'));
  await hub.start();
  const rest = () => takeTurns(ports);
  const link = (key: PeerKey) => {
    const [near, far] = createLinkPair('99'.repeat(32), key);
    accept(near);
    return far;
  };
  const dial = (worker: PeerKey) => new RawPeer(link(worker));
  const join = async (worker: PeerKey, fields: Partial<HelloFrame> = {}) => {
    const peer = dial(worker);
    await settle();
    const ownStore = peer.pick('hello')[0]?.store ?? '';
    peer.say(makeHello({ store: worker.slice(0, 32), forStore: ownStore, ...fields }));
    await rest();
    return peer;
  };
  return {
    hub,
    ports,
    disk,
    noticed,
    admits: (key) => admits(key),
    link,
    dial,
    join,
    rest,
    countRows: (prefix) => countRows(disk, prefix),
    get failure() {
      return failure;
    },
  };
}

/** Lets all happen that can without time passing. */
async function takeTurns(ports: FakePorts): Promise<void> {
  for (let turn = 0; turn < turnsToRest; turn += 1) await settle();
  // Acknowledgements wait a moment for each other.
  await ports.advance(ackWaitMs);
}

async function openStores(disk: MemoryDisk, guardKv = (kv: Kv) => kv) {
  return {
    kv: guardKv(await openMemoryKv(disk)),
    disk: soundDisk,
    handNote: openMemoryHandNote(),
    keep: { policy: readKeepPolicy(emptyHubConfig), archive: new MemoryArchive() },
    audit: { policy: readAuditPolicy(emptyHubConfig), port: new MemoryArchive() },
    logs: await openMemoryLogs(new MemoryLogDisk(instantTiming()), { bytesMax: 64 * 1024 }),
    artifacts: await openMemoryArtifacts(instantArtifactDisk()),
  };
}

function stopHub(): void {
  expect.unreachable('a cockpit elsewhere ends no hub');
}

/** A store that knows both workers and their stores. */
export async function makeDisk(timing = instantTiming()): Promise<MemoryDisk> {
  const disk = new MemoryDisk(timing);
  const kv = await openMemoryKv(disk);
  await openStore(kv, new FakePorts().random);
  await kv.close();
  const bench = await openHubBench(disk);
  for (const [key, name] of [
    [alice, 'alice'],
    [bob, 'bob'],
  ] as const) {
    await bench.workers.save(makeWorker(key, name), 'worker-paired', []);
    await bench.workers.adoptStore(key, key.slice(0, 32));
  }
  await bench.kv.close();
  return disk;
}

/** A fact as it travels. */
export function factFrame(seq: number, fact: FactMessage) {
  return { t: 'data', seq, body: encodeMessage(fact) } as const;
}

function countRows(disk: MemoryDisk, prefix: string): number {
  const lt = `${prefix.slice(0, -1)}0`;
  return disk.rows.list({ gte: prefix, lt, countMax: 1_000_000, order: 'ascending' }).length;
}
