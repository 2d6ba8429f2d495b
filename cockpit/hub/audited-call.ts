/*
 * One call as the audit trail has it: what was asked is on the disk before anything comes of it.
 *
 * An entry is written and synced first, what came of it later; a hub that dies in between leaves an entry without a
 * result, which says just that. A verb on the path of every job says what comes of it in the batch of its
 * effect instead, so that it costs no batch of its own. What only looks is not written down. It never keeps a
 * call from running but by failing to write. Errors: STORE_*.
 */
import type { ControlCall } from '../../protocol/control.ts';
import { wrapError } from '../../protocol/errors.ts';
import type { Asked } from '../../store/audit.ts';
import type { AuditTrail } from '../../store/audit-trail.ts';
import { describeArgs } from '../../store/audit-words.ts';
import type { AnyVerb, Came } from '../verbs/verb.ts';

/** Letters of a verb that nobody knows. */
const strangeVerbLetters = 64;

/** Life cycle: `begin`, then `settled` maybe, then `end`. */
export class AuditedCall {
  readonly #trail: AuditTrail;
  readonly #verb: AnyVerb | undefined;
  readonly #asked: Asked;
  #of: number | undefined;
  #isOver = false;

  /** `who` asks; it is decided by the link, never by what is said on it. */
  constructor(
    trail: AuditTrail,
    { who, verb }: { readonly who: string; readonly verb: AnyVerb | undefined },
    call: Pick<ControlCall, 'verb' | 'args' | 'surface'>,
  ) {
    this.#trail = trail;
    this.#verb = verb;
    const args = describeArgs(call.args);
    const worker = findWorker(call.args);
    this.#asked = {
      who,
      surface: call.surface,
      verb: call.verb.slice(0, strangeVerbLetters),
      ...(args === undefined ? {} : { args }),
      ...(worker === undefined ? {} : { worker }),
    };
    this.#isOver = verb?.danger === 'looks';
  }

  /** What was asked can be run with these arguments. Resolves when it may be. */
  async begin(args: unknown): Promise<void> {
    if (this.#verb?.looks?.(args as never) === true) this.#isOver = true;
    if (this.#isOver || this.#verb?.tellsWithEffect === true) return;
    // The end of the hub must be possible on any disk; its entry goes with the last batch.
    if (this.#verb?.name === 'stop') {
      this.#of = this.#trail.note(this.#asked);
      return;
    }
    const written = this.#trail.write(this.#asked);
    this.#of = written.n;
    await written.done;
  }

  /** The entry of a verb that tells with its effect: it goes with what is committed next. */
  settled(came: Came): void {
    if (this.#isOver || this.#of !== undefined) return;
    this.#of = this.#trail.note({ ...this.#asked, ...came, result: 'done' });
    this.#isOver = true;
  }

  /** It is over; `thrown` where it failed. */
  end(thrown?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const result = thrown === undefined ? 'done' : wrapError(thrown, 'HUB_INTERNAL').code;
    if (this.#of === undefined) this.#trail.note({ ...this.#asked, result });
    else this.#trail.settle(this.#of, this.#asked, result);
  }
}

/** The workers that arguments name, as verbs call them. */
function findWorker(args: unknown): string | undefined {
  if (typeof args !== 'object' || args === null) return undefined;
  const { on, name } = args as { readonly on?: unknown; readonly name?: unknown };
  const words = [on, name].flat().filter((word) => typeof word === 'string');
  return words.length === 0 ? undefined : words.join(',').slice(0, auditWorkerLetters);
}

/** Letters of the workers' names that an entry keeps: a dozen names. */
const auditWorkerLetters = 256;
