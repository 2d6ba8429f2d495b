/*
 * The frames of a session: every kind of value that travels on a link between hub and agent.
 *
 * A frame is one msgpack map with its kind in `t`. `hello` opens; `data` and `ack` carry durable
 * messages; the rest is ephemeral and may be lost. A frame of an unknown kind is not an error: a
 * newer peer sent it, and it is answered with `nak`. A known kind that does not fit its schema is.
 * Errors: FRAME_INVALID, FRAME_TOO_LARGE, PEER_VERSION. Source: DESIGN section 5, reliability facts R1-R5.
 */
import { z } from 'zod';
import { boxFrameSchemas, upgradeToldSchema } from './box-frames.ts';
import { decodeOwned, encodeValue, lendEncoded } from './codec.ts';
import { findingNameSchema, findingSchema } from './doctor.ts';
import { endedFrameSchemas } from './ended-frames.ts';
import { AppError } from './errors.ts';
import { isHotFrame } from './hot-shapes.ts';
import {
  artifactChunkBytesMax,
  artifactsCountMax,
  attemptsHeldMax,
  findingsMax,
  frameBytesMax,
  harnessesMax,
  logChunkBytesMax,
  logRecordsMax,
  needCountMax,
  policyLineLettersMax,
  policyLinesMax,
  windowFramesMax,
} from './limits.ts';
import { attemptIdSchema, keptDirectorySchema, messageBodySchema } from './messages.ts';
import { peerText } from './peer-text.ts';
import { reachSchema } from './reach.ts';
import { terminalFrameSchemas } from './terminal-frames.ts';
import { negotiateVersion, type VersionRange } from './version.ts';

/** Oldest protocol version that this program speaks. */
export const protocolMin = 1;
/** Newest protocol version that this program speaks. */
export const protocolMax = 1;
/** Both, as hello says them. */
export const ownVersions: VersionRange = { protoMin: protocolMin, protoMax: protocolMax };

const seq = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const cursor = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const instant = z.number().min(0).max(8.64e15);
/** What a log's record on disk has room for: 48 bits. */
const logOffset = z
  .number()
  .int()
  .min(0)
  .max(2 ** 48 - 1);
const logInstant = z
  .number()
  .int()
  .min(0)
  .max(2 ** 48 - 1);
const storeId = z.string().regex(/^[0-9a-f]{32}$/);
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** The shape of `Capabilities`. */
export const capabilitiesSchema = z.object({
  os: peerText(64),
  arch: peerText(64),
  cpus: z.number().int().min(0).max(100_000),
  memoryBytes: z.number().min(0),
  has: z.array(peerText(64)).max(256),
  harnesses: z.array(peerText(64)).max(harnessesMax).readonly().exactOptional(),
  node: peerText(32).exactOptional(),
});

/** The shape of `BoxLoad`. */
const loadSchema = z.object({
  cpuLoad: z.number().min(0).max(1_000_000),
  memoryFreeBytes: z.number().min(0),
  diskFreeBytes: z.number().min(0).exactOptional(),
});

/** One attempt that the agent holds, as a positive statement. `left` = ended and already reported. */
const inventoryRowSchema = z.object({
  attempt: attemptIdSchema,
  state: z.enum(['accepted', 'starting', 'running', 'finished']),
});

/** What a hello of every version begins with. */
const versionsSchema = z.object({
  protoMin: z.number().int().min(1),
  protoMax: z.number().int().min(1),
});

/** Who speaks, from which store and start, what it has received, and what it holds. */
const helloSchema = z.object({
  t: z.literal('hello'),
  ...versionsSchema.shape,
  role: z.enum(['hub', 'agent']),
  version: peerText(64),
  store: storeId,
  incarnation: z.number().int().min(1),
  /** The peer's store that `received` speaks of; null when the peer is not known yet. */
  forStore: storeId.nullable(),
  received: cursor,
  /** Last durable message queued for `forStore`: the receiver starts nothing before it has come so far. */
  queued: cursor,
  /** The sender has heard enough; a hello without this wants an answer. */
  isOpen: z.boolean(),
  wallMs: instant,
  /** From the hub: the name that the agent bears. */
  name: peerText(64).exactOptional(),
  host: peerText(256).exactOptional(),
  capabilities: capabilitiesSchema.exactOptional(),
  inventory: z.array(inventoryRowSchema).max(attemptsHeldMax).exactOptional(),
  /** I take `data` frames that carry many messages. */
  takesMany: z.boolean().exactOptional(),
  /** From the hub: I take a report of what came last for those of all that came before it. */
  takesWhole: z.boolean().exactOptional(),
  /** From the hub: I take `ended`. */
  takesEnded: z.boolean().exactOptional(),
  /** From an agent: the version that runs, by the name of its directory. */
  build: peerText(96).exactOptional(),
  /** From an agent that starts nothing new now: why. */
  draining: peerText(16).exactOptional(),
  /** From an agent: what became of its last change of version. */
  upgrade: upgradeToldSchema.exactOptional(),
  /** From the hub: where it may be found from now on. */
  reach: reachSchema.exactOptional(),
});

