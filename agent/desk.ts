/*
 * The agent's desk: every decision about attempts is taken, written down and reported here.
 *
 * It holds the rows in memory, steps the attempt machine, and commits each transition with the
 * report it owes in one synced batch; effects on processes are performed only after that. It starts
 * nothing by itself (`run-work` does) and sends nothing (the session does). Invariant: an attempt
 * leaves `accepted` on disk before any process exists for it.
 */
import { AppError, type ErrorCode } from '../protocol/errors.ts';
import type { InventoryRow } from '../protocol/frames.ts';
import {
  type CommandMessage,
  decodeCommand,
  encodeMessage,
  type FactMessage,
  findAssigned,
} from '../protocol/messages.ts';
import type { AttemptId, CommandSpec } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import type { Committer } from '../store/committer.ts';
import type { TakeHow } from '../store/intake.ts';
import type { KvOp } from '../store/kv.ts';
import type { PeerStreams, StreamRow } from '../store/peer-streams.ts';
import { planQuarantine } from '../store/quarantine.ts';
import { type AttemptEvent, stepAttempt } from './attempt-machine.ts';
import { countOwed, type HeldAttempt, type HeldRows, isFull, listInventory } from './attempts.ts';
import { describeAssign, type NoteTaken } from './hub-asks.ts';
import { cutReason, describeArtifacts, describeFact, type ReportSource } from './report.ts';
import { UnsaidReceipts } from './unsaid.ts';

/** What the desk asks of the rest of the agent, after the decision is on disk. */
export interface DeskOutlet extends ReportSource {
  /** Rows are durable and may leave. */
  queued(hubStore: string, rows: readonly StreamRow[]): void;
  endProcess(attempt: AttemptId): void;
  /**
   * Commands are applied with the commit that was made a moment ago and is not on disk yet; what is
   * committed now shares its batch.
   */
  taken(): void;
  /** Something changed: look for work, logs and deadlines again. */
  changed(): void;
  /** Does the hub lack any of them? */
  owesArtifacts(attempt: AttemptId): boolean;
  forgotten(attempt: AttemptId): void;
  /** A message of the hub could not be applied and was kept aside. */
  quarantined(seq: number, code: ErrorCode): void;
}

/** What a desk is made from. `held` is what the store holds. */
export interface DeskParts {
  readonly committer: Committer;
  /** The committer's own: it seals these with each batch. */
  readonly rows: HeldRows;
  readonly ports: Ports;
  readonly hub: string;
  readonly outlet: DeskOutlet;
  readonly held: readonly HeldAttempt[];
  readonly streams: PeerStreams | undefined;
  /** Why this box does not take this work, if it does not. */
  readonly findRefusal: (spec: CommandSpec) => AppError | undefined;
  /** Writes down what the hub asked; it goes with what is committed next. */
  readonly noteTaken: NoteTaken;
}

