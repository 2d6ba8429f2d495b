/*
 * Says why an answer does not come: the program that was asked answers nothing at all, or says of itself what holds it up.
 *
 * A verb may take long for good reasons, so it is the program that is asked, beside it and over the same connection; one
 * that answers and is well is nothing to speak of. It only speaks: whoever waits goes on waiting, for what was asked may
 * have happened. Each thing is said once.
 */
import type { CancelTimer, Timers } from './ports.ts';

/** Milliseconds without an answer before the program is asked how it is; doubled each time. */
const patienceMs = 5000;

/** Milliseconds in which a program says how it is: it looks into its memory for that. */
const answerMsMax = 3000;

/** Who asks whom, and whom to tell. */
export interface SilenceParts {
  readonly client: {
    call(verb: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  };
  readonly timers: Timers;
  readonly say: (words: string) => void;
  /** Who is asked, as a sentence begins. */
  readonly who: string;
  /** What holds it up, from what it says to `status`; nothing where it is well. */
  readonly describe: (status: unknown) => string | undefined;
}

/** Begins to watch; what it gives back ends that, and is safe to repeat. */
export function watchSilence({ client, timers, say, who, describe }: SilenceParts): () => void {
  const said = new Set<string>();
  let isOver = false;
  let cancel: CancelTimer = () => undefined;
  const tell = (words: string | undefined) => {
    if (isOver || words === undefined || said.has(words)) return;
    said.add(words);
    say(words);
  };
  const look = (afterMs: number) => {
    cancel = timers.after(afterMs, () => {
      const cancelWait = timers.after(answerMsMax, () => tell(describeSilence(who)));
      const asked = client.call('status', {}).then((status) => tell(describe(status)));
      // A connection that ended is told by the call that everybody waits for.
      void asked.catch(() => undefined).finally(cancelWait);
      look(afterMs * 2);
    });
  };
  look(patienceMs);
  return () => {
    isOver = true;
    cancel();
  };
}

/** Says that its store takes nothing at this moment, in the same words of every program. */
export function describeHeldUp(whose: string, code: string | null, message: string | null): string {
  return `${whose} store takes nothing now, and it is waited for: ${message} [${code}]`;
}

function describeSilence(who: string): string {
  return `${who} does not answer. It is waited for; ctrl-c leaves, and what was asked may happen still.`;
}
