/*
 * What passes between hub and agents, seen from outside: what is under way, and who answered whom.
 *
 * It knows the frames by their bytes only and keeps its own books, so it holds whatever the product
 * believes of itself. A queue or a window over its cap is a violation at once. The instants of
 * answered pings are kept for judging leases.
 */
import {
  logChunkBytesMax,
  logWindowBytesMax,
  messageBytesMax,
  needCountMax,
  windowBytesMax,
  windowFramesMax,
} from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { listMessages, type Parcel, readFrame } from './frame-kind.ts';
import type { History } from './history.ts';
import type { SimLink } from './sim-link.ts';

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
  /** By its own word. */
  acked: number;
  /** Like `waiting`, until its own word. */
  unconfirmed: { readonly sentAt: number; readonly queued: number }[];
  /** The store that it speaks from; another counts anew. */
  store: string;
  /** Messages that have come, but not all before them. */
  readonly early: Set<number>;
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
  leaves(from: SimLink, parcel: Parcel): void {
    const { kind } = parcel;
    if (kind === 'data') this.#noteData(from, parcel);
    else if (kind === 'log') this.#noteLog(from, parcel);
    else if (from.sends === 'to-hub' && kind === 'ping') this.#notePing(from.box, parcel);
    else if (kind === 'ack') this.#noteAck(from, parcel);
    else if (kind === 'hello' && from.sends === 'to-hub') this.#noteHello(from.box, parcel);
    else if (kind === 'hello') this.#noteGreeting(from);
    else if (kind === 'pong' && from.sends === 'to-agent') this.#noteAnswering(from.box, parcel);
  }

  /** A frame reaches an end that takes it. */
  arrives(from: SimLink, parcel: Parcel): void {
    const { kind } = parcel;
    if (kind === 'ack') this.#clearData(from.peer, parcel);
    else if (kind === 'log-ack') this.#clearLog(from.peer, parcel);
    else if (from.sends !== 'to-agent') return;
    else if (kind === 'pong') this.#notePong(from.box, parcel);
    else if (kind === 'data') this.#noteArrived(from.box, parcel);
  }

  /** An end was given more than a link may hold. */
  overflowed(from: SimLink): void {
    this.#hold(false, from, 'more than a link holds');
  }

  #noteData(from: SimLink, { fields }: Parcel): void {
    const { data } = this.#sentOn(from);
    for (const { seq, body } of listMessages(fields)) {
      data.set(seq, body.length);
      if (from.sends === 'to-agent') this.#noteCommand(body);
    }
    const size = [...data.values()].reduce((sum, length) => sum + length, 0);
    this.#hold(data.size <= windowFramesMax, from, `${data.size} messages are under way`);
    this.#hold(size <= windowBytesMax + messageBytesMax, from, `${size} bytes of messages`);
  }

  #noteCommand(body: Uint8Array): void {
    const { kind, attempt } = readFrame(body) as { kind: string; attempt: AttemptId };
    const { leftAt, cancelled } = this.#history;
    if (kind === 'cancel') cancelled.add(attempt);
    if (kind === 'assign' && !leftAt.has(attempt)) leftAt.set(attempt, this.#nowMs());
  }

  #noteAck(from: SimLink, { fields }: Parcel): void {
    const { received, need } = fields as { received: number; need: readonly number[] };
    this.#hold(need.length <= needCountMax, from, `an ack names ${need.length} messages`);
    if (from.sends !== 'to-hub') return;
    const answers = this.#answersOf(from.box);
    answers.received = Math.max(answers.received, received);
    this.#settle(from.box, answers);
    this.#confirm(from.box, answers, received);
  }

  /** What has come is applied within the slack of the check; its ack waits and may never leave. */
  #noteArrived(box: string, { fields }: Parcel): void {
    const answers = this.#answersOf(box);
    for (const { seq } of listMessages(fields)) if (seq > answers.received) answers.early.add(seq);
    while (answers.early.delete(answers.received + 1)) answers.received += 1;
    this.#settle(box, answers);
  }

  /** A hub that is asked for a link greets on it, and so tells its clock. */
  #noteGreeting({ box, peer }: SimLink): void {
    const at = this.#nowMs();
    this.#history.noteClockRead(box, { at, tookMs: at - peer.askedAt });
  }

  #noteAnswering(box: string, { fields }: Parcel): void {
    const at = this.#nowMs();
    const sentAt = this.#answersOf(box).pings.get(Number(fields.at));
    if (sentAt !== undefined) this.#history.noteClockRead(box, { at, tookMs: at - sentAt });
  }

  /** What it applied and could not acknowledge any more. */
  #noteHello(box: string, { fields }: Parcel): void {
    const answers = this.#answersOf(box);
    const { store, received } = fields as { store: string; received: number };
    if (store !== answers.store) answers.early.clear();
    answers.received = store === answers.store ? Math.max(answers.received, received) : received;
    answers.store = store;
    this.#settle(box, answers);
    this.#confirm(box, answers, received);
  }

  #clearData(end: SimLink, { fields }: Parcel): void {
    const received = Number(fields.received);
    const { data } = this.#sentOn(end);
    for (const seq of data.keys()) if (seq <= received) data.delete(seq);
  }

  #noteLog(from: SimLink, { fields }: Parcel): void {
    const { attempt, next } = fields as { attempt: string; next: number };
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

  #clearLog(end: SimLink, { fields }: Parcel): void {
    const { attempt, offset } = fields as { attempt: string; offset: number };
    const { logs } = this.#sentOn(end);
    const known = logs.get(attempt);
    if (known === undefined) logs.set(attempt, { through: offset, acked: offset });
    else known.acked = Math.max(known.acked, offset);
  }

  #notePing(box: string, { fields }: Parcel): void {
    const { pings } = this.#answersOf(box);
    pings.set(Number(fields.at), this.#nowMs());
    const [oldest] = pings.keys();
    if (pings.size > pingsMax && oldest !== undefined) pings.delete(oldest);
  }

  #notePong(box: string, { fields }: Parcel): void {
    const { at, queued = 0 } = fields as { at: number; queued?: number };
    const answers = this.#answersOf(box);
    const sentAt = answers.pings.get(at);
    if (sentAt === undefined) return;
    answers.waiting.push({ sentAt, queued });
    answers.unconfirmed.push({ sentAt, queued });
    if (answers.unconfirmed.length > pingsMax) answers.unconfirmed.shift();
    if (answers.waiting.length > pingsMax) answers.waiting.shift();
    this.#settle(box, answers);
    if (queued <= answers.acked) this.#confirm(box, answers, answers.acked);
  }

  /** What the box itself said to have applied: these answers it must have taken as good. */
  #confirm(box: string, answers: Answers, received: number): void {
    const good = answers.unconfirmed.filter(({ queued }) => queued <= received);
    answers.acked = received;
    if (good.length === 0) return;
    answers.unconfirmed = answers.unconfirmed.filter(({ queued }) => queued > received);
    const sentAt = Math.max(...good.map((answer) => answer.sentAt));
    this.#history.noteConfirmed(box, { at: this.#nowMs(), sentAt });
  }

  /** What is applied makes answers good. */
  #settle(box: string, answers: Answers): void {
    const good = answers.waiting.filter(({ queued }) => queued <= answers.received);
    if (good.length === 0) return;
    answers.waiting = answers.waiting.filter(({ queued }) => queued > answers.received);
    const sentAt = Math.max(...good.map((answer) => answer.sentAt));
    this.#history.noteAnswered(box, { at: this.#nowMs(), sentAt });
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
    const fresh: Answers = {
      pings: new Map(),
      waiting: [],
      received: 0,
      acked: 0,
      unconfirmed: [],
      store: '',
      early: new Set(),
    };
    this.#answers.set(box, fresh);
    return fresh;
  }
}
