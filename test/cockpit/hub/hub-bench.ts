/*
 * A hub's desks over a store in memory, with everything they tell the rest of the hub noted.
 */
import { CockpitDesk } from '../../../cockpit/hub/cockpit-desk.ts';
import { DecisionDesk } from '../../../cockpit/hub/decision-desk.ts';
import { HubDesk, type NewJob } from '../../../cockpit/hub/desk.ts';
import { type DeskState, readDeskState } from '../../../cockpit/hub/desk-state.ts';
import { EndsPage } from '../../../cockpit/hub/ended-rows.ts';
import { Ledger, type LedgerOutlet } from '../../../cockpit/hub/ledger.ts';
import { SentReceipts } from '../../../cockpit/hub/sent-receipts.ts';
import { WorkerDesk } from '../../../cockpit/hub/worker-desk.ts';
import { formatAttemptId } from '../../../cockpit/manager/job.ts';
import type { WorkerRecord } from '../../../cockpit/manager/worker.ts';
import { serveControl } from '../../../protocol/control.ts';
import { decodeCommand, encodeMessage, type FactMessage } from '../../../protocol/messages.ts';
import type { CommandSpec, JobId, PeerKey } from '../../../protocol/model.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { Committer } from '../../../store/committer.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { JournalPage, readEvents } from '../../../store/journal.ts';
import type { Kv } from '../../../store/kv.ts';
import { instantDisk, type MemoryDisk, openMemoryKv } from '../../../store/memory.ts';
import { OutboxPages } from '../../../store/outbox-pages.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

/** Two workers of these tests. */
export const alice = 'a1'.repeat(32);
/** See `alice`. */
export const bob = 'b0'.repeat(32);

/** What jobs run here; nothing ever does. */
export const spec: CommandSpec = {
  command: ['true'],
  env: {},
  isIdempotent: false,
  lostAfterMs: 60_000,
};

/** Why an attempt may be given up. */
export const silence = { reason: 'Silence.', cause: 'silence' } as const;

/** A worker's record. */
export function makeWorker(
  key: PeerKey,
  name: string,
  fields: Partial<WorkerRecord> = {},
): WorkerRecord {
  return {
    key,
    name,
    formerNames: [],
    kind: 'odally',
    host: 'box',
    pairedAt: 0,
    store: null,
    lastSeenAt: null,
    capabilities: null,
    revokedAt: null,
    ...fields,
  };
}

/** A job for these workers. */
export function makeJob(workers: readonly PeerKey[], fields: Partial<NewJob> = {}): NewJob {
  return { title: 'true', spec, need: [], on: null, workers, shape: 'single', ...fields };
}

/** The desks of one hub process. */
export interface HubBench {
  readonly disk: MemoryDisk;
  readonly kv: Kv;
  readonly ports: FakePorts;
  readonly committer: Committer;
  readonly journal: JournalPage;
  readonly ends: EndsPage;
  readonly pages: OutboxPages;
  readonly state: DeskState;
  readonly desk: HubDesk;
  readonly inbox: DecisionDesk;
  readonly workers: WorkerDesk;
  readonly cockpits: CockpitDesk;
  /** Workers to whom something may be on its way. */
  readonly linked: Set<PeerKey>;
  /** Workers that were heard lately. */
  readonly present: Set<PeerKey>;
  /** `job J1`, `queued assign J1.1`, in the order in which they were told. */
  readonly told: string[];
  readonly receipts: SentReceipts;
  /** An attempt was handed to a link, and that is written down. */
  sent(id: JobId, n: number): Promise<void>;
  /** A worker reports; numbered on in its stream. */
  report(worker: PeerKey, ...facts: readonly FactMessage[]): Promise<void>;
  /** Commands on disk for this worker, oldest first: `assign J1.1`. */
  readCommands(worker: PeerKey): Promise<readonly string[]>;
  /** Kinds of the events in the journal. */
  readJournal(): Promise<readonly string[]>;
  /** The same hub after it was killed. */
  restart(): Promise<HubBench>;
}

/** A committer with the pages that it seals. */
function openCommitter(kv: Kv, ports: FakePorts) {
  const journal = new JournalPage();
  const ends = new EndsPage();
  const pages = new OutboxPages();
  const seal = () => [...journal.seal(), ...ends.seal()];
  const sealed = { lead: () => pages.seal(), seal };
  const committer = new Committer({ kv, ports, ...sealed, onFailure: () => undefined });
  return { journal, ends, pages, committer };
}

