/*
 * A session with one peer: two durable streams that outlive any number of connections.
 *
 * It owns the sender and receiver machines of the current pair of stores and performs their
 * effects: frames on the current connection, reads and commits through its host. The same code
 * runs in hub and agent, over any transport, and in the simulator. Invariants: only rows that are
 * on disk leave; a message is acknowledged only after the host's batch is on disk; a commit that
 * finishes after the peer's store changed moves nothing (reliability facts R4, R6, R7).
 */
import { AckPacer } from './ack-pacer.ts';
import { Adoptions } from './adoptions.ts';
import { Alarm } from './alarm.ts';
import { type Allowance, createAllowance, linkCost, storeCost } from './allowance.ts';
import { Connection } from './connection.ts';
import { listRows } from './data-frames.ts';
import { EarlyFrames } from './early-frames.ts';
import { AppError, wrapError } from './errors.ts';
import {
  type Frame,
  type HelloFrame,
  isOwnerFrame,
  type OwnerFrame,
  ownVersions,
  type PongFrame,
} from './frames.ts';
import { GreetingLinks } from './greeting-links.ts';
import { hubPingRestMs, linkLagMsMax, resendMsBase } from './limits.ts';
import { type ReceiverEffect, type ReceiverEvent, stepReceiver } from './machines/receiver.ts';
import {
  dropWaiting,
  type LeaseInstant,
  noteAnswer,
  noteReceived,
  type Renewal,
  readInstant,
  unrenewed,
} from './machines/renewal.ts';
import {
  findSenderDeadline,
  isBeyond,
  type OutboxRow,
  type SenderEffect,
  type SenderEvent,
  stepSender,
} from './machines/sender.ts';
import type { Moment } from './machines/table.ts';
import { Outgoing } from './outgoing.ts';
import { type Came, isOvertaken } from './overtaken.ts';
import { Refusals } from './refusals.ts';
import type { SessionParts, UnopenedLink } from './session-host.ts';
import { openStreamPair, type StreamPair } from './stream-pair.ts';
import type { Link } from './transports/link.ts';
import { Turn } from './turn.ts';

