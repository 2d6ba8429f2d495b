/*
 * Quick verdicts on the few shapes that make up nearly all traffic: a job's messages and log, their frames,
 * and the hello of an agent, since a thousand of them come at once when a hub is back.
 *
 * Each function says yes only to a value that its schema would give back as it is: every field known,
 * present where it must be, in its bounds, and no text that a schema would change. It never refuses:
 * whatever is not surely right goes to the schema, which alone decides and words the refusal. So a
 * field that is added to a schema costs speed until it is added here, and is never lost.
 * Invariant: yes here means that the schema gives an equal value; test/protocol/hot-shapes.test.ts.
 */
import {
  attemptsHeldMax,
  harnessesMax,
  logChunkBytesMax,
  logRecordsMax,
  messageBytesMax,
  needCountMax,
  windowFramesMax,
} from './limits.ts';
import { outcomes, reconciles } from './model.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Is it a `hello`, `data`, `ended`, `ended-kept`, `ack`, `ping`, `pong`, `log` or `log-ack` frame beyond doubt? */
export function isHotFrame(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value.t) {
    case 'data':
      return isData(value);
    case 'ended':
      return hasFields(value, 2) && isList(value.reports, windowFramesMax, isBody);
    case 'ended-kept':
      return hasFields(value, 2) && isList(value.attempts, windowFramesMax, isAttempt);
    case 'ack':
      return (
        hasFields(value, 3) && isCount(value.received) && isList(value.need, needCountMax, isSeq)
      );
    case 'ping':
      return isMoment(value.at) && hasFields(value, 2 + countOptional(value, 'load', isLoad));
    case 'pong':
      return isPong(value);
    case 'log':
      return isLog(value);
    case 'log-ack':
      return isLogAck(value);
    case 'hello':
      return isHello(value);
    default:
      return false;
  }
}

/** Is it an `assign` or `cancel` beyond doubt? */
export function isHotCommand(value: unknown): boolean {
  if (!isFields(value) || !isAttempt(value.attempt)) return false;
  if (value.kind === 'cancel') return hasFields(value, 3) && isInstant(value.at);
  if (value.kind !== 'assign' || !isInstant(value.issuedAt) || !isSpec(value.spec)) return false;
  const expires = countOptional(value, 'expiresAt', isInstant);
  return hasFields(value, 4 + expires);
}

/** Is it an `accepted`, `started` or `finished` beyond doubt? */
export function isHotFact(value: unknown): boolean {
  if (!isFields(value) || !isAttempt(value.attempt) || !isInstant(value.at)) return false;
  if (value.kind === 'accepted') return hasFields(value, 3);
  const accepted = countOptional(value, 'acceptedAt', isInstant);
  if (value.kind === 'started') return hasFields(value, 3 + accepted);
  if (value.kind !== 'finished' || !isCount(value.logBytes) || !isUsage(value.usage)) return false;
  if (!outcomeWords.has(value.outcome)) return false;
  // A reason is text that a schema cleans, so what has one is left to it.
  const optional =
    countOptional(value, 'startedAt', isInstant) + countOptional(value, 'code', isPlain64);
  return hasFields(value, 6 + accepted + optional);
}

const instantMax = 8.64e15;
const outcomeWords: ReadonlySet<unknown> = new Set(outcomes);
const attemptForm = /^J[1-9]\d{0,11}\.[1-9]\d{0,5}$/;

const storeForm = /^[0-9a-f]{32}$/;
const heldStates: ReadonlySet<unknown> = new Set(['accepted', 'starting', 'running', 'finished']);

/** One that says no more than how things stand; what it says once after a change is left to the schema. */
function isHello(value: Fields): boolean {
  const { forStore, role } = value;
  if (role !== 'hub' && role !== 'agent') return false;
  if (!isStore(value.store) || !(forStore === null || isStore(forStore))) return false;
  if (!isSeq(value.protoMin) || !isSeq(value.protoMax) || !isSeq(value.incarnation)) return false;
  if (!isCount(value.received) || !isCount(value.queued) || !isMoment(value.wallMs)) return false;
  if (!isFlag(value.isOpen) || !isPlain64(value.version)) return false;
  const optional =
    countOptional(value, 'name', isPlain64) +
    countOptional(value, 'host', isPlain64) +
    countOptional(value, 'capabilities', isCapabilities) +
    countOptional(value, 'inventory', isInventory) +
    countOptional(value, 'build', isPlain64) +
    countOptional(value, 'takesMany', isFlag) +
    countOptional(value, 'takesWhole', isFlag);
  return hasFields(value, 12 + optional);
}

function isStore(value: unknown): boolean {
  return typeof value === 'string' && storeForm.test(value);
}

function isCapabilities(value: unknown): boolean {
  if (!isFields(value) || !isPlain64(value.os) || !isPlain64(value.arch)) return false;
  if (!isCount(value.cpus) || (value.cpus as number) > 100_000) return false;
  if (!isAmount(value.memoryBytes) || !isTools(value.has)) return false;
  const optional =
    countOptional(value, 'harnesses', isHarnesses) + countOptional(value, 'node', isPlain32);
  return hasFields(value, 5 + optional);
}

function isTools(value: unknown): boolean {
  return isList(value, 256, isPlain64);
}

function isHarnesses(value: unknown): boolean {
  return isTools(value) && (value as readonly unknown[]).length <= harnessesMax;
}

function isInventory(value: unknown): boolean {
  return isList(value, attemptsHeldMax, (row) => isFields(row) && isHeld(row));
}

