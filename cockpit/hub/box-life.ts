/*
 * What workers say of their own life on their boxes: that they take nothing new, what became of a change of
 * version, and that they leave.
 *
 * What a worker says now is kept in memory and gone with its link; what it did is an event and, for an upgrade, in
 * its box's record, by which the same word in a later hello is known again. A worker that leaves is trusted no
 * more once that is on the disk, and hears it then. Older agents say none of this.
 */
import type { Owed } from '../../protocol/box-frames.ts';
import type { HelloFrame, OwnerFrame } from '../../protocol/frames.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { BoxDesk } from './box-desk.ts';
import { leaveAskMsMax } from './limits.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** What it needs of the hub. */
export interface BoxLifeParts {
  readonly workers: WorkerDesk;
  readonly boxes: BoxDesk;
  readonly ports: Pick<Ports, 'timers'>;
  /** Ends the trust, on disk and on the wire. */
  readonly parted: (worker: PeerKey, parting: Parting) => Promise<void>;
  readonly presenceChanged: () => void;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** How a worker parts by its own word; `told` is called once that is on the disk. */
export interface Parting {
  readonly why: string;
  readonly told: () => void;
}

/** What a worker says of itself now. */
export interface BoxWord {
  /** Why it starts nothing new; null where it does. */
  readonly draining: string | null;
  /** The version that runs, by the name of its directory. */
  readonly build: string | null;
}

/** The answer to a wish that a worker leaves. */
export type LeaveAnswer =
  | {
      readonly as: 'leaving' | 'would' | 'refused';
      readonly owed: readonly Owed[];
      readonly code?: string;
      readonly message?: string;
    }
  | { readonly as: 'silent' | 'unknown'; readonly owed: readonly Owed[] };

type Send = (frame: OwnerFrame) => 'sent' | 'full' | 'closed';

interface Question {
  readonly id: number;
  readonly worker: PeerKey;
  readonly settle: (answer: LeaveAnswer) => void;
}

const nothing: BoxWord = { draining: null, build: null };

/** Life cycle: it lives as long as its hub. */
export class BoxLife {
  readonly #parts: BoxLifeParts;
  readonly #words = new Map<PeerKey, BoxWord>();
  /** Several may be open: one who lets a box go asks what a worker owes while another has told it to leave. */
  readonly #open = new Set<Question>();
  #nextId = 1;

  constructor(parts: BoxLifeParts) {
    this.#parts = parts;
  }

  /** What this worker said last on its link. */
  find(worker: PeerKey): BoxWord {
    return this.#words.get(worker) ?? nothing;
  }

  opened(worker: PeerKey, { draining, build, upgrade }: HelloFrame): void {
    const before = this.find(worker);
    this.#words.set(worker, { draining: draining ?? null, build: build ?? null });
    if (draining !== undefined && before.draining === null)
      this.#note('worker-draining', worker, draining);
    if (upgrade !== undefined) void this.#noteUpgrade(worker, upgrade).catch(this.#parts.failed);
  }

  take(worker: PeerKey, frame: OwnerFrame, send: Send): void {
    if (frame.t === 'draining') this.#noteDraining(worker, frame.why);
    else if (frame.t === 'bye')
      void this.#bye(worker, frame.reason, send).catch(this.#parts.failed);
    else if (frame.t === 'leave') this.#answered(worker, frame);
    else if (frame.t === 'nak' && frame.message.includes('"leave-ask"')) {
      for (const { settle } of this.#listOpen(worker)) settle({ as: 'unknown', owed: [] });
    }
  }

  /** The link is gone; what was said on it may not hold any more. */
  closed(worker: PeerKey): void {
    const word = this.#words.get(worker);
    if (word !== undefined) this.#words.set(worker, { ...word, draining: null });
  }

  /** Asks a worker to leave its box, or what that would cost. */
  askToLeave(
    worker: PeerKey,
    wish: { readonly discard: readonly string[]; readonly isPlan: boolean },
    send: Send,
  ): Promise<LeaveAnswer> {
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId += 1;
      const cancel = this.#parts.ports.timers.after(leaveAskMsMax, () =>
        settle({ as: 'silent', owed: [] }),
      );
      const settle: Question['settle'] = (answer) => {
        cancel();
        this.#open.delete(question);
        resolve(answer);
      };
      const question: Question = { id, worker, settle };
      this.#open.add(question);
      const { discard, isPlan } = wish;
      const sent = send({ t: 'leave-ask', id, discard: [...discard], isPlan });
      if (sent === 'closed') settle({ as: 'silent', owed: [] });
    });
  }

  #listOpen(worker: PeerKey): readonly Question[] {
    return [...this.#open].filter((question) => question.worker === worker);
  }

  #answered(worker: PeerKey, frame: Extract<OwnerFrame, { t: 'leave' }>): void {
    const question = this.#listOpen(worker).find(({ id }) => id === frame.id);
    if (question === undefined) return;
    const { as, owed, code, message } = frame;
    const known = as === 'leaving' || as === 'would' ? as : 'refused';
    const why = {
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    };
    question.settle({ as: known, owed, ...why });
  }

  #noteDraining(worker: PeerKey, why: string | null): void {
    const before = this.find(worker);
    this.#words.set(worker, { ...before, draining: why });
    if (before.draining === why) return;
    this.#note(why === null ? 'worker-serving' : 'worker-draining', worker, why ?? '');
    this.#parts.presenceChanged();
  }

  /** It says the same with each hello; the box's record knows what was heard before. */
  async #noteUpgrade(worker: PeerKey, upgrade: NonNullable<HelloFrame['upgrade']>): Promise<void> {
    const { boxes, noticed } = this.#parts;
    const known = boxes.find(worker);
    const { from, to, as, code, message, at } = upgrade;
    if (known?.upgrade?.at === at && known.upgrade.as === as) return;
    const kind = as === 'done' ? 'worker-upgraded' : 'upgrade-rolled-back';
    const why = code === undefined ? '' : `: ${message ?? ''} [${code}]`;
    const note = as === 'done' ? `${from} to ${to}` : `${to}${why}`;
    noticed(`${kind}: ${note}`);
    const installed = known?.installed;
    await boxes.put(
      worker,
      {
        upgrade,
        ...(installed === undefined
          ? {}
          : { installed: { ...installed, version: as === 'done' ? to : from, at } }),
      },
      { kind, worker, note },
    );
  }

  async #bye(worker: PeerKey, reason: string, send: Send): Promise<void> {
    await this.#parts.parted(worker, {
      why: reason,
      told: () => send({ t: 'bye', reason: 'It is trusted no more.' }),
    });
  }

  #note(kind: string, worker: PeerKey, note: string): void {
    this.#parts.workers.note({ kind, worker, note }).catch(this.#parts.failed);
  }
}
