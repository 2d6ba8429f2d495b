/*
 * The agent's desk: every decision about attempts is taken, written down and reported here.
 *
 * It holds the rows in memory, steps the attempt machine, and commits each transition with the report it owes in one
 * synced batch; effects on processes are performed only after that. It starts nothing by itself (`run-work` does) and sends
 * nothing (the session does). Invariant: an attempt leaves `accepted` on disk before any process exists for it.
 */
import { ChurnMap } from '../protocol/churn-map.ts';
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
import type { TakeHow } from '../store/intake.ts';
import type { KvOp } from '../store/kv.ts';
import type { PeerStreams, StreamRow } from '../store/peer-streams.ts';
import { planQuarantine } from '../store/quarantine.ts';
import { type AttemptEvent, stepAttempt } from './attempt-machine.ts';
import {
  acceptAttempt,
  countOwed,
  countWork,
  type HeldAttempt,
  isFull,
  listInventory,
} from './attempts.ts';
import { type DeskParts, type HubTakes, nothing, type Plan, type Planned } from './desk-parts.ts';
import { Disowned } from './disowned.ts';
import { EarlyReports } from './early-reports.ts';
import { describeAssign } from './hub-asks.ts';
import { describeFact, describeRefusal, describeRepeat, noteReport } from './report.ts';
import { SilentEnds } from './silent-ends.ts';
import { UnsaidReceipts } from './unsaid.ts';