/** Cockpits are answered with the verb that they ask. */
async function openDesks(ledger: Ledger, ports: FakePorts) {
  const workers = new WorkerDesk(ledger);
  const serve = (link: Link) => serveControl(link, async ({ verb }) => verb);
  const noticed = () => undefined;
  const cockpits = new CockpitDesk({ ledger, workers, ports, serve, noticed });
  await cockpits.open();
  return { desk: new HubDesk(ledger), inbox: new DecisionDesk(ledger), workers, cockpits };
}

/** Opens the desks on this disk, as a hub does at its start. */
export async function openHubBench(
  disk = instantDisk(),
  ports = new FakePorts(),
): Promise<HubBench> {
  const kv = await openMemoryKv(disk);
  const writing = openCommitter(kv, ports);
  const told: string[] = [];
  const linked = new Set<PeerKey>();
  const present = new Set<PeerKey>();
  const state = await readDeskState(kv, []);
  const ledger = new Ledger({
    disk: soundDisk,
    kv,
    ...writing,
    ports,
    state,
    outlet: makeOutlet({ told, linked, present }),
  });
  const desks = await openDesks(ledger, ports);
  const { desk, workers } = desks;
  return {
    disk,
    kv,
    ports,
    ...writing,
    state,
    ...desks,
    linked,
    present,
    told,
    receipts: new SentReceipts({ state, desk, ports, failed: () => undefined }),
    sent: (id, n) => {
      state.sentAt.set(formatAttemptId(id, n), Math.round(ports.clock.wallMs()));
      return desk.writeSent();
    },
    report: (worker, ...facts) => {
      const first = (workers.streamsOf(worker)?.counts.received ?? 0) + 1;
      const rows = facts.map((fact, index) => ({ seq: first + index, bytes: encodeMessage(fact) }));
      return desk.takeFacts(worker, rows);
    },
    readCommands: (worker) => readCommands(workers, worker),
    readJournal: () => readJournal(kv),
    restart: () => {
      disk.crash();
      return openHubBench(disk, ports);
    },
  };
}

/** The same with alice and bob paired, and met before. */
export async function openTeamBench(): Promise<HubBench> {
  const bench = await openHubBench();
  for (const [key, name] of [
    [alice, 'alice'],
    [bob, 'bob'],
  ] as const) {
    await bench.workers.save(makeWorker(key, name), 'worker-paired', []);
    await bench.workers.adoptStore(key, key.slice(0, 32));
  }
  bench.told.length = 0;
  return bench;
}

/** How an attempt ended, as its worker reports it. */
export function finished(
  attempt: FactMessage['attempt'],
  outcome: 'succeeded' | 'failed' | 'cancelled',
): FactMessage {
  return {
    kind: 'finished',
    attempt,
    at: 9,
    outcome,
    usage: { exitCode: outcome === 'succeeded' ? 0 : 1 },
    logBytes: 0,
  };
}

function makeOutlet({
  told,
  linked,
  present,
}: Pick<HubBench, 'told' | 'linked' | 'present'>): LedgerOutlet {
  return {
    queued: (_worker, { rows }) => {
      for (const row of rows) told.push(`queued ${describe(row.bytes)}`);
    },
    jobChanged: (job) => told.push(`job ${job.id}`),
    inboxChanged: () => told.push('inbox'),
    journalGrew: () => undefined,
    teamChanged: () => undefined,
    hasLink: (worker) => linked.has(worker),
    isPresent: (worker) => present.has(worker),
  };
}

async function readJournal(kv: Kv): Promise<readonly string[]> {
  const events = await readEvents(kv, { afterSeq: 0, countMax: 1000 });
  return events.map((event) => event.kind);
}

async function readCommands(workers: WorkerDesk, worker: PeerKey): Promise<readonly string[]> {
  const rows = (await workers.streamsOf(worker)?.read(0, 1000)) ?? [];
  return rows.map((row) => describe(row.bytes));
}

function describe(bytes: Uint8Array): string {
  const command = decodeCommand(bytes);
  return `${command.kind} ${command.attempt}`;
}