/** Decides for all attempts of one agent. No life cycle: it lives as long as its store. */
export class Desk {
  readonly #parts: DeskParts;
  readonly #held = new Map<AttemptId, HeldAttempt>();
  /** Where the hub takes whole reports: what will be said with more. */
  readonly #unsaid: UnsaidReceipts;
  #hubTakes: 'each' | 'whole' = 'each';
  /** Attempts that printed nothing, whose report is on its way: in the order of the reports. */
  readonly #silent: { readonly attempt: AttemptId; readonly finishedSeq: number }[] = [];
  #streams: PeerStreams | undefined;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.#streams = parts.streams;
    this.#unsaid = new UnsaidReceipts(parts.ports.timers, (attempts) => this.#say(attempts));
    for (const held of parts.held) this.#held.set(held.attempt, held);
    const ended = parts.held.filter((held) => held.finishedSeq !== undefined);
    for (const held of ended.toSorted((a, b) => getFinishedSeq(a) - getFinishedSeq(b))) {
      this.#noteSilent(held);
    }
  }

  /** All attempts held, oldest first. */
  list(): readonly HeldAttempt[] {
    return [...this.#held.values()];
  }

  find(attempt: AttemptId): HeldAttempt | undefined {
    return this.#held.get(attempt);
  }

  /** How many run, and how many wait to. */
  get counts(): { readonly running: number; readonly waiting: number } {
    const states = this.list().map(({ state }) => state.is);
    const count = (...which: readonly string[]) => states.filter((is) => which.includes(is)).length;
    return { running: count('starting', 'running'), waiting: count('accepted') };
  }

  /** Do at least so many ended attempts wait only for their logs and files to leave? */
  owes(countMin: number): boolean {
    return this.#held.size >= countMin && countOwed(this.#held.values(), this.#acked) >= countMin;
  }

  inventory(): InventoryRow[] {
    return listInventory(this.#held.values(), this.#acked);
  }

  /** The streams with the hub's present store; undefined before the first hello. */
  get streams(): PeerStreams | undefined {
    return this.#streams;
  }

  /** What the hub said of the reports that it takes: one for each receipt, or the last for all. */
  noteHub(takes: 'each' | 'whole'): void {
    this.#hubTakes = takes;
  }

  /** Says nothing more by itself; safe to repeat. */
  stop(): void {
    this.#unsaid.stop();
  }

  /** The hub speaks from another store: what the old one gave can't be reported to it. Gives the streams that hold now. */
  async adopt(streams: PeerStreams, more: readonly KvOp[]): Promise<PeerStreams> {
    // News of it came before, by a link that was given up for a newer one; what is held was taken since.
    if (streams.store === this.#streams?.store) return this.#streams;
    const { rows } = this.#parts;
    const ops = [...more, ...[...this.#held.keys()].map((attempt) => rows.remove(attempt))];
    for (const [attempt, held] of this.#held) {
      if (held.state.is === 'running') this.#parts.outlet.endProcess(attempt);
      this.#parts.outlet.forgotten(attempt);
    }
    this.#held.clear();
    this.#unsaid.stop();
    this.#silent.length = 0;
    this.#streams = streams;
    await this.#parts.committer.commit(ops);
    return streams;
  }

  /** Applies what arrived from the hub: one batch with the receive mark. */
  async take(rows: readonly StreamRow[], how: TakeHow = 'apply'): Promise<void> {
    const ops: KvOp[] = [];
    const out: StreamRow[] = [];
    const effects: (() => void)[] = [];
    const taken: AttemptId[] = [];
    for (const row of rows) {
      const planned = this.#takeOrQuarantine(row, how);
      this.#keep(planned);
      if (planned.unsaid !== undefined) taken.push(planned.unsaid);
      ops.push(...planned.ops);
      out.push(...planned.rows);
      effects.push(...planned.after);
    }
    const last = rows.at(-1);
    if (last === undefined || this.#streams === undefined) return;
    ops.push(this.#streams.planReceived(last.seq));
    const committed = this.#commit(ops, out);
    this.#parts.outlet.taken();
    // What did not start waits for a slot, maybe for long.
    this.#say(taken.filter((attempt) => this.#held.get(attempt)?.state.is === 'accepted'));
    await committed;
    for (const perform of effects) perform();
    this.#parts.outlet.changed();
  }

  /** Steps one attempt and resolves once the result is on disk; unknown attempts are ignored. */
  async step(attempt: AttemptId, event: AttemptEvent): Promise<void> {
    const planned = this.#plan(attempt, event);
    if (planned.kept === undefined) return;
    this.#keep(planned);
    await this.#commit(planned.ops, planned.rows);
    for (const perform of planned.after) perform();
    this.#parts.outlet.changed();
  }

  /** The hub has all reports up to here; their rows go, and with them what printed nothing. */
  acked(through: number): void {
    if (this.#streams === undefined) return;
    const { committer } = this.#parts;
    committer.defer(this.#streams.planAcked(through));
    const { acked } = this.#streams.counts;
    const kept = this.#silent.findIndex(({ finishedSeq }) => finishedSeq > acked);
    for (const { attempt } of this.#silent.splice(0, kept < 0 ? this.#silent.length : kept)) {
      if (!this.#parts.outlet.owesArtifacts(attempt)) this.#forget(attempt);
    }
  }

  /** The hub has this attempt's whole log, so nothing more is owed once its report is acked. */
  logDelivered(attempt: AttemptId): void {
    const held = this.#held.get(attempt);
    if (held?.state.is !== 'finished' || held.finishedSeq === undefined) return;
    if (held.finishedSeq > this.#acked) return;
    if (!this.#parts.outlet.owesArtifacts(attempt)) this.#forget(attempt);
  }

  /** The hub has all files of this attempt; its log may be owed, unless there is none. */
  artifactsDelivered(attempt: AttemptId): void {
    if (this.#held.get(attempt)?.logBytes === 0) this.logDelivered(attempt);
    else this.#parts.outlet.changed();
  }

  /** Its row may outlive a crash; then it is found finished, and forgotten once more. */
  #forget(attempt: AttemptId): void {
    this.#held.delete(attempt);
    this.#parts.committer.defer([this.#parts.rows.remove(attempt)]);
    this.#parts.outlet.forgotten(attempt);
  }

  #noteSilent({ attempt, finishedSeq, logBytes }: HeldAttempt): void {
    if (finishedSeq !== undefined && logBytes === 0) this.#silent.push({ attempt, finishedSeq });
  }

  /** The stream must not stop at one message for ever, whatever is wrong with it. */
  #takeOrQuarantine(row: StreamRow, how: TakeHow): Plan {
    if (how !== 'apply') return this.#quarantine(row, how, 'MESSAGE_POISON');
    const queued = this.#streams?.counts.queued ?? 0;
    let message: CommandMessage;
    try {
      message = decodeCommand(row.bytes);
    } catch {
      return this.#quarantine(row, how, 'FRAME_INVALID');
    }
    const { attempt } = message;
    const before = this.#held.get(attempt);
    try {
      return this.#takeOne(message);
    } catch {
      // What the handler did before it threw is undone: memory stays what the disk holds.
      if (before === undefined) this.#held.delete(attempt);
      else this.#held.set(attempt, before);
      this.#streams?.takeBack(queued);
      return this.#quarantine(row, how, 'MESSAGE_POISON');
    }
  }

  #takeOne(message: CommandMessage): Plan {
    if (message.kind === 'assign') return this.#assign(message);
    const result = this.#held.has(message.attempt) ? 'done' : 'JOB_UNKNOWN';
    this.#parts.noteTaken({ verb: 'cancel', about: message.attempt, result });
    return this.#plan(message.attempt, { type: 'end', at: this.#wallMs(), cause: 'cancel' });
  }

  /** Kept for a person to look at; an assignment is refused, so that it has an outcome. */
  #quarantine(row: StreamRow, how: TakeHow, code: ErrorCode): Plan {
    this.#parts.outlet.quarantined(row.seq, code);
    const kept = { ...nothing, ops: [planQuarantine(this.#parts.hub, row, this.#wallMs())] };
    const attempt = how === 'bury' ? undefined : findAssigned(row.bytes);
    if (attempt === undefined || this.#held.has(attempt)) {
      this.#parts.noteTaken({ verb: 'message', about: String(row.seq), result: code });
      return kept;
    }
    const refused = this.#refuse({ attempt }, new AppError(code));
    return { ...refused, ops: [...kept.ops, ...refused.ops] };
  }

  #assign(message: Extract<CommandMessage, { kind: 'assign' }>): Plan {
    const { attempt, spec, issuedAt, expiresAt } = message;
    if (this.#held.has(attempt)) return nothing;
    const acceptedAt = this.#wallMs();
    if (isFull(this.#held, this.#acked)) return this.#refuse(message, new AppError('JOB_FULL'));
    const refusal = this.#parts.findRefusal(spec);
    if (refusal !== undefined) return this.#refuse(message, refusal);
    const held: HeldAttempt = {
      attempt,
      spec,
      issuedAt,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      state: { is: 'accepted', acceptedAt },
    };
    this.#held.set(attempt, held);
    this.#parts.noteTaken(describeAssign(attempt, spec));
    if (this.#hubTakes === 'whole') {
      this.#unsaid.note(attempt);
      return { ...nothing, kept: held, unsaid: attempt };
    }
    const report = this.#planReport(this.#describeFact(held));
    return { ops: [report.op], rows: [report.row], after: [], kept: held };
  }

  get #acked(): number {
    return this.#streams?.counts.acked ?? 0;
  }

  #refuse(
    { attempt, spec }: { readonly attempt: AttemptId; readonly spec?: CommandSpec },
    { code, message }: AppError,
  ): Plan {
    this.#parts.noteTaken(describeAssign(attempt, spec, code));
    const report = this.#planReport({
      kind: 'finished',
      attempt,
      at: this.#wallMs(),
      outcome: 'refused',
      code,
      reason: cutReason(message),
      usage: {},
      logBytes: 0,
    });
    return { ops: [report.op], rows: [report.row], after: [] };
  }

  #plan(attempt: AttemptId, event: AttemptEvent): Plan {
    const held = this.#held.get(attempt);
    if (held === undefined) return nothing;
    const moment = { nowMs: this.#parts.ports.clock.monotonicMs(), roll: 0 };
    const { state, effects } = stepAttempt(held.state, event, moment);
    if (state === held.state && effects.length === 0) return nothing;
    let next: HeldAttempt = { ...held, state };
    const ops: KvOp[] = [];
    const rows: StreamRow[] = [];
    const isReported = effects.some((effect) => effect.do === 'report');
    if (isReported && state.is === 'running' && this.#hubTakes === 'whole') {
      this.#unsaid.note(attempt);
    } else if (isReported) {
      this.#unsaid.drop(attempt);
      const report = this.#planReport(this.#describeFact(next));
      ops.push(report.op);
      rows.push(report.row);
      if (state.is === 'finished') {
        next = {
          ...next,
          finishedSeq: report.row.seq,
          logBytes: this.#parts.outlet.logEnd(attempt),
          ...describeArtifacts(this.#parts.outlet, attempt),
        };
      }
    }
    this.#held.set(attempt, next);
    if (state.is === 'finished') this.#noteSilent(next);
    const ends = effects.some((effect) => effect.do === 'end-process');
    const after = ends ? [() => this.#parts.outlet.endProcess(attempt)] : nothing.after;
    return { ops, rows, after, kept: next };
  }

  /** Reports where these stand; nothing of those that have ended, for that was reported. */
  #say(attempts: readonly AttemptId[]): void {
    const held = attempts.flatMap((attempt) => this.#held.get(attempt) ?? []);
    const owed = held.filter(({ state }) => state.is !== 'finished');
    if (owed.length === 0) return;
    const reports = owed.map((one) => this.#planReport(this.#describeFact(one)));
    for (const { attempt } of owed) this.#unsaid.drop(attempt);
    const ops = reports.map(({ op }) => op);
    const rows = reports.map(({ row }) => row);
    // Whoever owns the store was told of its failure; there is nobody else to tell.
    this.#commit(ops, rows).catch(() => this.#unsaid.stop());
  }

  #describeFact(held: HeldAttempt): FactMessage {
    const fact = describeFact(held, this.#parts.outlet);
    if (fact.kind === 'accepted' || this.#hubTakes === 'each') return fact;
    return { ...fact, acceptedAt: held.state.acceptedAt };
  }

  #planReport(fact: FactMessage): { readonly row: StreamRow; readonly op: KvOp } {
    if (this.#streams === undefined) throw new AppError('PAIR_MISSING');
    return this.#streams.planMessage(encodeMessage(fact));
  }

  /** Its row goes with the commit that follows. */
  #keep({ kept }: Plan): void {
    // A commit that is refused takes nothing to the disk, and its row must not go there with another.
    if (kept === undefined || !this.#parts.committer.isOpen) return;
    this.#parts.rows.put(kept.attempt, kept);
  }

  #commit(ops: readonly KvOp[], rows: readonly StreamRow[]): Promise<void> {
    const { committer, outlet } = this.#parts;
    const store = this.#streams?.store;
    const committed = committer.commit(ops);
    if (rows.length === 0 || store === undefined) return committed;
    return committed.then(() => outlet.queued(store, rows));
  }

  #wallMs(): number {
    return Math.round(this.#parts.ports.clock.wallMs());
  }
}

function getFinishedSeq(held: HeldAttempt): number {
  return held.finishedSeq ?? 0;
}

interface Plan {
  readonly ops: readonly KvOp[];
  readonly rows: readonly StreamRow[];
  readonly after: readonly (() => void)[];
  /** The attempt whose row is written. */
  readonly kept?: HeldAttempt;
  /** Accepted, and not reported yet. */
  readonly unsaid?: AttemptId;
}

const nothing: Plan = { ops: [], rows: [], after: [] };
