/*
 * Every key of the store, in one place.
 *
 * A key is a prefix, a slash and parts; numbers are padded with zeros so that the order of keys is
 * the order of numbers. store/README.md documents each row; a prefix is retired, never reused.
 * Invariant: no prefix range contains the rows of another, and each key names one row for ever.
 */
import { assert } from '../protocol/errors.ts';
import type { AttemptId, JobId, PeerKey } from '../protocol/model.ts';

/**
 * One direction between two stores. `store` is the peer's store id, in hex: a peer that lost its
 * store is another stream, and nothing is ever replayed into it. Source: reliability facts, R2.
 */
export interface Stream {
  readonly peer: PeerKey;
  readonly store: string;
}

/** Prefix → what its rows are. The table that store/README.md and its test are held against. */
export const keyPrefixes = {
  'meta/': 'facts about the store itself',
  'o/': 'outbox: messages not yet acknowledged',
  'oa/': 'outbox: highest acknowledged number of a stream',
  'r/': 'inbox: highest applied number of a stream',
  'j/': 'jobs',
  'ja/': 'jobs that have not ended',
  'je/': 'jobs that have ended, in the order of their ends',
  'k/': 'keys under which jobs were dispatched',
  'l/': 'late reports of superseded attempts',
  'ah/': 'attempts that an agent holds, as a log of their changes',
  'ax/': 'attempts that an agent has given up, while their processes are ended',
  'd/': 'decisions',
  'da/': 'decisions that wait for the M2',
  'e/': 'journal of events',
  'w/': 'workers',
  'b/': 'boxes: how a worker’s is reached, and how it came about',
  'cp/': 'cockpits on other machines',
  'i/': 'open invites',
  's/': 'spawned boxes',
  'sp/': 'warm pools of providers',
  'q/': 'quarantined messages',
  'p/': 'messages that were in hand as processes ended',
  'au/': 'audit trail',
} as const;

/** A half-open range of keys. */
export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
}

/** The range of all keys that begin with `prefix`, which must end in plain ASCII (`/`, a digit). */
export function prefixRange(prefix: string): KeyRange {
  const last = prefix.charCodeAt(prefix.length - 1);
  assert(last > 0x1f && last < 0x7f, 'a key prefix ends in a printable ASCII character');
  return { gte: prefix, lt: prefix.slice(0, -1) + String.fromCharCode(last + 1) };
}

/** The range of every key there can be. */
export const wholeRange: KeyRange = { gte: '', lt: '\u{10FFFF}' };

/** `meta/format`: version of the disk format, a number. */
export const formatKey = 'meta/format';

/** `meta/store`: the store id, 32 hex digits, made with the store and never changed. */
export const storeIdKey = 'meta/store';

/** `meta/incarnation`: how often the store was opened, a number from 1. */
export const incarnationKey = 'meta/incarnation';

/** `meta/tail`: how many batches were ever written, a number; in every batch. See `reopen.ts`. */
export const tailKey = 'meta/tail';

/** `meta/ended`: the last incarnation that ended by itself, a number. */
export const endedKey = 'meta/ended';

/** `meta/backup`: which backup a migration made, and when. See `backup.ts`. */
export const backupKey = 'meta/backup';

/** `meta/audit`: where the chain of the audit trail ends, n and hash. See `audit.ts`. */
export const auditTailKey = 'meta/audit';

/** `meta/audit-gaps`: which entries of the trail a damaged store lost. See `audit-read.ts`. */
export const auditGapsKey = 'meta/audit-gaps';

/** `meta/marked`: up to which number jobs that have not ended are all marked. See `migrations/mark-old-jobs.ts`. */
export const markedKey = 'meta/marked';

/** `meta/NAME`: any other fact about the store; `name` is the owner's choice. */
export function metaKey(name: string): string {
  return `meta/${name}`;
}

/** `o/PEER@STORE/`: all messages of one outgoing stream. */
export function outboxPrefix(stream: Stream): string {
  return `o/${streamPart(stream)}/`;
}

/** `o/PEER@STORE/SEQ`: one message that is not acknowledged yet. */
export function outboxKey(stream: Stream, seq: number): string {
  return outboxPrefix(stream) + pad(seq, 16);
}

/** `oa/PEER@STORE`: highest acknowledged number of an outgoing stream. */
export function ackedKey(stream: Stream): string {
  return `oa/${streamPart(stream)}`;
}

/** `r/PEER@STORE`: highest applied number of an incoming stream. */
export function receivedKey(stream: Stream): string {
  return `r/${streamPart(stream)}`;
}

/** `p/PEER@STORE`: the message of a stream that was in the hands of a process as it ended, and how often. */
export function applyingKey(stream: Stream): string {
  return `p/${streamPart(stream)}`;
}

/** `j/N`: one job. */
export function jobKey(job: JobId): string {
  return `j/${jobPart(job)}`;
}

/** `ja/N`: present while the job has not ended. */
export function activeJobKey(job: JobId): string {
  return `ja/${jobPart(job)}`;
}

/** `k/KEY`: the job that was dispatched under a key of the asker's choice. */
export function dispatchKey(key: string): string {
  return `k/${key}`;
}

/** `je/AT/N`: jobs of which this has the highest number ended at AT, wall milliseconds by the hub's clock. */
export function endedJobKey(at: number, job: JobId): string {
  return `je/${pad(at, 16)}/${jobPart(job)}`;
}

/** Where one of the jobs of a `je/` row stands: beyond that row's key, before the next one's. */
export function endedPlace(key: string, job: JobId): string {
  return `${key}/${jobPart(job)}`;
}

/** The key of the row in which a place lies; that of a row is its own. */
export function readEndedPlace(place: string): string {
  return place.split('/').slice(0, 3).join('/');
}

