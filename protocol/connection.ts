/*
 * One link, from its first hello to its end: decoding, the handshake and liveness.
 *
 * It owns the link and one timer, and performs the effects of the two machines. It knows nothing of
 * streams: the session above is told when it opens, what arrives after that, and that it closed.
 * Invariant: nothing but hello is taken before it is open, and nothing at all after it is closed.
 */

import { Alarm } from './alarm.ts';
import { priceFrame } from './allowance.ts';
import { AppError, wrapError } from './errors.ts';
import {
  decodeFrame,
  type Frame,
  type HelloFrame,
  lendFrame,
  type PingFrame,
  type PongFrame,
} from './frames.ts';
import {
  frameBytesBeforeHelloMax,
  pingsAwaitedMax,
  slowHelloBytesMin,
  staleAfterMsDefault,
} from './limits.ts';
import {
  findHandshakeDeadline,
  type HandshakeEffect,
  type HandshakeState,
  openHandshake,
  stepHandshake,
} from './machines/handshake.ts';
import {
  createLiveness,
  findLivenessDeadline,
  type LivenessEffect,
  type LivenessState,
  stepLiveness,
} from './machines/liveness.ts';
import { type LeaseInstant, readInstant } from './machines/renewal.ts';
import type { Moment } from './machines/table.ts';
import type { Ports } from './ports.ts';
import type { LoadExchange } from './session-host.ts';
import type { Carrier, Link } from './transports/link.ts';

/** What the session is told, and asked for. */
export interface ConnectionOwner {
  /** The hello to say, for the named store of the peer. */
  compose(forStore: string | null, isOpen: boolean): HelloFrame;
  opened(connection: Connection, hello: HelloFrame): void;
  /** What a pong says is queued for the peer; undefined where it holds no lease of ours. */
  countQueued(): number | undefined;
  /** The peer has answered a ping of this link, which left at `sentAt`. */
  answered(connection: Connection, sentAt: LeaseInstant, pong: PongFrame): void;
  frame(connection: Connection, frame: Frame): void;
  /** May the peer say this much more? */
  affords(cost: number): boolean;
  presence(connection: Connection, as: 'fresh' | 'stale'): void;
  drained(connection: Connection): void;
  closed(connection: Connection, reason: string): void;
}

/** What a connection is made from. */
export interface ConnectionParts {
  readonly link: Link;
  readonly owner: ConnectionOwner;
  readonly ports: Ports;
  readonly ownStore: string;
  readonly knownStore: string | null;
  /** How long a peer must be silent before it is pinged; 0 to ping steadily. */
  readonly pingRestMs: number;
  readonly load: LoadExchange;
}

