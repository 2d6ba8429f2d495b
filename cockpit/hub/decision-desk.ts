/*
 * The desk for what waits for the M2: listing it, and closing what starts nothing.
 *
 * What an answer starts is the work of others, who close the decision in the batch of that. Every answer
 * is given after its batch is on disk. Errors: DECISION_UNKNOWN, DECISION_CLOSED, STORE_FULL, STORE_*.
 */
import type { Finding } from '../../protocol/doctor.ts';
import { AppError } from '../../protocol/errors.ts';
import type { JobId, PeerKey } from '../../protocol/model.ts';
import type { KvOp } from '../../store/kv.ts';
import type { Decision, DecisionId, PairingDecision } from '../manager/decision.ts';
import {
  type Answered,
  closeDecision,
  closeDecisions,
  findPairing,
  isSameFinding,
  openFixDecision,
  openPairingDecision,
} from './inbox.ts';
import type { Ledger } from './ledger.ts';

/** What came of fixing: `on` is the worker that was asked, absent for the hub itself. */
export interface FixResult {
  readonly on?: string;
  readonly findings: readonly Finding[];
  /** Was all looked at, so that what is not among them is not there any more? */
  readonly isWhole: boolean;
  readonly answered?: Answered;
}

/** Decides for all decisions of one hub. */
export class DecisionDesk {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Decisions that wait for the M2, in the order of their opening. */
  list(): readonly Decision[] {
    return [...this.#ledger.state.decisions.values()];
  }

  /** One that waits. Errors: DECISION_UNKNOWN, DECISION_CLOSED. */
  getOpen(id: DecisionId): Decision {
    const { decisions, nextDecision } = this.#ledger.state;
    const decision = decisions.get(id);
    if (decision !== undefined) return decision;
    const isPast = Number(id.slice(1)) < nextDecision;
    throw isPast
      ? new AppError('DECISION_CLOSED', `${id} has been decided.`)
      : new AppError('DECISION_UNKNOWN', `There is no decision ${id}.`);
  }

  /** Closes decisions whose answers start nothing, all in one batch with `ops`. */
  async close(answered: readonly Answered[], ops: readonly KvOp[] = []): Promise<void> {
    const scene = this.#ledger.open();
    for (const one of answered) closeDecision(scene, one);
    scene.change.ops.push(...ops);
    await this.#ledger.commit(scene.change);
  }

  /** What waits about jobs that are being forgotten is moot. */
  async closeForgotten(jobs: readonly JobId[]): Promise<void> {
    const scene = this.#ledger.open();
    for (const job of jobs) closeDecisions(scene, job);
    await this.#ledger.commit(scene.change);
  }

  /**
   * After a diagnosis: what stood after its fix is asked about, and what is asked about and was not found
   * any more is moot.
   */
  async noteDiagnosis({ on, findings, isWhole, answered }: FixResult): Promise<void> {
    const scene = this.#ledger.open();
    if (answered !== undefined) closeDecision(scene, answered);
    const seen = findings.map(({ id, subject = '', ...rest }) => ({ check: id, subject, ...rest }));
    const place = on === undefined ? {} : { on };
    for (const decision of isWhole ? this.list() : []) {
      if (decision.kind !== 'fix-failed' || decision.on !== on) continue;
      const stands = seen.some((finding) => isSameFinding(decision, { ...finding, ...place }));
      if (!stands) closeDecision(scene, { decision, answer: { as: 'moot' } });
    }
    for (const { check, subject, severity, seen: evidence, wanted, plan, failure } of seen) {
      if (failure === undefined) continue;
      openFixDecision(scene, {
        kind: 'fix-failed',
        ...place,
        ...{ check, subject, severity, wanted, seen: evidence, plan: plan ?? '', reason: failure },
      });
    }
    await this.#ledger.commit(scene.change);
  }

  /** Asks whether a box may come in. Errors: STORE_FULL. */
  async askPairing(what: Omit<PairingDecision, 'id' | 'openedAt' | 'answer'>): Promise<void> {
    const scene = this.#ledger.open();
    if (!openPairingDecision(scene, what)) {
      throw new AppError('STORE_FULL', 'Too much waits for the M2 already.');
    }
    await this.#ledger.commit(scene.change);
  }

  /** The request of this invite that waits. */
  findPairing(invite: PeerKey): PairingDecision | undefined {
    return findPairing(this.#ledger.open(), invite);
  }
}
