/*
 * Asking workers for their own diagnosis, over the link that is open anyway.
 *
 * A question is ephemeral: it is asked once, with an id, and what does not come back in time is a
 * finding itself. An agent of an older version does not know the question and says so; that is a
 * finding too, and ends nothing.
 */
import type { DoctorReport, DoctorWish, Finding } from '../../../protocol/doctor.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import { doctorMsMax } from '../../../protocol/limits.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import type { Ports } from '../../../protocol/ports.ts';

/** Who is asked, and how a frame gets there. */
export interface AskedWorker {
  readonly key: PeerKey;
  readonly name: string;
  send(frame: OwnerFrame): 'sent' | 'full' | 'closed';
}

/** What is asked of a worker: to look, or to mend what is safe, or one finding alone; in one area. */
export interface DoctorAsk extends Pick<DoctorWish, 'only' | 'area'> {
  readonly fix: boolean;
}

interface Question {
  readonly id: number;
  readonly settle: (answer: DoctorReport | 'unknown' | 'silent') => void;
}

/** Life cycle: it lives as long as its hub; each question ends by itself. */
export class DoctorLine {
  readonly #ports: Ports;
  /** One question a worker; a newer one takes its place, and the older has no answer. */
  readonly #open = new Map<PeerKey, Question>();
  #nextId = 1;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Resolves with what the worker says, or with a finding that says why it says nothing. */
  async ask(worker: AskedWorker, what: DoctorAsk): Promise<DoctorReport> {
    const answer = await this.#ask(worker, what);
    const of = (finding: Finding): Finding => ({ ...finding, worker: worker.name });
    if (typeof answer !== 'string') {
      return { findings: answer.findings.map(of), fixed: answer.fixed.map(of) };
    }
    return { findings: [of(explain(answer))], fixed: [] };
  }

  /** A frame came from this worker; only answers are looked at. */
  take(worker: PeerKey, frame: OwnerFrame): void {
    const question = this.#open.get(worker);
    if (question === undefined) return;
    if (frame.t === 'doctor' && frame.id === question.id) question.settle(frame);
    // A nak names the kind that was not known; other frames may be unknown to it as well.
    const isUnknown = frame.t === 'nak' && frame.code === 'FRAME_UNKNOWN';
    if (isUnknown && frame.message.includes('"doctor-ask"')) question.settle('unknown');
  }

  #ask(worker: AskedWorker, what: DoctorAsk): Promise<DoctorReport | 'unknown' | 'silent'> {
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId += 1;
      this.#open.get(worker.key)?.settle('silent');
      const cancel = this.#ports.timers.after(doctorMsMax, () => settle('silent'));
      const settle: Question['settle'] = (answer) => {
        cancel();
        if (this.#open.get(worker.key)?.id === id) this.#open.delete(worker.key);
        resolve(answer);
      };
      this.#open.set(worker.key, { id, settle });
      if (worker.send({ t: 'doctor-ask', id, ...what }) === 'closed') settle('silent');
    });
  }
}

/** Did the worker say nothing of itself? */
export function isUnanswered({ findings }: DoctorReport): boolean {
  return findings.some(({ id }) => id === 'worker-unreachable' || id === 'worker-version');
}

function explain(answer: 'unknown' | 'silent'): Finding {
  if (answer === 'unknown') {
    return {
      id: 'worker-version',
      severity: 'warning',
      subject: 'agent',
      seen: 'Its agent does not know how to diagnose itself.',
      wanted: 'An agent of this version.',
      advice: 'Upgrade it, or run `odally doctor` on its box after that.',
    };
  }
  return {
    id: 'worker-unreachable',
    severity: 'warning',
    subject: 'link',
    seen: 'It did not answer.',
    wanted: 'A diagnosis.',
    advice: 'Run `odally doctor` on its box.',
  };
}
