/*
 * What attempts leave on this box for the hub: the ends of their logs, their artifacts, and both loops
 * that bring them there.
 *
 * It keeps what the desk reports of them and forgets, with the stores, what the desk forgets. It
 * decides nothing about attempts. Invariant: of an attempt that is forgotten nothing stays here.
 */
import { wrapError } from '../protocol/errors.ts';
import type { OwnerFrame } from '../protocol/frames.ts';
import type { ArtifactsReport, AttemptId } from '../protocol/model.ts';
import { type Ports, sleep } from '../protocol/ports.ts';
import type { ArtifactStore } from '../store/artifact.ts';
import type { DiskGuard } from '../store/disk-guard.ts';
import type { LogStore } from '../store/log.ts';
import type { HeldAttempt } from './attempts.ts';
import type { Desk } from './desk.ts';
import { keepArtifacts } from './keep-artifacts.ts';
import { artifactRoomLookMs, artifactRoomMsMax, attemptsOwedMax } from './limits.ts';
import { SendArtifacts } from './loops/send-artifacts.ts';
import { SendLogs } from './loops/send-logs.ts';
import type { FoundArtifacts } from './work/work.ts';

/** What they are kept in, and how they leave. */
export interface LeavingsParts {
  readonly desk: Desk;
  /** What the desk began with. */
  readonly held: readonly HeldAttempt[];
  readonly logs: LogStore;
  readonly artifacts: ArtifactStore;
  readonly disk: Pick<DiskGuard, 'hasLogRoom'>;
  readonly send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
  /** Work that waited for what the hub lacks may start again. */
  readonly caughtUp: () => void;
}

/** Life cycle: that of its loops, `linked` and `unlinked` as connections come and go. */
export class Leavings {
  readonly #parts: LeavingsParts;
  readonly #logEnds = new Map<AttemptId, number>();
  readonly #reports = new Map<AttemptId, ArtifactsReport>();
  readonly #sendLogs: SendLogs;
  readonly #sendArtifacts: SendArtifacts;
  #isLinked = false;
  #wasBehind = false;

  constructor(parts: LeavingsParts) {
    const { desk, held, logs, artifacts, send, ports, failed, noticed } = parts;
    this.#parts = parts;
    for (const known of held) {
      if (known.artifacts !== undefined) this.#reports.set(known.attempt, known.artifacts);
    }
    const { clock, timers } = ports;
    const way = { desk, send, timers, failed, noticed };
    this.#sendLogs = new SendLogs({
      ...{ ...way, clock, logs },
      logEnd: (attempt) => this.logEnd(attempt),
    });
    this.#sendArtifacts = new SendArtifacts({
      ...{ ...way, artifacts },
      delivered: (attempt) => desk.artifactsDelivered(attempt),
    });
  }

  /** One line for people. */
  get status(): string {
    const waits = this.#wasBehind ? '; new work waits until the hub has more of them' : '';
    return `${this.#sendLogs.status}${waits}`;
  }

  /**
   * Does the hub lack so much of ended work that nothing new is begun? Not while there is no link: then nothing more is
   * given, and what is here goes on.
   */
  get isBehind(): boolean {
    this.#wasBehind = this.#isLinked && this.#parts.desk.owes(attemptsOwedMax);
    return this.#wasBehind;
  }

  /** Where this attempt's log ends now. */
  logEnd(attempt: AttemptId): number {
    return this.#logEnds.get(attempt) ?? 0;
  }

  /** What files it left, where it was to leave any. */
  artifacts(attempt: AttemptId): ArtifactsReport | undefined {
    return this.#reports.get(attempt);
  }

  /** Does the hub lack any of them? */
  owesArtifacts(attempt: AttemptId): boolean {
    return this.#sendArtifacts.owes(attempt);
  }

  noteLogEnd(attempt: AttemptId, end: number): void {
    this.#logEnds.set(attempt, end);
  }

  async noteLogGrew(attempt: AttemptId): Promise<void> {
    const log = await this.#parts.logs.open(attempt);
    this.#logEnds.set(attempt, log.end);
    this.#sendLogs.wake();
  }

  /** Takes what ended work left, while it is wanted. Never rejects. */
  async collect(attempt: AttemptId, found: FoundArtifacts, isWanted: () => boolean): Promise<void> {
    const { artifacts } = this.#parts;
    const place = { store: artifacts, hasRoom: this.#openRoom(isWanted) };
    const report = await keepArtifacts(place, attempt, found);
    if (isWanted()) this.#reports.set(attempt, report);
    // What was forgotten meanwhile had nothing to be removed then.
    else await artifacts.remove(attempt).catch((thrown) => this.#noteLeft(attempt, thrown));
  }

  /**
   * Asked before each piece of an attempt's files: whether there is room, which is waited for as long as somebody may
   * be making some, and no longer, for the outcome waits with it.
   */
  #openRoom(isWanted: () => boolean): () => Promise<boolean> {
    const { disk, ports } = this.#parts;
    let endsAt: number | undefined;
    return async () => {
      while (isWanted()) {
        if (await disk.hasLogRoom()) return true;
        const nowMs = ports.clock.monotonicMs();
        endsAt ??= nowMs + artifactRoomMsMax;
        if (nowMs >= endsAt) return false;
        await sleep(ports.timers, artifactRoomLookMs);
      }
      return false;
    };
  }

  linked(): void {
    this.#isLinked = true;
    this.#sendLogs.linked();
    this.#sendArtifacts.linked();
  }

  unlinked(): void {
    this.#isLinked = false;
    this.#noteCaughtUp();
    this.#sendLogs.unlinked();
    this.#sendArtifacts.unlinked();
  }

  /** Each sends one chunk into the room there is, so neither waits for the other to be done. */
  drained(): void {
    this.#sendLogs.drained();
    this.#sendArtifacts.drained();
  }

  wake(): void {
    this.#sendLogs.wake();
    this.#sendArtifacts.wake();
  }

  take(frame: OwnerFrame): void {
    if (frame.t === 'log-ack') this.#sendLogs.acked(frame.attempt, frame);
    if (frame.t === 'artifact-ack') this.#sendArtifacts.acked(frame);
    // Logs that the hub has whole already only waited for that.
    if (frame.t === 'ended-kept') this.wake();
  }

  /** The desk forgot it: the hub has everything, or never will. */
  async forget(attempt: AttemptId): Promise<void> {
    const { logs, artifacts } = this.#parts;
    this.#sendLogs.forget(attempt);
    this.#sendArtifacts.forget(attempt);
    this.#noteCaughtUp();
    const hasLog = this.#logEnds.delete(attempt);
    const hasArtifacts = this.#reports.delete(attempt);
    try {
      if (hasLog) await logs.remove(attempt);
      if (hasArtifacts) await artifacts.remove(attempt);
    } catch (thrown) {
      this.#noteLeft(attempt, thrown);
    }
  }

  /** Nobody needs it, and the next start tries again: no reason to end what runs. */
  #noteLeft(attempt: AttemptId, thrown: unknown): void {
    const { message } = wrapError(thrown, 'STORE_IO');
    this.#parts.noticed(`what ${attempt} left here cannot be removed now: ${message}`);
  }

  #noteCaughtUp(): void {
    if (this.#wasBehind && !this.isBehind) this.#parts.caughtUp();
  }
}