/** One message, and those that follow it without a hole, to a peer that takes many. */
const dataSchema = z.object({
  t: z.literal('data'),
  seq,
  body: messageBodySchema,
  more: z
    .array(messageBodySchema)
    .max(windowFramesMax - 1)
    .exactOptional(),
});

/** All up to `received` is on disk and applied; `need` are missing ones after it. */
const ackSchema = z.object({
  t: z.literal('ack'),
  received: cursor,
  need: z.array(seq).max(needCountMax),
});

const pingSchema = z.object({
  t: z.literal('ping'),
  at: instant,
  /** From an agent, now and then: how busy its box is. */
  load: loadSchema.exactOptional(),
});
const pongSchema = z.object({
  t: z.literal('pong'),
  at: instant,
  /** From the hub: last durable message queued; the ping renews leases once all of it was applied. */
  queued: cursor.exactOptional(),
  /** From the hub: its wall clock, by which deadlines are told. */
  wallMs: instant.exactOptional(),
});

/** Where does the hub's copy of this log end? */
const logAskSchema = z.object({ t: z.literal('log-ask'), attempt: attemptIdSchema });

/** Output from `from` up to `next`; records may leave out what the log's cap dropped. */
const logSchema = z
  .object({
    t: z.literal('log'),
    attempt: attemptIdSchema,
    from: logOffset,
    records: z
      .array(
        z.object({
          offset: logOffset,
          stream: z.enum(['stdout', 'stderr']),
          at: logInstant,
          bytes: bytes.refine((value) => value.length <= logChunkBytesMax),
        }),
      )
      .max(logRecordsMax),
    next: logOffset,
  })
  .refine(isInPlace);

/**
 * The hub's copy is durable up to `offset`. `isReset`: what came did not follow it; go on from there.
 * `window`: bytes that this worker may have under way over all its logs from now on.
 */
const logAckSchema = z.object({
  t: z.literal('log-ack'),
  attempt: attemptIdSchema,
  offset: cursor,
  isReset: z.boolean(),
  window: cursor.exactOptional(),
});

const artifactIndex = z.number().int().min(0).max(artifactsCountMax);

/** Where does the hub's copy of this file end? `index` is its place in the attempt's report. */
const artifactAskSchema = z.object({
  t: z.literal('artifact-ask'),
  attempt: attemptIdSchema,
  index: artifactIndex,
});

/** A piece of a file, or with `code` and no bytes: it cannot be had any more, and why. */
const artifactSchema = z.object({
  t: z.literal('artifact'),
  attempt: attemptIdSchema,
  index: artifactIndex,
  from: cursor,
  bytes: bytes.refine((value) => value.length <= artifactChunkBytesMax),
  code: peerText(64).exactOptional(),
});

/** The hub's copy is durable up to `offset`. `isDone`: it is whole and verified, or not wanted. */
const artifactAckSchema = z.object({
  t: z.literal('artifact-ack'),
  attempt: attemptIdSchema,
  index: artifactIndex,
  offset: cursor,
  isReset: z.boolean(),
  isDone: z.boolean(),
});

/** An agent that holds an invite asks to be trusted under its own key. */
const pairSchema = z.object({
  t: z.literal('pair'),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  host: peerText(256),
});

/** It is; it bears this name from now on. */
const pairedSchema = z.object({ t: z.literal('paired'), name: peerText(64) });

/** Hub → agent: diagnose yourself, and apply what is safe where `fix` says so. Optional: an older agent naks it. */
const doctorAskSchema = z.object({
  t: z.literal('doctor-ask'),
  id: cursor,
  fix: z.boolean(),
  /** Mend this finding alone; an older agent mends all that is safe. */
  only: findingNameSchema.exactOptional(),
  /** Look at this area alone, and mend in it alone; an older agent looks at all. */
  area: peerText(16).exactOptional(),
});

/** The answer to the question of this `id`. */
const doctorSchema = z.object({
  t: z.literal('doctor'),
  id: cursor,
  findings: z.array(findingSchema).max(findingsMax),
  fixed: z.array(findingSchema).max(findingsMax),
});

/**
 * Hub → agent: remove the checkout that this ended attempt left, where it holds nothing that is nowhere
 * else, or with all that it holds. Optional: an older agent naks it.
 */
const treeAskSchema = z.object({
  t: z.literal('tree-ask'),
  id: cursor,
  attempt: attemptIdSchema,
  discard: z.boolean(),
});