/** Life cycle: `attach` links as they come; `stop` ends it. */
export class Session {
  readonly #parts: SessionParts;
  #streams: StreamPair;
  #current: Connection | undefined;
  readonly #greeting = new GreetingLinks();
  readonly #adoptions: Adoptions;
  readonly #early = new EarlyFrames();
  readonly #alarm: Alarm;
  readonly #outgoing: Outgoing;
  /** Those of one turn are one event: the machine copies what it keeps at each. */
  readonly #queued = new Turn<OutboxRow>((rows) => this.#send({ type: 'queued', rows }));
  readonly #acks: AckPacer;
  #heardAt: number | undefined;
  #renewal: Renewal = unrenewed;
  #isStopped = false;
  readonly #refusals: Refusals;
  readonly #allowance: Allowance;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#alarm = new Alarm(parts.ports, () => this.#send({ type: 'tick' }));
    this.#outgoing = new Outgoing({
      send: (frame) => this.#current?.send(frame),
      sent: (row) => parts.host.sent(row),
    });
    this.#acks = new AckPacer({
      timers: parts.ports.timers,
      send: (received) => this.#current?.send({ t: 'ack', received, need: [] }),
    });
    this.#allowance = createAllowance(parts.ports.clock);
    this.#refusals = new Refusals(parts.identity.role, (code) => parts.host.trouble(code));
    this.#streams = openStreamPair(parts.knownStore, parts.marks);
    this.#adoptions = new Adoptions((store) => parts.host.adopt(store));
  }

  /** The open connection, if there is one. */
  get connection(): Connection | undefined {
    return this.#current;
  }

  /** Is there any link, open or still greeting, on which something may be on its way? */
  get hasLink(): boolean {
    return this.#current !== undefined || this.#greeting.size > 0;
  }

  /** Monotonic instant at which the peer was last heard on a link that had greeted; undefined if never. */
  get heardAt(): number | undefined {
    return this.#greeting.findHeardAt(this.#current?.heardAt ?? this.#heardAt);
  }

  /**
   * When the newest ping left that the peer has answered, all it had queued by then being applied:
   * what a lease from the peer runs from. Undefined before the first.
   */
  get renewedAt(): LeaseInstant | undefined {
    return this.#renewal.renewedAt;
  }

  /** The last links that came and never opened, the oldest first; not those that another one replaced. */
  get unopened(): readonly UnopenedLink[] {
    return this.#greeting.unopened;
  }

  /** All up to here is applied and on disk. */
  get received(): number {
    return this.#streams.receiver.received;
  }

  /** The peer's store that the streams are with; null before the first hello. */
  get peerStore(): string | null {
    return this.#streams.peerStore;
  }

  /**
   * Takes a new link; once it has greeted it replaces the one before. Resolves with the reason
   * when that link has ended, so that a dial loop knows when to go on. `askedAt`: when the link was
   * asked for; a peer that knows us may have greeted since then, before we did.
   */
  attach(link: Link, askedAt = readInstant(this.#parts.ports.clock)): Promise<string> {
    if (this.#isStopped) {
      link.close('stopped');
      return Promise.resolve('stopped');
    }
    if (!this.#allowance.spend(linkCost)) {
      link.close('PEER_FLOOD');
      return Promise.resolve('PEER_FLOOD');
    }
    return new Promise((resolve) => this.#connect(link, askedAt, resolve));
  }

  #connect(link: Link, askedAt: LeaseInstant, ended: (reason: string) => void): void {
    const { ports, identity, load } = this.#parts;
    // While another link is there the peer may have greeted here, and gone on there, before we knew of this one.
    const isAlone = this.#current === undefined;
    const nowMs = ports.clock.monotonicMs();
    const aloneSince = isAlone ? nowMs - linkLagMsMax : Number.NEGATIVE_INFINITY;
    const connection = new Connection({
      ...{ link, ports, load },
      ownStore: identity.store,
      knownStore: this.#streams.peerStore,
      pingRestMs: identity.role === 'hub' ? hubPingRestMs : 0,
      owner: {
        compose: (forStore, isOpen) => this.#compose(forStore, isOpen),
        opened: (from, hello) =>
          void this.#open(from, hello, { askedAt, aloneSince }).catch((error: unknown) =>
            this.#refuse(from, error),
          ),
        affords: (cost) => this.#allowance.spend(cost),
        countQueued: () => this.#parts.host.countQueued(),
        answered: (from, sentAt, pong) => this.#noteAnswer(from, sentAt, pong),
        frame: (from, frame) => this.#take(from, frame),
        presence: (from, as) => {
          if (from === this.#current) this.#parts.host.presence(as);
        },
        drained: (from) => {
          if (from === this.#current) this.#parts.host.drained();
        },
        closed: (from, reason) => {
          this.#drop(from, reason);
          ended(reason);
        },
      },
    });
    this.#greeting.start(connection);
  }

  /** What a hello causes must never end the process; its link ends, and the owner is told. */
  #refuse(connection: Connection, thrown: unknown): void {
    const error = wrapError(thrown, 'HUB_INTERNAL');
    this.#parts.host.trouble(error.code);
    connection.refuse(error);
  }

  /** These rows for that store of the peer are on disk now, in order; they may leave. */
  queued(peerStore: string, rows: readonly OutboxRow[]): void {
    // Between the adoption of a store and its first link the disk is ahead of the streams here.
    if (peerStore === this.#streams.peerStore) this.#queued.add(rows);
  }

  /** Sends an ephemeral frame; `closed` when no connection is open. */
  sendFrame(frame: OwnerFrame): 'sent' | 'full' | 'closed' {
    return this.#current?.send(frame) ?? 'closed';
  }

  /** Ends every connection for good, and tells the peer why where one is open. Safe to repeat. */
  expel(error: AppError): void {
    this.#current?.refuse(error);
    this.stop(error.code);
  }

  /** Ends every connection; safe to repeat. The streams stay on disk. */
  stop(reason: string): void {
    this.#isStopped = true;
    this.#acks.stop();
    this.#alarm.stop();
    this.#greeting.stop(reason);
    this.#current?.close(reason);
  }

  #compose(forStore: string | null, isOpen: boolean): HelloFrame {
    const { identity, host, ports } = this.#parts;
    const isKnown = forStore !== null && forStore === this.#streams.peerStore;
    return {
      t: 'hello',
      ...ownVersions,
      ...identity,
      forStore,
      received: isKnown ? this.#streams.receiver.received : 0,
      queued: isKnown ? this.#streams.sender.queued : 0,
      isOpen,
      wallMs: ports.clock.wallMs(),
      ...host.describe(forStore),
      takesMany: true,
    };
  }

  async #open(connection: Connection, hello: HelloFrame, came: Came): Promise<void> {
    if (hello.store !== this.#streams.peerStore) {
      if (this.#streams.peerStore !== null && !this.#allowance.spend(storeCost)) {
        return connection.refuse(new AppError('PEER_FLOOD'));
      }
      if (!(await this.#adopt(connection, hello.store))) return;
    }
    if (!connection.isOpen || this.#isStopped) return;
    const elsewhereAt = this.#current?.heardAt ?? this.#heardAt;
    if (isOvertaken(hello, this.#streams, { ...came, elsewhereAt })) {
      return connection.close('overtaken');
    }
    this.#greeting.take(connection);
    const before = this.#current;
    this.#outgoing.flush();
    this.#current = connection;
    this.#outgoing.peerTakes = hello.takesMany === true ? 'many' : 'one';
    before?.close('replaced');
    this.#send({ type: 'closed' });
    this.#receive({ type: 'closed' });
    const opened = { type: 'opened', received: hello.received } as const;
    if (isBeyond(this.#streams.sender, hello.received)) {
      this.#parts.host.wentBack?.(hello);
      return this.#send(opened);
    }
    this.#refusals.served();
    this.#parts.host.timeTold(hello.wallMs, came.askedAt);
    this.#parts.host.opened(hello);
    this.#send(opened);
    connection.serve();
    for (const frame of this.#early.release(connection)) this.#take(connection, frame);
  }

  /** The peer speaks from another store than before: the old streams end here. */
  async #adopt(connection: Connection, peerStore: string): Promise<boolean> {
    try {
      const marks = await this.#adoptions.adopt(peerStore);
      if (marks === undefined) {
        connection.close('replaced');
        return false;
      }
      if (this.#streams.peerStore !== peerStore) {
        this.#queued.flush();
        // Its link speaks from the old store, and the link of the new one may have ended meanwhile.
        this.#current?.close('replaced');
        this.#streams = openStreamPair(peerStore, marks);
        this.#acks.told(marks.received);
        this.#renewal = dropWaiting(this.#renewal);
      }
      return true;
    } catch (thrown) {
      this.#greeting.turnAway(connection, thrown);
      return false;
    }
  }

  #noteAnswer(from: Connection, sentAt: LeaseInstant, { queued = 0, wallMs }: PongFrame): void {
    if (from !== this.#current) return;
    if (wallMs !== undefined) this.#parts.host.timeTold(wallMs, sentAt);
    this.#renew(noteAnswer(this.#renewal, { sentAt, queued }, this.received));
  }

  #renew(next: Renewal): void {
    const isRenewed = next.renewedAt !== this.#renewal.renewedAt;
    this.#renewal = next;
    if (isRenewed) this.#parts.host.renewed();
  }

  #take(from: Connection, frame: Frame): void {
    if (from !== this.#current) return this.#early.keep(from, frame);
    if (frame.t === 'data') return this.#takeData(from, listRows(frame));
    if (frame.t === 'ack') return this.#send({ ...frame, type: 'ack' });
    if (isOwnerFrame(frame)) return this.#parts.host.frame(frame);
    return from.refuse(new AppError('FRAME_INVALID', `"${frame.t}" has no place here.`));
  }

  #takeData(from: Connection, rows: readonly OutboxRow[]): void {
    // Sent once more: it is answered by an ack, and so paid for.
    const isAgain = (rows[0]?.seq ?? 0) <= this.received;
    if (isAgain && !this.#allowance.spend(1)) return from.refuse(new AppError('PEER_FLOOD'));
    this.#receive({ type: 'data', rows });
  }

  #drop(connection: Connection, reason: string): void {
    this.#greeting.drop(connection, reason, this.#isStopped ? undefined : this.#moment().nowMs);
    if (connection !== this.#current) return this.#refusals.note(reason);
    this.#outgoing.flush();
    this.#current = undefined;
    // A peer that went back is refused at each dial; that keeps no work of it from being lost.
    if (this.#streams.sender.is !== 'halted') this.#heardAt = connection.heardAt;
    this.#send({ type: 'closed' });
    this.#receive({ type: 'closed' });
    this.#parts.host.closed(reason);
  }

  #send(event: SenderEvent): void {
    // What our own end still holds is not lost: said again it would only make the line longer.
    const isHeldUp = event.type === 'tick' && this.#current?.isFull === true;
    if (isHeldUp) return this.#alarm.set(this.#moment().nowMs + resendMsBase);
    const { state, effects } = stepSender(this.#streams.sender, event, this.#moment());
    this.#streams.sender = state;
    for (const effect of effects) this.#performSend(effect);
    this.#alarm.set(findSenderDeadline(this.#streams.sender));
  }

  #performSend(effect: SenderEffect): void {
    const { host } = this.#parts;
    const { peerStore } = this.#streams;
    if (peerStore === null) return;
    switch (effect.do) {
      case 'send':
        return this.#outgoing.put(effect);
      case 'load':
        return void this.#load(peerStore, effect.after, effect.countMax);
      case 'acked':
        return host.acked(peerStore, effect.through);
      case 'halt':
        host.trouble('PEER_REGRESSED');
        return this.#current?.refuse(new AppError('PEER_REGRESSED'));
    }
  }

  async #load(peerStore: string, after: number, countMax: number): Promise<void> {
    const connection = this.#current;
    try {
      const rows = await this.#parts.host.readOutbox(peerStore, after, countMax);
      if (connection === this.#current && peerStore === this.#streams.peerStore) {
        this.#send({ type: 'loaded', rows });
      }
    } catch {
      // A store that cannot be read is its owner's trouble; without rows nothing is sent.
      connection?.close('STORE_IO');
    }
  }

  #receive(event: ReceiverEvent): void {
    const { state, effects } = stepReceiver(this.#streams.receiver, event, this.#moment());
    this.#streams.receiver = state;
    for (const effect of effects) this.#performReceive(effect, event.type);
    this.#renew(noteReceived(this.#renewal, this.received));
  }

  #performReceive(effect: ReceiverEffect, cause: ReceiverEvent['type']): void {
    if (effect.do === 'apply') return void this.#apply(effect.rows);
    const { received, need } = effect;
    if (cause === 'applied' && need.length === 0) return this.#acks.applied(received);
    this.#acks.told(received);
    this.#current?.send({ t: 'ack', received, need: [...need] });
  }

  async #apply(rows: readonly OutboxRow[]): Promise<void> {
    const streams = this.#streams;
    const through = rows.at(-1)?.seq;
    if (streams.peerStore === null || through === undefined) return;
    try {
      await this.#parts.host.apply(streams.peerStore, rows);
      if (streams === this.#streams) this.#receive({ type: 'applied', through });
    } catch (thrown) {
      // Not on disk, so not acknowledged: the owner reopens its store and the peer sends again.
      const { code } = wrapError(thrown, 'STORE_IO');
      if (streams === this.#streams) this.#current?.close(code);
    }
  }

  #moment(): Moment {
    const { clock, random } = this.#parts.ports;
    return { nowMs: clock.monotonicMs(), roll: random.fraction() };
  }
}
