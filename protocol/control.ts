/*
 * The control conversation: a program asks, the owner of a home answers, over a unix socket.
 *
 * One link carries any number of calls at once, each with an id. A call is answered by `done` or
 * `fail`, after any number of `item`s when it streams; `drop` says that the asker lost interest.
 * Values travel as JSON, long ones in several frames (`part`), so a list of a thousand jobs passes.
 * Requests are small and ephemeral; nothing here is retried. When the link ends every open call
 * fails with the code given for it. Errors: the handler's, FRAME_INVALID.
 */
import { z } from 'zod';
import { decodeValue, encodeValue } from './codec.ts';
import { AppError, type ErrorCode, isErrorCode, wrapError } from './errors.ts';
import { frameBytesMax } from './limits.ts';
import type { Link } from './transports/link.ts';

/** Calls that one link may have open at once; more are refused. */
export const callsOpenMax = 256;

/** Items of one stream that may be under way: a slow reader holds the writer, not the memory. */
export const itemsUnderWayMax = 64;

/** Bytes of a value in one frame; well below the largest frame. */
const partBytesMax = 512 * 1024;

/** Bytes of one answer or item as JSON. A screen's five hundred jobs are under one of these eight. */
export const valueBytesMax = 8 * 1024 * 1024;

const id = z.number().int().nonnegative();
const askSchema = z.object({ t: z.literal('ask'), id, verb: z.string(), args: z.unknown() });
const moreSchema = z.object({ t: z.literal('more'), id, count: z.number().int().min(1) });
const dropSchema = z.object({ t: z.literal('drop'), id });
const json = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const partSchema = z.object({ t: z.literal('part'), id, json });
const itemSchema = z.object({ t: z.literal('item'), id, json });
const doneSchema = z.object({ t: z.literal('done'), id, json });
const failSchema = z.object({ t: z.literal('fail'), id, code: z.string(), message: z.string() });
const toServerSchema = z.discriminatedUnion('t', [askSchema, moreSchema, dropSchema]);
const toClientSchema = z.discriminatedUnion('t', [partSchema, itemSchema, doneSchema, failSchema]);

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
      call.sayValue('done', value);
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

  /** Errors: USAGE_ARGUMENT for a value that is too large to be asked for. */
  sayValue(t: 'item' | 'done', value: unknown): void {
    const whole = new TextEncoder().encode(JSON.stringify(value ?? null));
    if (whole.length > valueBytesMax) {
      throw new AppError('USAGE_ARGUMENT', 'The answer is over 8 MiB; ask for less.');
    }
    let at = 0;
    for (; whole.length - at > partBytesMax; at += partBytesMax) {
      this.say({ t: 'part', id: this.#id, json: whole.subarray(at, at + partBytesMax) });
    }
    this.say({ t, id: this.#id, json: whole.subarray(at) });
  }

  async item(value: unknown): Promise<boolean> {
    this.sayValue('item', value);
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
  /** What has come so far of the next value. */
  parts: Uint8Array[];
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
      const ask = encodeValue({ t: 'ask', id, verb, args });
      if (ask.length > frameBytesMax) {
        return reject(new AppError('USAGE_ARGUMENT', `${verb}: the arguments are over 1 MiB.`));
      }
      this.#calls.set(id, { take, resolve, reject, chain: Promise.resolve(), parts: [] });
      this.#link.send(ask);
    });
    return { done, cancel: () => this.#cancel(id) };
  }

  /** Ends the link; open calls fail. Safe to repeat. */
  close(): void {
    this.#link.close('closed');
    this.#end();
  }

  #cancel(id: number): void {
    this.#drop(id)?.resolve(undefined);
  }

  #drop(id: number): OpenCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    this.#link.send(encodeValue({ t: 'drop', id }));
    return call;
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
    call.parts.push(frame.json);
    if (call.parts.length * partBytesMax > valueBytesMax + partBytesMax) {
      return this.#link.close('FRAME_TOO_LARGE');
    }
    if (frame.t === 'part') return;
    const value = readJsonOrClose(call.parts.splice(0), this.#link);
    if (value === undefined) return;
    if (frame.t === 'item') {
      call.chain = call.chain.then(() => this.#takeItem(frame.id, call, value));
      return;
    }
    this.#finish(frame.id, call, () => call.resolve(value));
  }

  /** The answer comes after the last item was taken. */
  #finish(id: number, call: OpenCall, settle: () => void): void {
    void call.chain.then(() => {
      this.#calls.delete(id);
      settle();
    });
  }

  async #takeItem(id: number, call: OpenCall, value: unknown): Promise<void> {
    if (!this.#calls.has(id)) return;
    try {
      await call.take(value);
      if (this.#isOpen) this.#link.send(encodeValue({ t: 'more', id, count: 1 }));
    } catch (thrown) {
      this.#drop(id)?.reject(wrapError(thrown, 'HUB_INTERNAL'));
    }
  }

  #end(): void {
    this.#isOpen = false;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.reject(new AppError(this.#gone));
  }
}

function readJsonOrClose(parts: readonly Uint8Array[], link: Link): unknown {
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    link.close('FRAME_INVALID');
    return undefined;
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