/** The answer to the question of this `id`: what is still there, and why; nothing where it is gone. */
const treeSchema = z.object({
  t: z.literal('tree'),
  id: cursor,
  kept: keptDirectorySchema.exactOptional(),
});

/** Agent → hub, at each opening and each change: what its box's policy says, in its own words. An older hub naks it. */
const policySchema = z.object({
  t: z.literal('policy'),
  is: z.enum(['open', 'ruled', 'broken']),
  lines: z.array(peerText(policyLineLettersMax)).max(policyLinesMax),
});

/** What you sent was not taken. Sent before closing, or for an unknown kind. */
const nakSchema = z.object({ t: z.literal('nak'), code: peerText(64), message: peerText(1024) });

/** Every frame kind. */
export const frameSchema = z.discriminatedUnion('t', [
  helloSchema,
  dataSchema,
  ...endedFrameSchemas,
  ackSchema,
  pingSchema,
  pongSchema,
  logAskSchema,
  logSchema,
  logAckSchema,
  artifactAskSchema,
  artifactSchema,
  artifactAckSchema,
  pairSchema,
  pairedSchema,
  doctorAskSchema,
  doctorSchema,
  treeAskSchema,
  treeSchema,
  policySchema,
  ...terminalFrameSchemas,
  ...boxFrameSchemas,
  nakSchema,
]);

/** Any frame. */
export type Frame = z.infer<typeof frameSchema>;
/** The greeting. */
export type HelloFrame = z.infer<typeof helloSchema>;
/** A box's policy, as it tells it. */
export type PolicyFrame = z.infer<typeof policySchema>;
/** The answer to a ping. */
export type PongFrame = z.infer<typeof pongSchema>;
/** Asks for a pong. */
export type PingFrame = z.infer<typeof pingSchema>;
/** Frames that the session itself has no use for and hands to its owner. */
export type OwnerFrame = Exclude<Frame, { t: (typeof sessionKinds)[number] }>;

/** Frames that the connection or the session itself answers. */
const sessionKinds = ['hello', 'ping', 'pong', 'data', 'ack', 'pair', 'paired'] as const;
/** One row of an agent's inventory. */
export type InventoryRow = z.infer<typeof inventoryRowSchema>;

/** What arrived: a frame, or a kind that a newer peer knows and we do not. */
export type DecodedFrame = Frame | { readonly t: 'unknown'; readonly kind: string };

const kinds: ReadonlySet<string> = new Set(
  frameSchema.options.map((option) => option.shape.t.value),
);

/** Is it for the session's owner? */
export function isOwnerFrame(frame: Frame): frame is OwnerFrame {
  return !sessionKinds.some((kind) => kind === frame.t);
}

/** Encodes a frame. Ours are always within the limit; an assertion of `send` holds it. */
export function encodeFrame(frame: Frame): Uint8Array {
  return encodeValue(frame);
}

/** The same for a link, which copies at once: the bytes are good until the next frame is lent. */
export function lendFrame(frame: Frame): Uint8Array {
  return lendEncoded(frame);
}

/**
 * Reads a frame from the wire, whose bytes then belong to it. Errors: FRAME_INVALID,
 * FRAME_TOO_LARGE, PEER_VERSION for a hello.
 */
export function decodeFrame(arrived: Uint8Array): DecodedFrame {
  if (arrived.length > frameBytesMax) throw new AppError('FRAME_TOO_LARGE');
  const value = decodeOwned(arrived);
  if (isHotFrame(value)) return value as Frame;
  const kind = readKind(value);
  if (!kinds.has(kind)) return { t: 'unknown', kind: kind.slice(0, 64) };
  const parsed = frameSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (kind === 'hello') assertSharedVersion(value);
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new AppError('FRAME_INVALID', `A ${kind} frame does not fit its schema at "${where}".`);
}

/** A hello of a version that we do not know may look otherwise, and must still be told why it is refused. */
function assertSharedVersion(value: unknown): void {
  const range = versionsSchema.safeParse(value);
  if (!range.success || negotiateVersion(ownVersions, range.data) !== undefined) return;
  throw new AppError('PEER_VERSION');
}

function readKind(value: unknown): string {
  if (typeof value === 'object' && value !== null && 't' in value && typeof value.t === 'string') {
    return value.t;
  }
  throw new AppError('FRAME_INVALID', 'A frame is not a map with its kind in "t".');
}

/** Do the records lie between `from` and `next`, in order, without a byte twice? */
function isInPlace(log: {
  readonly from: number;
  readonly records: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly next: number;
}): boolean {
  let at = log.from;
  for (const record of log.records) {
    if (record.offset < at) return false;
    at = record.offset + record.bytes.length;
  }
  return at <= log.next;
}
