/*
 * What bytes from outside reach first, each as a function that may refuse but never fail.
 *
 * A target throws where its promise is broken: an error without a code that is its own, a value that
 * is more than plain data, a value that does not come back equal, a link that a peer broke without
 * its being closed. What it takes, it must be able to say again.
 */
import { isDeepStrictEqual } from 'node:util';
import { readHeld } from '../../agent/attempts.ts';
import { inviteRowSchema } from '../../cockpit/hub/invite-book.ts';
import { jobRowSchema } from '../../cockpit/manager/job-row.ts';
import { workerRowSchema } from '../../cockpit/manager/worker.ts';
import { findVerb } from '../../cockpit/verbs/registry.ts';
import { parseVerbArgs } from '../../cockpit/verbs/verb.ts';
import { decodeValue, encodeValue } from '../../protocol/codec.ts';
import { serveControl } from '../../protocol/control.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { AppError, type ErrorCode } from '../../protocol/errors.ts';
import { decodeFrame, encodeFrame, frameSchema } from '../../protocol/frames.ts';
import { createFrameDecoder } from '../../protocol/framing.ts';
import { isHotCommand, isHotFact, isHotFrame } from '../../protocol/hot-shapes.ts';
import { parseInvite } from '../../protocol/invite.ts';
import {
  commandMessageSchema,
  decodeCommand,
  decodeFact,
  encodeMessage,
  factMessageSchema,
  findAssigned,
} from '../../protocol/messages.ts';
import { answerPair, askToPair } from '../../protocol/pairing.ts';
import { readReceived } from '../../store/inbox.ts';
import { readEvents } from '../../store/journal.ts';
import { heldKey } from '../../store/keys.ts';
import { readRow } from '../../store/row-codec.ts';
import type { Family } from './corpus.ts';
import { encodeCode, HeldLink, noTimers, oneRow } from './surroundings.ts';

/** What a decoder made of some bytes. */
export type Verdict = 'taken' | 'refused';

/** One decoder under test. */
export interface Target {
  readonly name: string;
  /** Mutants of these families are always tried here; others seldom. */
  readonly families: readonly Family[];
  run(bytes: Uint8Array): Verdict | Promise<Verdict>;
}

const frameCodes: readonly ErrorCode[] = ['FRAME_INVALID', 'FRAME_TOO_LARGE', 'PEER_VERSION'];
const rowCodes: readonly ErrorCode[] = ['STORE_DAMAGED'];

/** Every target. */
export const targets: readonly Target[] = [
  { name: 'codec', families: ['frame', 'message', 'control', 'invite', 'row'], run: tryCodec },
  { name: 'frame', families: ['frame'], run: tryFrame },
  { name: 'command', families: ['message'], run: tryCommand },
  { name: 'fact', families: ['message'], run: tryFact },
  { name: 'hot shapes', families: ['frame', 'message'], run: tryHotShapes },
  { name: 'framing', families: [], run: tryFraming },
  { name: 'control server', families: ['control'], run: tryControlServer },
  { name: 'control client', families: ['control'], run: tryControlClient },
  { name: 'invite', families: ['invite'], run: tryInvite },
  { name: 'pairing hub', families: [], run: tryPairingHub },
  { name: 'pairing agent', families: [], run: tryPairingAgent },
  { name: 'job row', families: ['row'], run: (bytes) => tryRow(jobRowSchema, bytes) },
  { name: 'worker row', families: ['row'], run: (bytes) => tryRow(workerRowSchema, bytes) },
  { name: 'invite row', families: ['row'], run: (bytes) => tryRow(inviteRowSchema, bytes) },
  { name: 'held row', families: ['row'], run: (bytes) => tryRows(readHeld, heldKey(1), bytes) },
  { name: 'event row', families: ['row'], run: (bytes) => tryRows(readJournal, 'e/x', bytes) },
  { name: 'mark row', families: ['row'], run: (bytes) => tryRows(readMark, 'r/x', bytes) },
];

/** Gives what `decode` gives, or undefined where it refused as it may. */
function refusable<T>(codes: readonly ErrorCode[], decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof AppError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

function tryCodec(bytes: Uint8Array): Verdict {
  const value = refusable(['FRAME_INVALID'], () => ({ is: decodeValue(bytes) }));
  if (value === undefined) return 'refused';
  assertPlain(value.is);
  return expectSame('codec', decodeValue(encodeValue(value.is)), value.is);
}

/** Nothing but what JSON has, and byte arrays. */
function assertPlain(value: unknown): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' || value instanceof Uint8Array) return;
  if (typeof value !== 'object') throw new Error(`a decoded value is a ${typeof value}`);
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== Array.prototype) {
    throw new Error(`a decoded value is no plain object: ${String(value)}`);
  }
  for (const inner of Object.values(value)) assertPlain(inner);
}

function tryFrame(bytes: Uint8Array): Verdict {
  const frame = refusable(frameCodes, () => decodeFrame(bytes));
  if (frame === undefined || frame.t === 'unknown') return 'refused';
  return expectSame('frame', decodeFrame(encodeFrame(frame)), frame);
}

function tryCommand(bytes: Uint8Array): Verdict {
  findAssigned(bytes);
  const command = refusable(frameCodes, () => decodeCommand(bytes));
  if (command === undefined) return 'refused';
  return expectSame('command', decodeCommand(encodeMessage(command)), command);
}

function tryFact(bytes: Uint8Array): Verdict {
  const fact = refusable(frameCodes, () => decodeFact(bytes));
  if (fact === undefined) return 'refused';
  return expectSame('fact', decodeFact(encodeMessage(fact)), fact);
}

