/*
 * What passes between hub and agents, seen from outside: what is under way, and who answered whom.
 *
 * It knows the frames by their bytes only and keeps its own books, so it holds whatever the product
 * believes of itself. A queue or a window over its cap is a violation at once. The instants of
 * answered pings are kept for judging leases.
 */
import { decodeValue } from '../../protocol/codec.ts';
import {
  ackWaitMs,
  logChunkBytesMax,
  logWindowBytesMax,
  messageBytesMax,
  needCountMax,
  windowBytesMax,
  windowFramesMax,
} from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { listMessages, readFrame } from './frame-kind.ts';
import type { History } from './history.ts';
import type { SimLink } from './sim-link.ts';

/** The longest wait of an ack, on a clock that is slow by a tenth, in whole milliseconds. */
const ackDelayMs = Math.ceil(ackWaitMs / 0.9) + 1;

/** Pings of one box whose answers may still come. */
const pingsMax = 64;

/** What one end has sent on one link. */
interface Sent {
  /** Bytes of each message that was not acknowledged to this end, by number. */
  readonly data: Map<number, number>;
  /** Where each log stands: sent up to, and acknowledged up to. */
  readonly logs: Map<string, { through: number; acked: number }>;
}

interface Answers {
  /** When each ping left, by its clock. */
  readonly pings: Map<number, number>;
  /** Answers that wait for messages: when their ping left, and up to which message. */
  waiting: { readonly sentAt: number; readonly queued: number }[];
  received: number;
}

/** One world's wire. */
export class Wire {
  readonly #history: History;
  readonly #nowMs: () => number;
  readonly #sent = new WeakMap<SimLink, Sent>();
  readonly #answers = new Map<string, Answers>();

  constructor(history: History, nowMs: () => number) {
    this.#history = history;
    this.#nowMs = nowMs;
  }

  /** A frame leaves. */
  leaves(from: SimLink, kind: string, bytes: Uint8Array): void {
    if (kind === 'data') this.#noteData(from, bytes);
    else if (kind === 'log') this.#noteLog(from, bytes);
    else if (from.sends === 'to-hub' && kind === 'ping') this.#notePing(from.box, bytes);
    else if (kind === 'ack') this.#noteAck(from, bytes);
    else if (kind === 'hello' && from.sends === 'to-hub') this.#noteHello(from.box, bytes);
  }

  /** A frame reaches an end that takes it. */
  arrives(from: SimLink, kind: string, bytes: Uint8Array): void {
    if (kind === 'ack') this.#clearData(from.peer, bytes);
    else if (kind === 'log-ack') this.#clearLog(from.peer, bytes);
    else if (kind === 'pong' && from.sends === 'to-agent') this.#notePong(from.box, bytes);
  }

  /** An end was given more than a link may hold. */
  overflowed(from: SimLink): void {
    this.#hold(false, from, 'more than a link holds');
  }

