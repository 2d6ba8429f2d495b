/*
 * An agent's desk over a store in memory, with everything it asks of the rest of the agent noted.
 */
import { type HeldAttempt, type HeldRows, openHeldRows, sortHeld } from '../../agent/attempts.ts';
import { Desk } from '../../agent/desk.ts';
import type { ProcessMark } from '../../agent/work/work.ts';
import { AppError, type ErrorCode } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import {
  type CommandMessage,
  decodeFact,
  encodeMessage,
  type FactMessage,
} from '../../protocol/messages.ts';
import type { ArtifactsReport, AttemptId, CommandSpec } from '../../protocol/model.ts';
import { Committer } from '../../store/committer.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { instantDisk, type MemoryDisk, openMemoryKv } from '../../store/memory.ts';
import { openPeerStreams, type StreamRow } from '../../store/peer-streams.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { openPoliciesInHand, type PoliciesInHand } from './policy/policies-in-hand.ts';

/** The hub of these tests, and its store. */
export const hub = 'ab'.repeat(32);
/** See `hub`. */
export const hubStore = 'c'.repeat(32);

/** What an attempt runs here; nothing ever does. */
export const spec: CommandSpec = {
  command: ['true'],
  env: {},
  isIdempotent: false,
  lostAfterMs: 1000,
};

/** A process as it is remembered. */
export const processMark: ProcessMark = { pid: 7, start: '1', mark: 'm' };

/** A desk, its store, and what it asked for. */
export interface Bench {
  readonly desk: Desk;
  readonly kv: Kv;
  readonly disk: MemoryDisk;
  /** Why the box takes no new work; nothing at first. */
  readonly refusal: { code: ErrorCode | undefined };
  /** What its box lets the hub do. */
  readonly policies: PoliciesInHand;
  readonly ports: FakePorts;
  /** Effects in order: `queued accepted`, `end J1.1`, `forgotten J1.1`. */
  readonly asked: string[];
  /** What was written down of the hub's commands: `assign J1.1 done`. */
  readonly taken: string[];
  /** Where the log of every attempt ends. */
  printed: number;
  /** What its work left for the hub. */
  brought: ArtifactsReport | undefined;
  owesFiles: boolean;
  /** What starts while what was taken is on its way to the disk; nothing at first. */
  onTaken: () => void;
  /** What comes of a frame that is sent: there is no link at first. */
  send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  /** The keys of each batch that went to the disk. */
  readonly batches: (readonly string[])[];
  /** Facts on disk that wait for the hub, oldest first. */
  readFacts(): Promise<readonly FactMessage[]>;
  /** The store takes no more commits, as when the agent stops. */
  close(): Promise<void>;
  /** Takes commands as one delivery, numbered on. */
  take(...commands: readonly CommandMessage[]): Promise<void>;
}

function findCode(code: ErrorCode | undefined): AppError | undefined {
  return code === undefined ? undefined : new AppError(code);
}

/** Opens a desk on this disk, as an agent does at its start. */
export async function openBench(disk = instantDisk()): Promise<Bench> {
  const kv = await openMemoryKv(disk);
  const ports = new FakePorts();
  const batches: (readonly string[])[] = [];
  const watched = watchBatches(kv, batches);
  const rows = await openHeldRows(kv);
  const committer = openCommitter(watched, { ports, rows });
  const streams = await openPeerStreams(watched, { peer: hub, store: hubStore });
  const asked: string[] = [];
  const policies = openPoliciesInHand();
  const refusal = { code: undefined as ErrorCode | undefined };
  const desk = new Desk({
    mark: (attempt) => `store/${attempt}`,
    noteTaken: ({ verb, about, result }) => bench.taken.push(`${verb} ${about} ${result}`),
    findRefusal: (spec) => findCode(refusal.code) ?? policies.policies.findSpecRefusal(spec),
    committer,
    rows,
    ports,
    hub,
    held: sortHeld(rows.list()),
    streams,
    outlet: {
      send: (frame) => bench.send(frame),
      queued: (_store, rows) =>
        asked.push(...rows.map((row) => `queued ${decodeFact(row.bytes).kind}`)),
      endProcess: (attempt) => asked.push(`end ${attempt}`),
      taken: () => bench.onTaken(),
      changed: () => undefined,
      artifacts: () => bench.brought,
      owesArtifacts: () => bench.owesFiles,
      logEnd: () => bench.printed,
      forgotten: (attempt) => asked.push(`forgotten ${attempt}`),
      quarantined: (seq, code) => asked.push(`quarantined ${seq} ${code}`),
    },
  });
  const bench: Bench = {
    desk,
    ...{ taken: [], printed: 42 },
    send: () => 'closed',
    brought: undefined,
    owesFiles: false,
    onTaken: () => undefined,
    ...{ kv, disk, refusal, policies, ports, asked, batches },
    readFacts: async () => (await streams.read(0, 10_000)).map((row) => decodeFact(row.bytes)),
    close: () => committer.close(),
    take: (...commands) => {
      const first = (desk.streams?.counts.received ?? 0) + 1;
      return desk.take(
        commands.map(
          (command, index): StreamRow => ({ seq: first + index, bytes: encodeMessage(command) }),
        ),
      );
    },
  };
  return bench;
}

/** The same store, with the keys of each batch noted. */
function watchBatches(kv: Kv, batches: (readonly string[])[]): Kv {
  return {
    get: (key) => kv.get(key),
    range: (range) => kv.range(range),
    batch: (ops: readonly KvOp[], durability) => {
      batches.push(ops.map((op) => `${op.type} ${op.key}`));
      return kv.batch(ops, durability);
    },
    snapshot: () => kv.snapshot(),
    close: () => kv.close(),
  };
}

function openCommitter(
  kv: Kv,
  { ports, rows }: { readonly ports: FakePorts; readonly rows: HeldRows },
): Committer {
  return new Committer({ kv, ports, seal: () => rows.seal(), onFailure: () => undefined });
}

/** The rows by which a store without any holds these. */
export async function planHeld(kv: Kv, held: readonly HeldAttempt[]): Promise<readonly KvOp[]> {
  const rows = await openHeldRows(kv);
  for (const one of held) rows.put(one);
  return rows.seal();
}

/** The command that gives this attempt to the agent. */
export function assign(attempt: AttemptId): CommandMessage {
  return { kind: 'assign', attempt, spec: { ...spec, command: [...spec.command] }, issuedAt: 1 };
}

/** The command that ends it. */
export function cancel(attempt: AttemptId): CommandMessage {
  return { kind: 'cancel', attempt, at: 2 };
}