/** What is known without its schema is what the schema would give, and nothing else. */
function tryHotShapes(bytes: Uint8Array): Verdict {
  const value = refusable(['FRAME_INVALID'], () => ({ is: decodeValue(bytes) }));
  if (value === undefined) return 'refused';
  const hot = [
    [isHotFrame(value.is), frameSchema],
    [isHotCommand(value.is), commandMessageSchema],
    [isHotFact(value.is), factMessageSchema],
  ] as const;
  for (const [isHot, schema] of hot) {
    if (isHot) expectSame('hot shape', schema.parse(value.is), value.is);
  }
  return hot.some(([isHot]) => isHot) ? 'taken' : 'refused';
}

/** The bytes are a stream: whole, in two and in three pieces they hold the same frames. */
function tryFraming(bytes: Uint8Array): Verdict {
  const whole = createFrameDecoder().push(bytes);
  const third = Math.floor(bytes.length / 3);
  for (const cuts of [[third], [bytes.length - third], [third, third * 2], [1, 3], [2, 4]]) {
    const decoder = createFrameDecoder();
    const ends = [...cuts, bytes.length];
    const batches = ends.map((end, index) =>
      decoder.push(bytes.subarray(cuts[index - 1] ?? 0, end)),
    );
    const frames = batches.flatMap((batch) => batch.frames);
    expectSame('framing', { frames, fault: batches.at(-1)?.fault }, whole);
  }
  for (const frame of whole.frames) tryFrame(frame);
  return whole.fault === undefined ? 'taken' : 'refused';
}

async function tryControlServer(bytes: Uint8Array): Promise<Verdict> {
  const link = new HeldLink();
  serveControl(link, async ({ verb, args }) => {
    const known = findVerb(verb);
    return known === undefined ? null : (parseVerbArgs(known, args) as object);
  });
  link.bring(bytes);
  await link.rest();
  const isTaken = link.closedBecause === undefined;
  link.end();
  for (const said of link.said) decodeValue(said);
  return isTaken ? 'taken' : 'refused';
}

async function tryControlClient(bytes: Uint8Array): Promise<Verdict> {
  const link = new HeldLink();
  const client = new ControlClient(link, 'HUB_UNREACHABLE');
  const calls = [client.call('status', {}), client.call('jobs', {})];
  link.bring(bytes);
  await link.rest();
  const isTaken = link.closedBecause === undefined;
  client.close();
  for (const call of calls) await call.catch(expectCoded);
  return isTaken ? 'taken' : 'refused';
}

function tryInvite(bytes: Uint8Array): Verdict {
  const codes: readonly ErrorCode[] = ['INVITE_MALFORMED'];
  refusable(codes, () => parseInvite(Buffer.from(bytes).toString('latin1')));
  const invite = refusable(codes, () => parseInvite(encodeCode(bytes)));
  if (invite === undefined) return 'refused';
  assertPlainInvite(invite);
  return 'taken';
}

function assertPlainInvite(invite: ReturnType<typeof parseInvite>): void {
  const all = [...invite.addresses, ...invite.rendezvous];
  const isSound = all.every(({ port, host }) => port >= 1 && port <= 65_535 && host.length > 0);
  if (!isSound || invite.hubKey.length !== 64) throw new Error('an invite was taken half read');
}

async function tryPairingHub(bytes: Uint8Array): Promise<Verdict> {
  const link = new HeldLink();
  answerPair(link, noTimers, async () => 'alice');
  link.bring(bytes);
  await link.rest();
  const [answer] = link.said.map((said) => decodeFrame(said).t);
  if (answer !== 'paired' && answer !== 'nak') throw new Error(`pairing answered ${answer}`);
  return answer === 'paired' ? 'taken' : 'refused';
}

async function tryPairingAgent(bytes: Uint8Array): Promise<Verdict> {
  const link = new HeldLink();
  const asked = askToPair(link, { key: 'ab'.repeat(32), host: 'box' }, noTimers);
  link.bring(bytes);
  link.end();
  const name = await asked.catch(expectCoded);
  return name === undefined ? 'refused' : 'taken';
}

function tryRow(schema: Parameters<typeof readRow<unknown>>[0], value: Uint8Array): Verdict {
  const row = refusable(rowCodes, () => readRow(schema, { key: 'x', value }));
  if (row === undefined) return 'refused';
  return expectSame('row', readRow(schema, { key: 'x', value: encodeValue(row) }), row);
}

async function tryRows(
  read: (kv: ReturnType<typeof oneRow>) => Promise<unknown>,
  key: string,
  value: Uint8Array,
): Promise<Verdict> {
  try {
    await read(oneRow({ key, value }));
    return 'taken';
  } catch (error) {
    if (!(error instanceof AppError && rowCodes.includes(error.code))) throw error;
    return 'refused';
  }
}

function readJournal(kv: ReturnType<typeof oneRow>): Promise<unknown> {
  return readEvents(kv, { afterSeq: 0, countMax: 10 });
}

function readMark(kv: ReturnType<typeof oneRow>): Promise<unknown> {
  return readReceived(kv, { peer: 'a', store: 'b' });
}

function expectCoded(error: unknown): undefined {
  if (!(error instanceof AppError)) throw error;
}

function expectSame(what: string, got: unknown, wanted: unknown): 'taken' {
  if (isDeepStrictEqual(liftZeros(got), liftZeros(wanted))) return 'taken';
  throw new Error(`${what}: what was taken comes back changed`);
}

/** A copy without -0, which is 0 to all of us and which our encoding writes as 0. */
function liftZeros(value: unknown): unknown {
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(liftZeros);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, liftZeros(inner)]));
}
