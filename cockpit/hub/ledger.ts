/*
 * The ledger: how changes begin, reach the disk, and are told.
 *
 * Both desks write through it. A change takes effect in memory while it is made; it is told (to
 * sessions and screens) only after its one synced batch. The store mends itself, so a batch that is
 * refused after all is fatal for this hub: its memory is ahead of its disk for good.
 */
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Committer } from '../../store/committer.ts';
import { type DiskGuard, readSoon } from '../../store/disk-guard.ts';
import type { JournalPage } from '../../store/journal.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import type { OutboxPages } from '../../store/outbox-pages.ts';
import type { StreamRow } from '../../store/peer-streams.ts';
import type { JobRecord } from '../manager/job.ts';
import type { Candidate } from '../manager/plan-dispatch.ts';
import { Change, type ChangeCounters } from './change.ts';
import type { DeskState } from './desk-state.ts';
import type { EndsPage } from './ended-rows.ts';
import { giveWork } from './give-work.ts';
import { attemptsGivenMax } from './limits.ts';
import type { Scene } from './transitions.ts';

/** What the rest of the hub is told once it is on disk. */
export interface LedgerOutlet {
  queued(
    worker: PeerKey,
    what: { readonly store: string; readonly rows: readonly StreamRow[] },
  ): void;
  jobChanged(job: JobRecord): void;
  inboxChanged(): void;
  journalGrew(): void;
  /** Is there a link on which something may be on its way to this worker? */
  hasLink(worker: PeerKey): boolean;
  /** Was it heard lately, on a link that is open, and does it start what comes? */
  isPresent(worker: PeerKey): boolean;
  teamChanged(): void;
}

/** What changes share rows by; the committer's own, which seals them with each batch. */
export interface SealedPages {
  readonly journal: JournalPage;
  readonly ends: EndsPage;
  /** Ahead of the commits of the batch. */
  readonly pages: OutboxPages;
}

/** What a ledger is made from. */
export interface LedgerParts extends SealedPages {
  readonly kv: Kv;
  readonly disk: DiskGuard;
  readonly committer: Committer;
  readonly ports: Ports;
  readonly outlet: LedgerOutlet;
  readonly state: DeskState;
  /** Unended attempts that a worker has at once, the rest waits; `attemptsGivenMax` where absent. */
  readonly attemptsGiven?: number | undefined;
}

/** Begins and commits changes. It lives as long as the store. */
export class Ledger {
  readonly state: DeskState;
  readonly kv: Kv;
  readonly #parts: LedgerParts;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.state = parts.state;
    this.kv = parts.kv;
    parts.ends.goOnAfter(parts.state.lastEndAt);
  }

  hasLink(worker: PeerKey): boolean {
    return this.#parts.outlet.hasLink(worker);
  }

  /**
   * Asked before new work is planned. Errors: DISK_LOW, DISK_FULL and STORE_REOPENING as the disk is;
   * STORE_FULL while more waits for it than may.
   */
  assertRoom(): void {
    const refusal = this.#parts.disk.findRefusal();
    if (refusal !== undefined) throw refusal;
    if (!this.#parts.committer.hasRoom) throw new AppError('STORE_FULL');
  }

  /** A change as of now, with the memory that it is made on. */
  open(): Scene {
    const { state, listCandidates } = this;
    return { state, change: this.begin(), listCandidates };
  }

  /** Every worker with what the choice among them looks at. */
  readonly listCandidates = (): readonly Candidate[] => {
    const { outlet } = this.#parts;
    return [...this.state.workers.values()].map((worker) => ({
      worker,
      isPresent: outlet.isPresent(worker.key),
      load: this.state.heldBy.get(worker.key)?.size ?? 0,
      isLeaving: this.state.leaving.has(worker.key),
    }));
  };

  /** A read for somebody who should not wait for a disk. Errors: DISK_FULL, STORE_REOPENING. */
  readSoon<T>(reading: Promise<T>): Promise<T> {
    const { disk, ports } = this.#parts;
    return readSoon(reading, { disk, timers: ports.timers });
  }

  /** A change as of now. */
  begin(): Change {
    return new Change(Math.round(this.#parts.ports.clock.wallMs()), this.#counters);
  }

  readonly #counters: ChangeCounters = {
    takeEventSeq: () => {
      this.state.nextEvent += 1;
      return this.state.nextEvent - 1;
    },
  };

  /** Changes that may be lost go with the next batch. */
  defer(ops: readonly KvOp[]): void {
    this.#parts.committer.defer(ops);
  }

  /** Resolves once the change is on disk and has been told. Errors: STORE_*. */
  async commit(change: Change): Promise<void> {
    const { committer, journal, ends, pages, outlet } = this.#parts;
    const { attemptsGiven = attemptsGivenMax } = this.#parts;
    const { state, listCandidates } = this;
    giveWork({ state, change, listCandidates }, attemptsGiven);
    const ops = change.planOps();
    change.add(state.marks.plan(change.markers));
    const { sendingBytes } = change;
    if (ops.length === 0 && change.events.length === 0 && sendingBytes === 0) return;
    // A commit that is refused takes nothing to the disk, and what it tells must not go there with another.
    if (committer.isOpen) {
      journal.add(change.events);
      ends.add(change.listEnds());
      change.queued.forEach(({ streams, rows }) => {
        pages.add(streams, rows);
      });
    }
    await committer.commit(ops, sendingBytes);
    change.queued.forEach(({ streams, rows }, worker) => {
      if (rows.length > 0) outlet.queued(worker, { store: streams.store, rows });
    });
    change.jobs.forEach((job) => {
      outlet.jobChanged(job);
    });
    if (change.isInboxChanged) outlet.inboxChanged();
    if (change.events.length > 0) outlet.journalGrew();
    if (change.isTeamChanged || change.jobs.size > 0) outlet.teamChanged();
  }
}