function isHeld(row: Fields): boolean {
  return hasFields(row, 2) && isAttempt(row.attempt) && heldStates.has(row.state);
}

function isData(value: Fields): boolean {
  const more = countOptional(value, 'more', isMore);
  return hasFields(value, 3 + more) && isSeq(value.seq) && isBody(value.body);
}

function isPong(value: Fields): boolean {
  const optional =
    countOptional(value, 'queued', isCount) + countOptional(value, 'wallMs', isMoment);
  return isMoment(value.at) && hasFields(value, 2 + optional);
}

function isLoad(value: unknown): boolean {
  if (!isFields(value) || !isBetween(value.cpuLoad, 0, 1_000_000)) return false;
  const disk = countOptional(value, 'diskFreeBytes', isAmount);
  return isAmount(value.memoryFreeBytes) && hasFields(value, 2 + disk);
}

function isLogAck(value: Fields): boolean {
  if (!isAttempt(value.attempt) || !isCount(value.offset) || !isFlag(value.isReset)) return false;
  return hasFields(value, 4 + countOptional(value, 'window', isCount));
}

function isLog(value: Fields): boolean {
  const { from, records, next } = value;
  if (!hasFields(value, 5) || !isAttempt(value.attempt)) return false;
  if (!is48Bits(from) || !is48Bits(next)) return false;
  if (!Array.isArray(records) || records.length > logRecordsMax) return false;
  // In order, and no byte twice.
  let at = from;
  for (const record of records) {
    if (!isLogRecord(record) || record.offset < at) return false;
    at = record.offset + record.bytes.length;
  }
  return at <= next;
}

function isLogRecord(
  value: unknown,
): value is { readonly offset: number; readonly bytes: Uint8Array } {
  if (!isFields(value) || !hasFields(value, 4)) return false;
  const { offset, stream, at, bytes } = value;
  if (stream !== 'stdout' && stream !== 'stderr') return false;
  if (!is48Bits(offset) || !is48Bits(at)) return false;
  return bytes instanceof Uint8Array && bytes.length <= logChunkBytesMax;
}

function isMore(value: unknown): boolean {
  return isList(value, windowFramesMax - 1, isBody);
}

function isList(
  value: unknown,
  countMax: number,
  isSound: (item: unknown) => boolean,
): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= countMax && value.every(isSound);
}

function isSpec(value: unknown): boolean {
  if (!isFields(value) || !isCommand(value.command) || !isEnv(value.env)) return false;
  if (typeof value.isIdempotent !== 'boolean' || !isSeq(value.lostAfterMs)) return false;
  const optional =
    countOptional(value, 'cwd', isShortText) +
    countOptional(value, 'repo', isShortText) +
    countOptional(value, 'deadlineMs', isSeq) +
    countOptional(value, 'stopAfterMs', isSeq) +
    countOptional(value, 'mayReplace', isFlag) +
    countOptional(value, 'reconcile', isReconcile);
  return hasFields(value, 4 + optional);
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isReconcile(value: unknown): boolean {
  return reconciles.some((rule) => rule === value);
}

function isUsage(value: unknown): boolean {
  if (!isFields(value)) return false;
  const optional =
    countOptional(value, 'exitCode', Number.isSafeInteger) +
    countOptional(value, 'cpuMs', isAmount) +
    countOptional(value, 'memoryBytesPeak', isCount);
  return hasFields(value, optional);
}

function isCommand(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 1 || value.length > 16_384) return false;
  return value.every((word) => typeof word === 'string' && word.length <= messageBytesMax);
}

function isEnv(value: unknown): boolean {
  if (!isFields(value)) return false;
  for (const name in value) {
    const text = value[name];
    // What no plain object can carry is left to the schema, which leaves it out.
    if (name === '__proto__') return false;
    if (name.length > 256 || typeof text !== 'string' || text.length > 64 * 1024) return false;
  }
  return true;
}

function isBody(value: unknown): boolean {
  return value instanceof Uint8Array && value.length > 0 && value.length <= messageBytesMax;
}

function isAttempt(value: unknown): boolean {
  return typeof value === 'string' && attemptForm.test(value);
}

function isSeq(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What a log's record on disk has room for. */
function is48Bits(value: unknown): value is number {
  return isCount(value) && (value as number) < 2 ** 48;
}

function isInstant(value: unknown): boolean {
  return isCount(value) && (value as number) <= instantMax;
}

/** As a clock tells it, with fractions. */
function isMoment(value: unknown): boolean {
  return isBetween(value, 0, instantMax);
}

function isAmount(value: unknown): boolean {
  return isBetween(value, 0, Number.MAX_VALUE);
}

function isBetween(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 4096;
}

/** What the schema cleans of control characters is left to it. */
function isPlain64(value: unknown): boolean {
  return typeof value === 'string' && /^[ -~]{0,64}$/.test(value);
}

function isPlain32(value: unknown): boolean {
  return isPlain64(value) && (value as string).length <= 32;
}

/** A decoded map; byte arrays and lists are objects too. */
function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** One where the field is there and sound; where it is not sound, more than any shape has fields. */
function countOptional(value: Fields, name: string, isSound: (field: unknown) => boolean): number {
  if (!(name in value)) return 0;
  return isSound(value[name]) ? 1 : 1000;
}

/** Has it just so many fields? With all the known ones counted, a further one is unknown. */
function hasFields(value: Fields, count: number): boolean {
  let found = 0;
  for (const _name in value) found += 1;
  return found === count;
}