/** What an `je/` key says; of a place, that of its row. */
export function readEndedJobKey(key: string): { readonly at: number; readonly job: JobId } {
  const [, at, job] = key.split('/');
  return { at: Number(at), job: `J${Number(job)}` };
}

/** `l/N/`: all late reports of one job. */
export function lateReportPrefix(job: JobId): string {
  return `l/${jobPart(job)}/`;
}

/** The job of an `l/` key. */
export function readLateReportKey(key: string): JobId {
  return `J${Number(key.split('/')[1])}`;
}

/** `l/N/ATTEMPT/PEER`: what that worker reported of a superseded attempt after all. */
export function lateReportKey(attempt: AttemptId, worker: PeerKey): string {
  return `${lateReportsPrefix(attempt)}${worker}`;
}

/** `l/N/ATTEMPT/`: all late reports of one attempt. */
export function lateReportsPrefix(attempt: AttemptId): string {
  const [job, n] = splitAttempt(attempt);
  return `l/${pad(job, 12)}/${pad(n, 6)}/`;
}

/** `d/N`: one decision; `n` is the number in its id. */
export function decisionKey(n: number): string {
  return `d/${pad(n, 12)}`;
}

/** `da/N`: present while the decision waits for the M2. */
export function openDecisionKey(n: number): string {
  return `da/${pad(n, 12)}`;
}

/** `ah/N`: what changed of the attempts that an agent holds, N being the number of the row. */
export function heldKey(n: number): string {
  return `ah/${pad(n, 16)}`;
}

/** `ax/N.ATTEMPT`: one that an agent has given up, while its processes are ended. */
export function disownedKey(attempt: AttemptId): string {
  return `ax/${attemptPart(attempt)}`;
}

/** `e/SEQ`: one event of the journal. */
export function eventKey(seq: number): string {
  return `e/${pad(seq, 16)}`;
}

/** `au/N`: lines of the audit trail, N being the number of the last of them. */
export function auditKey(n: number): string {
  return `au/${pad(n, 16)}`;
}

/** `w/PEER`: one worker. */
export function workerKey(peer: PeerKey): string {
  return `w/${peer}`;
}

/** `b/PEER`: the box of one worker. */
export function boxKey(peer: PeerKey): string {
  return `b/${peer}`;
}

/** `cp/PEER`: one cockpit on another machine. */
export function cockpitKey(peer: PeerKey): string {
  return `cp/${peer}`;
}

/** `i/KEY`: one open invite, under its one-time key. */
export function inviteKey(oneTimeKey: string): string {
  return `i/${oneTimeKey}`;
}

/** `s/NAME`: one spawned box, by the name that its worker gets. */
export function spawnKey(name: string): string {
  return `s/${name}`;
}

/** `sp/PROVIDER`: how filling the warm pool of a provider goes. */
export function poolKey(provider: string): string {
  return `sp/${provider}`;
}

/** `q/PEER/SEQ`: one message that could not be applied. */
export function quarantineKey(peer: PeerKey, seq: number): string {
  return `q/${peer}/${pad(seq, 16)}`;
}

/** The stream of an `o/`, `oa/` or `r/` key; undefined where the key is none of these. */
export function findStream(key: string): Stream | undefined {
  const parts = /^(?:o|oa|r)\/([^/@]+)@([^/@]+)(?:\/|$)/.exec(key);
  const [, peer, store] = parts ?? [];
  return peer === undefined || store === undefined ? undefined : { peer, store };
}

/** The number at the end of an outbox, journal, audit or quarantine key. */
export function getSeq(key: string): number {
  const seq = Number(key.slice(-16));
  assert(Number.isSafeInteger(seq), 'the key ends in a number of 16 digits');
  return seq;
}

/** Is the text an attempt id, `J` and two numbers from 1? Then it is safe as a file name too. */
export function isAttemptId(text: string): text is AttemptId {
  return /^J[1-9]\d{0,11}\.[1-9]\d{0,5}$/.test(text);
}

/** Orders attempts by job, then by number. */
export function compareAttempts(a: AttemptId, b: AttemptId): number {
  const [jobA, nA] = splitAttempt(a);
  const [jobB, nB] = splitAttempt(b);
  return jobA - jobB || nA - nB;
}

/** Streams are asked for their keys again and again, and by the same object. */
const streamParts = new WeakMap<Stream, string>();

function streamPart(stream: Stream): string {
  const known = streamParts.get(stream);
  if (known !== undefined) return known;
  const { peer, store } = stream;
  assert(isPart(peer) && isPart(store), 'peer key and store id hold no / and no @');
  const part = `${peer}@${store}`;
  streamParts.set(stream, part);
  return part;
}

function isPart(text: string): boolean {
  return /^[^/@]+$/.test(text);
}

function jobPart(job: JobId): string {
  return pad(Number(job.slice(1)), 12);
}

function attemptPart(attempt: AttemptId): string {
  const [job, n] = splitAttempt(attempt);
  return `${pad(job, 12)}.${pad(n, 6)}`;
}

function splitAttempt(attempt: AttemptId): readonly [job: number, n: number] {
  const dot = attempt.indexOf('.');
  return [Number(attempt.slice(1, dot)), Number(attempt.slice(dot + 1))];
}

function pad(n: number, digits: number): string {
  assert(Number.isSafeInteger(n) && n >= 0, 'a number in a key is a whole number from zero up');
  const text = String(n);
  assert(text.length <= digits, 'a number in a key fits its digits');
  return `${zeros[digits - text.length]}${text}`;
}

/** So many zeros, by their count. */
const zeros = Array.from({ length: 17 }, (_, count) => '0'.repeat(count));