  #noteData(from: SimLink, bytes: Uint8Array): void {
    const { data } = this.#sentOn(from);
    for (const { seq, body } of listMessages(bytes)) {
      data.set(seq, body.length);
      if (from.sends === 'to-agent') this.#noteAssign(body);
    }
    const size = [...data.values()].reduce((sum, length) => sum + length, 0);
    this.#hold(data.size <= windowFramesMax, from, `${data.size} messages are under way`);
    this.#hold(size <= windowBytesMax + messageBytesMax, from, `${size} bytes of messages`);
  }

  #noteAssign(body: Uint8Array): void {
    const { kind, attempt } = decodeValue(body) as { kind: string; attempt: AttemptId };
    const { leftAt } = this.#history;
    if (kind === 'assign' && !leftAt.has(attempt)) leftAt.set(attempt, this.#nowMs());
  }

  #noteAck(from: SimLink, bytes: Uint8Array): void {
    const { received, need } = readFrame(bytes) as { received: number; need: readonly number[] };
    this.#hold(need.length <= needCountMax, from, `an ack names ${need.length} messages`);
    if (from.sends !== 'to-hub') return;
    const answers = this.#answersOf(from.box);
    answers.received = received;
    // Acknowledgements wait for each other; what they tell of was applied before.
    this.#settle(from.box, answers, this.#nowMs() - ackDelayMs);
  }

  /** What it applied and could not acknowledge any more. */
  #noteHello(box: string, bytes: Uint8Array): void {
    const answers = this.#answersOf(box);
    answers.received = Math.max(answers.received, Number(readFrame(bytes)?.received ?? 0));
    this.#settle(box, answers);
  }

  #clearData(end: SimLink, bytes: Uint8Array): void {
    const received = Number(readFrame(bytes)?.received);
    const { data } = this.#sentOn(end);
    for (const seq of data.keys()) if (seq <= received) data.delete(seq);
  }

  #noteLog(from: SimLink, bytes: Uint8Array): void {
    const { attempt, next } = readFrame(bytes) as { attempt: string; next: number };
    const { logs } = this.#sentOn(from);
    const known = logs.get(attempt);
    if (known === undefined) return;
    known.through = Math.max(known.through, next);
    const bytesUnderWay = [...logs.values()].reduce(
      (sum, { through, acked }) => sum + Math.max(0, through - acked),
      0,
    );
    const cap = logWindowBytesMax + logChunkBytesMax;
    this.#hold(bytesUnderWay <= cap, from, `${bytesUnderWay} bytes of logs are under way`);
  }

  #clearLog(end: SimLink, bytes: Uint8Array): void {
    const { attempt, offset } = readFrame(bytes) as { attempt: string; offset: number };
    const { logs } = this.#sentOn(end);
    const known = logs.get(attempt);
    if (known === undefined) logs.set(attempt, { through: offset, acked: offset });
    else known.acked = Math.max(known.acked, offset);
  }

  #notePing(box: string, bytes: Uint8Array): void {
    const { pings } = this.#answersOf(box);
    pings.set(Number(readFrame(bytes)?.at), this.#nowMs());
    const [oldest] = pings.keys();
    if (pings.size > pingsMax && oldest !== undefined) pings.delete(oldest);
  }

  #notePong(box: string, bytes: Uint8Array): void {
    const { at, queued = 0 } = readFrame(bytes) as { at: number; queued?: number };
    const answers = this.#answersOf(box);
    const sentAt = answers.pings.get(at);
    if (sentAt === undefined) return;
    answers.waiting.push({ sentAt, queued });
    if (answers.waiting.length > pingsMax) answers.waiting.shift();
    this.#settle(box, answers);
  }

  /** What is applied makes answers good. */
  #settle(box: string, answers: Answers, at = this.#nowMs()): void {
    const good = answers.waiting.filter(({ queued }) => queued <= answers.received);
    if (good.length === 0) return;
    answers.waiting = answers.waiting.filter(({ queued }) => queued > answers.received);
    const sentAt = Math.max(...good.map((answer) => answer.sentAt));
    this.#history.noteAnswered(box, { at, sentAt });
  }

  #hold(isHeld: boolean, from: SimLink, what: string): void {
    if (isHeld || this.#history.stains.has(from.box)) return;
    const message = `${what} from ${from.sends === 'to-hub' ? from.box : `the hub to ${from.box}`}`;
    this.#history.violate({ check: 'queues stay under their caps', message });
  }

  #sentOn(end: SimLink): Sent {
    const known = this.#sent.get(end);
    if (known !== undefined) return known;
    const fresh: Sent = { data: new Map(), logs: new Map() };
    this.#sent.set(end, fresh);
    return fresh;
  }

  #answersOf(box: string): Answers {
    const known = this.#answers.get(box);
    if (known !== undefined) return known;
    const fresh: Answers = { pings: new Map(), waiting: [], received: 0 };
    this.#answers.set(box, fresh);
    return fresh;
  }
}
