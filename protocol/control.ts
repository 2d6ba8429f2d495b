/*
 * The control conversation: a program asks, the owner of a home answers, over a unix socket or, for a
 * cockpit that was paired, over the swarm.
 *
 * One link carries any number of calls at once, each with an id. A call is answered by `done` or
 * `fail`, after any number of `item`s when it streams; the asker may `give` values to it meanwhile
 * (`room` says how many were taken), and `drop` says that it lost interest.
 * Values travel as JSON, long ones in several frames (`part`), so a list of a thousand jobs passes; they
 * leave one after the other, no faster than the link takes them.
 * This is the answering side; `control-client` asks. Requests are small and ephemeral; nothing here is retried.
 * Errors: the handler's, FRAME_INVALID.
 */
import { encodeValue } from './codec.ts';
import {
  type AskFrame,
  nameSurface,
  readJsonOrClose,
  readOrClose,
  toServerSchema,
} from './control-frames.ts';
import { ControlOutlet } from './control-outlet.ts';
import { AppError, type ErrorCode, wrapError } from './errors.ts';
import { GivenValues, giveBytesMax, type TakeGiven } from './given-values.ts';
import { partBytesMax } from './limits.ts';
import type { Link } from './transports/link.ts';

/** Calls that one link may have open at once; more are refused. */
export const callsOpenMax = 256;

/** Items of one stream that may be under way: a slow reader holds the writer, not the memory. */
export const itemsUnderWayMax = 64;

/** Bytes of one answer or item as JSON. A screen's five hundred jobs are under one of these eight. */
export const valueBytesMax = 8 * 1024 * 1024;

/** One call as its handler sees it. */
export interface ControlCall {
  readonly verb: string;
  readonly args: unknown;
  /** What kind of program asks, by its own word. */
  readonly surface: string;
  /** Sends one item of a stream; resolves when the next may come, with false when nobody listens. */
  item(value: unknown): Promise<boolean>;
  /** Runs once when the asker has lost interest or the link has ended. */
  onDrop(run: () => void): void;
  /** Takes what the asker gives, one after the other; until it is called, given values wait. Call once. */
  onGive(take: TakeGiven): void;
}

/** Answers a call; what it resolves with is the answer. */
export type ControlHandler = (call: ControlCall) => Promise<unknown>;

/** A link that is being served. */
export interface ServedControl {
  /** Resolves once the link has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Fails what is open with this code and ends the link, after what was said before. Safe to repeat. */
  end(code: ErrorCode): void;
}

/** Serves one link until it ends. Never throws for what the peer does. */
export function serveControl(link: Link, handler: ControlHandler): ServedControl {
  const calls = new Map<number, ServedCall>();
  const outlet = new ControlOutlet(link);
  let resolveEnded: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  const answer = async (ask: AskFrame, call: ServedCall) => {
    try {
      const value = await handler(call);
      await call.itemsSaid();
      await call.sayValue('done', value);
    } catch (thrown) {
      await call.itemsSaid();
      await outlet.inTurn(async () => call.fail(thrown));
    } finally {
      calls.delete(ask.id);
    }
  };
  const dropAll = () => {
    for (const call of calls.values()) call.drop();
    calls.clear();
  };
  link.open({
    frame: (bytes) => {
      const frame = readOrClose(toServerSchema, bytes, link);
      if (frame === undefined) return;
      if (frame.t === 'drop') return calls.get(frame.id)?.drop();
      if (frame.t === 'more') return calls.get(frame.id)?.allow(frame.count);
      if (frame.t === 'give') return calls.get(frame.id)?.take(frame.json);
      if (calls.size >= callsOpenMax || calls.has(frame.id)) return link.close('STORE_FULL');
      const call = new ServedCall(link, outlet, frame);
      calls.set(frame.id, call);
      void answer(frame, call);
    },
    drain: () => outlet.drained(),
    closed: () => {
      outlet.ended();
      dropAll();
      resolveEnded();
    },
  });
  return {
    ended,
    end(code) {
      for (const call of calls.values()) call.fail(new AppError(code));
      dropAll();
      link.close(code);
    },
  };
}

/** One call while it is answered. */
class ServedCall implements ControlCall {
  readonly verb: string;
  readonly args: unknown;
  readonly surface: string;
  readonly #link: Link;
  readonly #outlet: ControlOutlet;
  readonly #id: number;
  #room = itemsUnderWayMax;
  /** Items leave one after the other, also where nobody waits for the one before. */
  #items: Promise<unknown> = Promise.resolve();
  #isDropped = false;
  #wake: (() => void) | undefined;
  readonly #onDrop: (() => void)[] = [];
  readonly #given = new GivenValues({
    taken: () => this.say({ t: 'room', id: this.#id, count: 1 }),
    failed: (error) => {
      this.fail(error);
      this.drop();
    },
  });

  constructor(link: Link, outlet: ControlOutlet, ask: AskFrame) {
    this.#link = link;
    this.#outlet = outlet;
    this.#id = ask.id;
    this.verb = ask.verb;
    this.args = ask.args;
    this.surface = nameSurface(ask.surface);
  }

  say(value: unknown): void {
    if (!this.#isDropped) this.#outlet.send(encodeValue(value));
  }

  /**
   * Says it when its turn has come, as the link takes it; a value is made JSON then and not before, so
   * that a slow reader makes us hold one at a time.
   * Errors: USAGE_ARGUMENT for a value that is too large to be asked for.
   */
  sayValue(t: 'item' | 'done', value: unknown): Promise<void> {
    return this.#outlet.inTurn(async () => {
      if (this.#isDropped) return;
      const whole = Buffer.from(JSON.stringify(value ?? null));
      if (whole.length > valueBytesMax) {
        throw new AppError('USAGE_ARGUMENT', 'The answer is over 8 MiB; ask for less.');
      }
      let at = 0;
      for (; whole.length - at > partBytesMax; at += partBytesMax) {
        this.say({ t: 'part', id: this.#id, json: whole.subarray(at, at + partBytesMax) });
        await this.#outlet.awaitRoom();
      }
      this.say({ t, id: this.#id, json: whole.subarray(at) });
    });
  }

  item(value: unknown): Promise<boolean> {
    const said = this.#items.then(() => this.#sayItem(value));
    this.#items = said.catch(() => undefined);
    return said;
  }

  /** Resolves when every item has left, or nobody listens any more. */
  async itemsSaid(): Promise<void> {
    await this.#items;
  }

  /** Each waits for room behind it, so none ever leaves without: an asker ends the link for that. */
  async #sayItem(value: unknown): Promise<boolean> {
    if (this.#isDropped) return false;
    // Before it leaves: the word that it was taken may be here before this goes on.
    this.#room -= 1;
    await this.sayValue('item', value);
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

  onGive(take: TakeGiven): void {
    this.#given.takeBy(take);
  }

  /** The asker gives a value. One beyond the room, or too large, ends the link: ours never does. */
  take(bytes: Uint8Array): void {
    if (this.#isDropped) return;
    if (!this.#given.hasRoom || bytes.length > giveBytesMax) return this.#link.close('STORE_FULL');
    const value = readJsonOrClose([bytes], this.#link);
    if (value !== undefined) this.#given.put(value);
  }

  fail(thrown: unknown): void {
    const { code, message } = wrapError(thrown, 'HUB_INTERNAL');
    this.say({ t: 'fail', id: this.#id, code, message });
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
    this.#given.stop();
    for (const run of this.#onDrop) run();
    this.#wake?.();
  }
}
