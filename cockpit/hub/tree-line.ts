/*
 * Asking workers to remove what is left of a checkout, over the link that is open anyway.
 *
 * A question is ephemeral, asked once and with an id; the worker alone decides whether anything in it is
 * nowhere else. What does not answer has removed nothing as far as is known.
 * Errors: WORKER_AWAY, WORKER_TOO_OLD.
 */
import { AppError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import type { AttemptId, KeptDirectory, PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { AskedWorker } from './doctor/ask-worker.ts';
import { treeAskMsMax, treeAsksMax } from './limits.ts';

interface Question {
  readonly worker: PeerKey;
  settle(answer: KeptDirectory | AppError | undefined): void;
}

/** Life cycle: it lives as long as its hub; each question ends by itself. */
export class TreeLine {
  readonly #timers: Ports['timers'];
  readonly #open = new Map<number, Question>();
  #nextId = 1;

  constructor({ timers }: Pick<Ports, 'timers'>) {
    this.#timers = timers;
  }

  /** Resolves with what is still there; undefined where nothing is. */
  ask(
    worker: AskedWorker,
    what: { readonly attempt: AttemptId; readonly discard: boolean },
  ): Promise<KeptDirectory | undefined> {
    if (this.#open.size >= treeAsksMax) throw new AppError('QUEUE_FULL');
    return new Promise((resolve, reject) => {
      const id = this.#nextId;
      this.#nextId += 1;
      const silent = new AppError('WORKER_AWAY', `${worker.name} does not answer now.`);
      const cancel = this.#timers.after(treeAskMsMax, () => settle(silent));
      const settle: Question['settle'] = (answer) => {
        cancel();
        if (!this.#open.delete(id)) return;
        if (answer instanceof AppError) reject(answer);
        else resolve(answer);
      };
      this.#open.set(id, { worker: worker.key, settle });
      if (worker.send({ t: 'tree-ask', id, ...what }) === 'closed') settle(silent);
    });
  }

  /** A frame came from this worker; only answers are looked at. */
  take(worker: PeerKey, frame: OwnerFrame): void {
    if (frame.t === 'tree') {
      const question = this.#open.get(frame.id);
      if (question?.worker === worker) question.settle(frame.kept);
      return;
    }
    const isUnknown = frame.t === 'nak' && frame.code === 'FRAME_UNKNOWN';
    if (!isUnknown || !frame.message.includes('"tree-ask"')) return;
    for (const question of this.#open.values()) {
      if (question.worker === worker) question.settle(new AppError('WORKER_TOO_OLD'));
    }
  }
}