/** A link with its handshake. Life cycle: `start`, then `close` or the peer's end. */
export class Connection {
  readonly #parts: ConnectionParts;
  #handshake: HandshakeState;
  #liveness: LivenessState | undefined;
  readonly #alarm: Alarm;
  #isClosed = false;
  #isFull = false;
  #heardAt: number;
  /** At the last look at the link, and when that was. */
  #arrivedBytes = 0;
  #lookedAt: number;
  /** After this look something had come, at the latest one that saw more. */
  #arrivingAt = Number.NEGATIVE_INFINITY;
  #rttMs: number | undefined;
  /** Pings that were not answered yet, oldest first. */
  #pings: LeaseInstant[] = [];
  #isServed = false;
  /** The peer's newest, which came before it was served. */
  #heldPing: PingFrame | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#alarm = new Alarm(parts.ports, () => this.#tick());
    this.#heardAt = parts.ports.clock.monotonicMs();
    this.#lookedAt = this.#heardAt;
    this.#handshake = { is: 'refused', ownStore: parts.ownStore };
  }

  /** Monotonic instant at which anything was last heard on this link. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Round trip of the last ping, milliseconds. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  get carrier(): Carrier {
    return this.#parts.link.carrier;
  }

  /** Does our own end still hold what was sent? */
  get isFull(): boolean {
    return this.#isFull;
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.greetedFrom !== undefined;
  }

  /** The store of the peer with which both sides said hello, whatever came after; undefined before. */
  get greetedFrom(): string | undefined {
    return this.#handshake.is === 'open' ? this.#handshake.forStore : undefined;
  }

  /** Takes the link over and says hello. */
  start(): void {
    const { link, ownStore, knownStore } = this.#parts;
    this.#arrivedBytes = link.arrivedBytes;
    link.open({
      frame: (bytes) => this.#take(bytes),
      drain: () => {
        this.#isFull = false;
        this.#parts.owner.drained(this);
      },
      closed: (reason) => this.#end(reason),
    });
    const first = openHandshake(ownStore, knownStore, this.#moment());
    this.#handshake = first.state;
    this.#performHandshake(first.effects);
    this.#arm();
  }

  /** Sends one frame; `closed` when there is no one to take it. */
  send(frame: Frame): 'sent' | 'full' | 'closed' {
    if (this.#isClosed) return 'closed';
    const how = this.#parts.link.send(lendFrame(frame));
    this.#isFull ||= how === 'full';
    return how;
  }

  /**
   * The owner serves the peer by this link from now on. Not sooner is it told that it is heard, which renews leases: a
   * peer that went back greets like any other, and is refused once its store was looked at.
   */
  serve(): void {
    this.#isServed = true;
    const ping = this.#heldPing;
    this.#heldPing = undefined;
    if (ping !== undefined) this.#answer(ping);
  }

  /** Ends the connection from this side. Safe to repeat. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#parts.link.close(reason);
    this.#end(reason);
  }

  /** Tells the peer why, then closes. */
  refuse(error: AppError): void {
    this.send({ t: 'nak', code: error.code, message: error.message.slice(0, 1000) });
    this.close(error.code);
  }

  #take(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      if (!this.isOpen && bytes.length > frameBytesBeforeHelloMax) {
        throw new AppError('FRAME_TOO_LARGE');
      }
      this.#dispatch(bytes);
    } catch (error) {
      this.refuse(wrapError(error, 'FRAME_INVALID'));
    }
  }

  #dispatch(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    this.#hear(this.#moment());
    const cost = priceFrame(frame);
    if (cost > 0 && !this.#parts.owner.affords(cost)) throw new AppError('PEER_FLOOD');
    if (frame.t === 'hello') {
      return this.#stepHandshake({ type: 'hello', hello: frame, isHeldUp: this.#isFull });
    }
    // A refusal before it is open ends it; after, it is about one frame or says why the peer parts.
    if (frame.t === 'nak' && !this.isOpen) return this.close(`${frame.code}: ${frame.message}`);
    if (!this.isOpen) return;
    if (frame.t === 'unknown') {
      this.send({ t: 'nak', code: 'FRAME_UNKNOWN', message: `I do not know "${frame.kind}".` });
      return;
    }
    if (frame.t === 'ping') {
      if (frame.load !== undefined) this.#parts.load.told(frame.load);
      if (this.#isServed) this.#answer(frame);
      else this.#heldPing = frame;
      return;
    }
    if (frame.t === 'pong') {
      this.#takePong(frame);
      return;
    }
    this.#parts.owner.frame(this, frame);
  }

  #answer({ at }: PingFrame): void {
    const queued = this.#parts.owner.countQueued();
    const { clock } = this.#parts.ports;
    const hubs = queued === undefined ? {} : { queued, wallMs: clock.wallMs() };
    this.send({ t: 'pong', at, ...hubs });
  }

  #ping(): void {
    const now = readInstant(this.#parts.ports.clock);
    this.#pings.push(now);
    if (this.#pings.length > pingsAwaitedMax) this.#pings.shift();
    const load = this.#parts.load.read();
    this.send({ t: 'ping', at: now.monotonicMs, ...(load === undefined ? {} : { load }) });
  }

  /** A pong to what this link never asked (a peer's invention, or forgotten) says nothing. */
  #takePong(pong: PongFrame): void {
    const { at } = pong;
    const sentAt = this.#pings.find((ping) => ping.monotonicMs === at);
    if (sentAt === undefined) return;
    this.#pings = this.#pings.filter((ping) => ping.monotonicMs > at);
    this.#rttMs = this.#parts.ports.clock.monotonicMs() - at;
    this.#parts.owner.answered(this, sentAt, pong);
  }

  #hear(moment: Moment): void {
    this.#heardAt = moment.nowMs;
    if (this.#liveness === undefined) return;
    const { state, effects } = stepLiveness(this.#liveness, { type: 'heard' }, moment);
    this.#liveness = state;
    this.#performLiveness(effects);
  }

  /**
   * On a slow line a large frame takes longer than any silence may last, and all that is small waits behind it. What
   * has come of it since the last look came after that look. Not sooner: the peer must hear our pings meanwhile.
   */
  #noteArriving(isArriving: boolean): void {
    const { link, ports } = this.#parts;
    if (isArriving) this.#arrivingAt = this.#lookedAt;
    this.#arrivedBytes = link.arrivedBytes;
    this.#lookedAt = ports.clock.monotonicMs();
    const isSilent = this.#lookedAt - this.#heardAt >= staleAfterMsDefault;
    if (isSilent && this.#arrivingAt > this.#heardAt) {
      this.#hear({ ...this.#moment(), nowMs: this.#arrivingAt });
    }
  }

  #stepHandshake(event: Parameters<typeof stepHandshake>[1]): void {
    const { state, effects } = stepHandshake(this.#handshake, event, this.#moment());
    this.#handshake = state;
    this.#performHandshake(effects);
    this.#arm();
  }

  #performHandshake(effects: readonly HandshakeEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'say') {
        this.send(this.#parts.owner.compose(effect.forStore, effect.isOpen));
      } else if (effect.do === 'opened') {
        this.#liveness = createLiveness(this.#moment(), this.#parts.pingRestMs);
        this.#parts.owner.opened(this, effect.hello);
      } else {
        this.refuse(new AppError(effect.code));
      }
    }
  }

  #performLiveness(effects: readonly LivenessEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'ping') {
        this.#ping();
      } else if (effect.do === 'show') {
        this.#parts.owner.presence(this, effect.as);
      } else {
        this.close('LINK_TIMEOUT');
      }
    }
  }

  #tick(): void {
    if (this.#isClosed) return;
    const newBytes = this.#parts.link.arrivedBytes - this.#arrivedBytes;
    const isArriving = newBytes >= slowHelloBytesMin;
    this.#stepHandshake({ type: 'tick', isHeldUp: this.#isFull, isArriving });
    this.#noteArriving(newBytes > 0);
    if (this.#liveness !== undefined && !this.#isClosed) {
      const { state, effects } = stepLiveness(this.#liveness, { type: 'tick' }, this.#moment());
      this.#liveness = state;
      this.#performLiveness(effects);
    }
    this.#arm();
  }

  #arm(): void {
    this.#alarm.set(findHandshakeDeadline(this.#handshake));
    if (this.#liveness !== undefined) this.#alarm.set(findLivenessDeadline(this.#liveness));
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alarm.stop();
    this.#parts.owner.closed(this, reason);
  }

  #moment(): Moment {
    const { clock, random } = this.#parts.ports;
    return { nowMs: clock.monotonicMs(), roll: random.fraction() };
  }
}
