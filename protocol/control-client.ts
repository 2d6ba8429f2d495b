/*
 * The asking side of the control conversation: calls and streams over one link.
 *
 * Answers and items are taken in order, an item when the one before was taken; whoever says more items than
 * there is room for loses the link. Nothing is retried. When the link ends every open call fails with the
 * code given for it, and words that leave open what came of it. Errors: the handler's, FRAME_INVALID.
 */
import { encodeValue } from './codec.ts';
import { itemsUnderWayMax, valueBytesMax } from './control.ts';
import { readJsonOrClose, readOrClose, toClientSchema } from './control-frames.ts';
import { AppError, type ErrorCode, isErrorCode, wrapError } from './errors.ts';
import { giveBytesMax, givesUnderWayMax } from './given-values.ts';
import { frameBytesMax, partBytesMax } from './limits.ts';
import type { Link } from './transports/link.ts';

/** Nobody knows whether it did, so whoever asked for a change must not take it for undone. */
const lostWords = 'The connection ended before the answer; what was asked may have happened.';

/** Takes one item; the next comes when it has resolved. */
export type TakeItem = (item: unknown) => void | Promise<void>;

interface OpenCall {
  readonly take: TakeItem;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
  /** Items are taken one after the other; the answer comes after the last. */
  chain: Promise<void>;
  /** What has come so far of the next value. */
  parts: Uint8Array[];
  /** Values that may still be given before one of them must be taken. */
  room: number;
  /** Items that came and were not taken. */
  underWayCount: number;
  /** The answer is here, and comes after the last item was taken, also when the link ends meanwhile. */
  isAnswered: boolean;
  /** Resolves those who wait for room. */
  readonly waiting: (() => void)[];
}

/** A stream that is being followed. */
export interface ControlStream {
  readonly done: Promise<unknown>;
  /**
   * Gives the call a value; resolves when the next may be given, with false when the call is over.
   * Errors: USAGE_ARGUMENT for one that is too large.
   */
  give(value: unknown): Promise<boolean>;
  cancel(): void;
}

/** The asking side of one link. Life cycle: made open, `close` or the peer's end. */
export class ControlClient {
  readonly #link: Link;
  readonly #gone: ErrorCode;
  readonly #who: { readonly surface?: string };
  readonly #calls = new Map<number, OpenCall>();
  readonly closed: Promise<string>;
  #nextId = 1;
  #isOpen = true;

  /** `gone` is the code that open calls fail with when the link ends; `surface` what asks, for the audit. */
  constructor(link: Link, gone: ErrorCode, surface?: string) {
    this.#link = link;
    this.#gone = gone;
    this.#who = surface === undefined ? {} : { surface };
    this.closed = new Promise((resolve) => {
      link.open({
        frame: (bytes) => this.#take(bytes),
        drain: () => undefined,
        closed: (reason) => {
          this.#end();
          resolve(reason);
        },
      });
    });
  }

  /** Asks and waits for the answer. Errors: the handler's, or the `gone` code. */
  call(verb: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.stream(verb, args, () => undefined).done;
  }

  /** Asks and hands over every item as it comes. */
  stream(verb: string, args: Readonly<Record<string, unknown>>, take: TakeItem): ControlStream {
    const id = this.#nextId;
    this.#nextId += 1;
    const done = new Promise<unknown>((resolve, reject) => {
      if (!this.#isOpen) return reject(new AppError(this.#gone));
      const ask = encodeValue({ t: 'ask', id, verb, args, ...this.#who });
      const large = `${verb}: the arguments are over 1 MiB.`;
      if (ask.length > frameBytesMax) return reject(new AppError('USAGE_ARGUMENT', large));
      const [chain, room] = [Promise.resolve(), givesUnderWayMax];
      this.#calls.set(id, {
        ...{ take, resolve, reject, chain, room, underWayCount: 0, isAnswered: false },
        parts: [],
        waiting: [],
      });
      this.#link.send(ask);
    });
    return { done, give: (value) => this.#give(id, value), cancel: () => this.#cancel(id) };
  }

  /** Ends the link; open calls fail. Safe to repeat. */
  close(): void {
    this.#link.close('closed');
    this.#end();
  }

  async #give(id: number, value: unknown): Promise<boolean> {
    const json = new TextEncoder().encode(JSON.stringify(value ?? null));
    if (json.length > giveBytesMax) {
      throw new AppError('USAGE_ARGUMENT', 'A given value is over 64 KiB.');
    }
    const call = await this.#findRoom(id);
    if (call === undefined) return false;
    call.room -= 1;
    this.#link.send(encodeValue({ t: 'give', id, json }));
    return (await this.#findRoom(id)) !== undefined;
  }

  /** Resolves with the call once it has room, or undefined once it is over. */
  async #findRoom(id: number): Promise<OpenCall | undefined> {
    for (let call = this.#calls.get(id); call !== undefined; call = this.#calls.get(id)) {
      const { room, waiting } = call;
      if (room > 0) return call;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    return undefined;
  }

  #cancel(id: number): void {
    this.#drop(id)?.resolve(undefined);
  }

  #drop(id: number): OpenCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#forget(id, call);
    this.#link.send(encodeValue({ t: 'drop', id }));
    return call;
  }

  #forget(id: number, { waiting }: OpenCall): void {
    this.#calls.delete(id);
    for (const wake of waiting.splice(0)) wake();
  }

  #take(bytes: Uint8Array): void {
    const frame = readOrClose(toClientSchema, bytes, this.#link);
    const call = frame === undefined ? undefined : this.#calls.get(frame.id);
    if (frame === undefined || call === undefined) return;
    if (frame.t === 'fail') {
      const code = isErrorCode(frame.code) ? frame.code : 'HUB_INTERNAL';
      this.#finish(frame.id, call, () => call.reject(new AppError(code, frame.message)));
      return;
    }
    if (frame.t === 'room') {
      call.room = Math.min(givesUnderWayMax, call.room + frame.count);
      for (const wake of call.waiting.splice(0)) wake();
      return;
    }
    call.parts.push(frame.json);
    if (call.parts.length * partBytesMax > valueBytesMax + partBytesMax) {
      return this.#link.close('FRAME_TOO_LARGE');
    }
    if (frame.t === 'part') return;
    const value = readJsonOrClose(call.parts.splice(0), this.#link);
    if (value === undefined) return;
    if (frame.t === 'item') {
      call.underWayCount += 1;
      // There was no room for that many; they would be held here without a bound.
      if (call.underWayCount > itemsUnderWayMax) return this.#link.close('STORE_FULL');
      call.chain = call.chain.then(() => this.#takeItem(frame.id, call, value));
      return;
    }
    this.#finish(frame.id, call, () => call.resolve(value));
  }

  /** The answer comes after the last item was taken. */
  #finish(id: number, call: OpenCall, settle: () => void): void {
    call.isAnswered = true;
    void call.chain.then(() => {
      this.#forget(id, call);
      settle();
    });
  }

  async #takeItem(id: number, call: OpenCall, value: unknown): Promise<void> {
    if (!this.#calls.has(id)) return;
    try {
      await call.take(value);
      call.underWayCount -= 1;
      if (this.#isOpen) this.#link.send(encodeValue({ t: 'more', id, count: 1 }));
    } catch (thrown) {
      this.#drop(id)?.reject(wrapError(thrown, 'HUB_INTERNAL'));
    }
  }

  #end(): void {
    this.#isOpen = false;
    for (const [id, call] of [...this.#calls]) {
      if (call.isAnswered) continue;
      this.#forget(id, call);
      call.reject(new AppError(this.#gone, lostWords));
    }
  }
}
