/*
 * The control conversation: a program asks, the owner of a home answers, over a unix socket.
 *
 * One link carries any number of calls at once, each with an id. A call is answered by `done` or
 * `fail`, after any number of `item`s when it streams; `drop` says that the asker lost interest.
 * Requests are small and ephemeral; nothing here is retried. When the link ends every open call
 * fails with the code given for it. Errors: the handler's, FRAME_INVALID.
 */
import { z } from 'zod';
import { decodeValue, encodeValue } from './codec.ts';
import { AppError, type ErrorCode, isErrorCode, wrapError } from './errors.ts';
import type { Link } from './transports/link.ts';

/** Calls that one link may have open at once; more are refused. */
export const callsOpenMax = 256;

/** Items of one stream that may be under way: a slow reader holds the writer, not the memory. */
export const itemsUnderWayMax = 64;

const id = z.number().int().nonnegative();
const askSchema = z.object({ t: z.literal('ask'), id, verb: z.string(), args: z.unknown() });
const moreSchema = z.object({ t: z.literal('more'), id, count: z.number().int().min(1) });
const dropSchema = z.object({ t: z.literal('drop'), id });
const itemSchema = z.object({ t: z.literal('item'), id, value: z.unknown() });
const doneSchema = z.object({ t: z.literal('done'), id, value: z.unknown() });
const failSchema = z.object({ t: z.literal('fail'), id, code: z.string(), message: z.string() });
const toServerSchema = z.discriminatedUnion('t', [askSchema, moreSchema, dropSchema]);
const toClientSchema = z.discriminatedUnion('t', [itemSchema, doneSchema, failSchema]);

/** One call as its handler sees it. */
export interface ControlCall {
  readonly verb: string;
  readonly args: unknown;
  /** Sends one item of a stream; resolves when the next may come, with false when nobody listens. */
  item(value: unknown): Promise<boolean>;
  /** Runs once when the asker has lost interest or the link has ended. */
  onDrop(run: () => void): void;
}

/** Answers a call; what it resolves with is the answer. */
export type ControlHandler = (call: ControlCall) => Promise<unknown>;

/** Serves one link until it ends. Never throws for what the peer does. */
export function serveControl(link: Link, handler: ControlHandler): void {
  const calls = new Map<number, ServedCall>();
  const answer = async (ask: z.infer<typeof askSchema>, call: ServedCall) => {
    try {
      const value = await handler(call);
      call.say({ t: 'done', id: ask.id, value });
    } catch (thrown) {
      const error = wrapError(thrown, 'HUB_INTERNAL');
      call.say({ t: 'fail', id: ask.id, code: error.code, message: error.message });
    } finally {
      calls.delete(ask.id);
    }
  };
  link.open({
    frame: (bytes) => {
      const frame = readOrClose(toServerSchema, bytes, link);
      if (frame === undefined) return;
      if (frame.t === 'drop') return calls.get(frame.id)?.drop();
      if (frame.t === 'more') return calls.get(frame.id)?.allow(frame.count);
      if (calls.size >= callsOpenMax || calls.has(frame.id)) return link.close('STORE_FULL');
      const call = new ServedCall(link, frame);
      calls.set(frame.id, call);
      void answer(frame, call);
    },
    drain: () => undefined,
    closed: () => {
      for (const call of calls.values()) call.drop();
      calls.clear();
    },
  });
}

/** One call while it is answered. */
class ServedCall implements ControlCall {
  readonly verb: string;
  readonly args: unknown;
  readonly #link: Link;
  readonly #id: number;
  #room = itemsUnderWayMax;
  #isDropped = false;
  #wake: (() => void) | undefined;
  readonly #onDrop: (() => void)[] = [];

  constructor(link: Link, ask: z.infer<typeof askSchema>) {
    this.#link = link;
    this.#id = ask.id;
    this.verb = ask.verb;
    this.args = ask.args;
  }

  say(value: unknown): void {
    if (!this.#isDropped) this.#link.send(encodeValue(value));
  }

  async item(value: unknown): Promise<boolean> {
    this.say({ t: 'item', id: this.#id, value });
    this.#room -= 1;
    if (this.#room <= 0 && !this.#isDropped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#isDropped;
  }

  onDrop(run: () => void): void {
    if (this.#isDropped) run();
    else this.#onDrop.push(run);
  }

  /** The asker has taken `count` items. */
  allow(count: number): void {
    this.#room = Math.min(itemsUnderWayMax, this.#room + count);
    this.#wake?.();
    this.#wake = undefined;
  }

  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    for (const run of this.#onDrop) run();
    this.#wake?.();
  }
}

/** Takes one item; the next comes when it has resolved. */
export type TakeItem = (item: unknown) => void | Promise<void>;

interface OpenCall {
  readonly take: TakeItem;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
  /** Items are taken one after the other; the answer comes after the last. */
  chain: Promise<void>;
}

/** A stream that is being followed. */
export interface ControlStream {
  readonly done: Promise<unknown>;
  cancel(): void;
}

/** The asking side of one link. Life cycle: made open, `close` or the peer's end. */
export class ControlClient {
  readonly #link: Link;
  readonly #gone: ErrorCode;
  readonly #calls = new Map<number, OpenCall>();
  readonly closed: Promise<string>;
  #nextId = 1;
  #isOpen = true;

  /** `gone` is the code that open calls fail with when the link ends. */
  constructor(link: Link, gone: ErrorCode) {
    this.#link = link;
    this.#gone = gone;
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
      this.#calls.set(id, { take, resolve, reject, chain: Promise.resolve() });
      this.#link.send(encodeValue({ t: 'ask', id, verb, args }));
    });
    return { done, cancel: () => this.#cancel(id) };
  }

  /** Ends the link; open calls fail. Safe to repeat. */
  close(): void {
    this.#link.close('closed');
    this.#end();
  }

  #cancel(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    this.#link.send(encodeValue({ t: 'drop', id }));
    call.resolve(undefined);
  }

  #take(bytes: Uint8Array): void {
    const frame = readOrClose(toClientSchema, bytes, this.#link);
    const call = frame === undefined ? undefined : this.#calls.get(frame.id);
    if (frame === undefined || call === undefined) return;
    if (frame.t === 'item') {
      call.chain = call.chain.then(() => this.#takeItem(frame.id, call, frame.value));
      return;
    }
    void call.chain.then(() => {
      this.#calls.delete(frame.id);
      if (frame.t === 'done') return call.resolve(frame.value);
      const code = isErrorCode(frame.code) ? frame.code : 'HUB_INTERNAL';
      call.reject(new AppError(code, frame.message));
    });
  }

  async #takeItem(id: number, call: OpenCall, value: unknown): Promise<void> {
    if (!this.#calls.has(id)) return;
    try {
      await call.take(value);
      if (this.#isOpen) this.#link.send(encodeValue({ t: 'more', id, count: 1 }));
    } catch (thrown) {
      this.#cancel(id);
      call.reject(wrapError(thrown, 'HUB_INTERNAL'));
    }
  }

  #end(): void {
    this.#isOpen = false;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(new AppError(this.#gone));
  }
}

function readOrClose<T>(schema: z.ZodType<T>, bytes: Uint8Array, link: Link): T | undefined {
  try {
    const parsed = schema.safeParse(decodeValue(bytes));
    if (parsed.success) return parsed.data;
  } catch (error) {
    link.close(wrapError(error, 'FRAME_INVALID').code);
    return undefined;
  }
  link.close('FRAME_INVALID');
  return undefined;
}