/** Decides for all attempts of one agent. No life cycle: it lives as long as its store. */
export class Desk {
  /** What was given up with an earlier store of the hub, while it ends. */
  readonly disowned: Disowned;
  readonly #parts: DeskParts;
  readonly #held = new ChurnMap<AttemptId, HeldAttempt>();
  /** Where the hub takes whole reports: what will be said with more. */
  readonly #unsaid: UnsaidReceipts;
  #hubTakes: 'each' | 'whole' = 'each';
  readonly #early: EarlyReports;
  readonly #silent: SilentEnds;
  #streams: PeerStreams | undefined;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    this.disowned = new Disowned(parts);
    this.#streams = parts.streams;
    this.#unsaid = new UnsaidReceipts(parts.ports.timers, (attempts) => this.#say(attempts));
    this.#early = new EarlyReports({
      ...{ ports: parts.ports, send: (frame) => parts.outlet.send(frame) },
      fellBack: (attempts) => void this.sayEnds(attempts).catch(() => this.#early.drop()),
    });
    for (const held of parts.held) {
      this.#held.set(held.attempt, held);
      if (held.state.is !== 'finished') this.#unsaid.said(held.attempt);
    }
    this.#silent = new SilentEnds(parts.held);
  }

  /** All attempts held, oldest first. */
  list(): readonly HeldAttempt[] {
    return this.#held.list();
  }

  find(attempt: AttemptId): HeldAttempt | undefined {
    return this.#held.get(attempt);
  }

  /** How many run, and how many wait to. */
  get counts(): { readonly running: number; readonly waiting: number } {
    return countWork(this.#held.values());
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
  noteHub({ takesWhole = false, takesEnded = false }: HubTakes): void {
    this.#hubTakes = takesWhole ? 'whole' : 'each';
    this.#early.linked(takesWhole && takesEnded);
  }

  /** What was told on the link that is gone, and not answered, goes by the next. */
  unlinked(): void {
    this.#early.unlinked();
  }

  /** The hub has on its disk how these ended. */
  endsKept(attempts: readonly AttemptId[]): void {
    for (const attempt of attempts) {
      if (!this.#early.kept(attempt)) continue;
      const held = this.#held.get(attempt);
      if (held?.state.is !== 'finished' || held.finishedSeq !== undefined) continue;
      // As one whose message was acknowledged: only its log is owed.
      const kept = { ...held, finishedSeq: 0 };
      this.#held.set(attempt, kept);
      this.#keep({ ...nothing, kept });
      this.#parts.committer.expectSeal();
      if (held.logBytes === 0) this.logDelivered(attempt);
    }
  }

  /** Reports ends as messages that were told ahead of the disk, all where none are named; resolves once these are on it. */
  async sayEnds(attempts: Iterable<AttemptId> = [...this.#held.keys()]): Promise<void> {
    const reports: Planned[] = [];
    for (const attempt of attempts) {
      const held = this.#held.get(attempt);
      if (held?.state.is !== 'finished' || held.finishedSeq !== undefined) continue;
      const report = this.#planReport(describeRepeat(held, this.#parts.outlet));
      const kept = { ...held, finishedSeq: report.row.seq };
      this.#held.set(attempt, kept);
      this.#silent.note(kept);
      this.#keep({ ...nothing, kept });
      reports.push(report);
    }
    await this.#commitReports(reports);
  }

  /** Says nothing more by itself; safe to repeat. */
  stop(): void {
    this.#unsaid.stop();
    this.#early.drop();
  }

  /** The hub speaks from another store: what the old one gave can't be reported to it. Gives the streams that hold now. */
  async adopt(streams: PeerStreams, more: readonly KvOp[]): Promise<PeerStreams> {
    // News of it came before, by a link that was given up for a newer one; what is held was taken since.
    if (streams.store === this.#streams?.store) return this.#streams;
    const { rows, outlet, committer } = this.#parts;
    const ops = [...more, ...this.disowned.take(this.#held.values())];
    for (const [attempt, held] of this.#held) {
      if (committer.isOpen) rows.remove(attempt);
      if (held.state.is === 'running') outlet.endProcess(attempt);
      outlet.forgotten(attempt);
    }
    this.#held.clear();
    this.#unsaid.stop();
    this.#early.drop();
    this.#silent.clear();
    this.#streams = streams;
    await committer.commit(ops);
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
    if (planned.lasts === 'buffered') this.#parts.committer.buffer([]);
    else await this.#commit(planned.ops, planned.rows);
    for (const perform of planned.after) perform();
    this.#parts.outlet.changed();
  }

  /** The hub has all reports up to here; their rows go, and with them what printed nothing. */
  acked(through: number): void {
    if (this.#streams === undefined) return;
    const { committer } = this.#parts;
    committer.defer(this.#streams.planAcked(through));
    for (const attempt of this.#silent.take(this.#acked)) {
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
    this.#parts.rows.remove(attempt);
    this.#parts.committer.expectSeal();
    this.#parts.outlet.forgotten(attempt);
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
    const { attempt, spec } = message;
    if (this.#held.has(attempt)) return nothing;
    const held = acceptAttempt(message, this.#wallMs());
    if (isFull(this.#held, this.#acked)) return this.#refuse(message, new AppError('JOB_FULL'));
    const refusal = this.#parts.findRefusal(spec);
    if (refusal !== undefined) return this.#refuse(message, refusal);
    this.#held.set(attempt, held);
    this.#parts.noteTaken(describeAssign(attempt, spec));
    if (this.#hubTakes === 'whole') {
      this.#unsaid.note(attempt);
      return { ...nothing, kept: held, unsaid: attempt };
    }
    this.#unsaid.said(attempt);
    const { op, row } = this.#planReport(this.#describeFact(held));
    return { ops: [op], rows: [row], after: [], kept: held };
  }

  get #acked(): number {
    return this.#streams?.counts.acked ?? 0;
  }

  #refuse(
    { attempt, spec }: { readonly attempt: AttemptId; readonly spec?: CommandSpec },
    { code, message }: AppError,
  ): Plan {
    this.#parts.noteTaken(describeAssign(attempt, spec, code));
    const report = this.#planReport(
      describeRefusal(attempt, { code, message, at: this.#wallMs() }),
    );
    return { ops: [report.op], rows: [report.row], after: [] };
  }

  #plan(attempt: AttemptId, event: AttemptEvent): Plan {
    const held = this.#held.get(attempt);
    if (held === undefined) return nothing;
    const moment = { nowMs: this.#parts.ports.clock.monotonicMs(), roll: 0 };
    const { state, effects } = stepAttempt(held.state, event, moment);
    if (state === held.state && effects.length === 0) return nothing;
    const isReported = effects.some((effect) => effect.do === 'report');
    const stepped = { ...held, state };
    const planned = isReported ? this.#report(stepped, held) : { ...nothing, kept: stepped };
    this.#held.set(attempt, planned.kept);
    this.#silent.note(planned.kept);
    if (!effects.some((effect) => effect.do === 'end-process')) return planned;
    // Performed once it is on the disk.
    const after = [() => this.#parts.outlet.endProcess(attempt)];
    return { ...planned, after, lasts: 'synced' };
  }

  /** What is said of an attempt that has come this far, and how. */
  #report(held: HeldAttempt, before: HeldAttempt): Plan & { readonly kept: HeldAttempt } {
    const { attempt, state } = held;
    if (state.is === 'running' && this.#hubTakes === 'whole') {
      this.#unsaid.note(attempt);
      return { ...nothing, kept: held, lasts: 'buffered' };
    }
    const isEarly = this.#mayBeEarly(held, before);
    if (state.is === 'finished') this.#unsaid.drop(attempt);
    else this.#unsaid.said(attempt);
    if (isEarly) {
      this.#early.say(attempt, encodeMessage(this.#describeFact(held)));
      const kept = { ...held, logBytes: this.#parts.outlet.logEnd(attempt) };
      return { ...nothing, kept, lasts: 'buffered' };
    }
    const { op, row } = this.#planReport(this.#describeFact(held));
    const kept = state.is === 'finished' ? noteReport(held, row.seq, this.#parts.outlet) : held;
    return { ops: [op], rows: [row], after: [], kept };
  }

  /** Of what ran, and nothing was said, and which leaves nothing here but its log. */
  #mayBeEarly({ attempt, state }: HeldAttempt, before: HeldAttempt): boolean {
    if (state.is !== 'finished' || state.ending.kept !== undefined) return false;
    if (before.state.is === 'accepted' || !this.#unsaid.isUnheard(attempt)) return false;
    return this.#parts.outlet.artifacts(attempt) === undefined && this.#early.isOpen;
  }

  /** Reports where these stand; nothing of those that have ended, for that was reported. */
  #say(attempts: readonly AttemptId[]): void {
    const held = attempts.flatMap((attempt) => this.#held.get(attempt) ?? []);
    const owed = held.filter(({ state }) => state.is !== 'finished');
    const reports = owed.map((one) => this.#planReport(this.#describeFact(one)));
    for (const { attempt } of owed) this.#unsaid.said(attempt);
    // Whoever owns the store was told of its failure; there is nobody else to tell.
    this.#commitReports(reports).catch(() => this.#unsaid.stop());
  }

  async #commitReports(reports: readonly Planned[]): Promise<void> {
    if (reports.length === 0) return;
    const ops = reports.map(({ op }) => op);
    const rows = reports.map(({ row }) => row);
    await this.#commit(ops, rows);
  }

  #describeFact(held: HeldAttempt): FactMessage {
    const fact = describeFact(held, this.#parts.outlet);
    if (fact.kind === 'accepted' || this.#hubTakes === 'each') return fact;
    return { ...fact, acceptedAt: held.state.acceptedAt };
  }

  #planReport(fact: FactMessage): Planned {
    if (this.#streams === undefined) throw new AppError('PAIR_MISSING');
    return this.#streams.planMessage(encodeMessage(fact));
  }

  /** Its row goes with the commit that follows. */
  #keep({ kept }: Plan): void {
    // A commit that is refused takes nothing to the disk, and its row must not go there with another.
    if (kept === undefined || !this.#parts.committer.isOpen) return;
    this.#parts.rows.put(kept);
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
