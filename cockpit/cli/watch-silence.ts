/*
 * Says why an answer does not come: the hub answers nothing at all, or its store takes nothing at this moment.
 *
 * A verb may take long for good reasons, so it is the hub that is asked, beside it and over the same connection; a
 * hub that answers and is well is nothing to speak of. It only speaks: whoever waits goes on waiting, for what was asked may
 * have happened. Each thing is said once.
 */
import type { CancelTimer, Timers } from '../../protocol/ports.ts';
import type { HubClient } from '../hub/client.ts';
import type { DiskShape } from '../verbs/shapes.ts';

/** Milliseconds without an answer before the hub is asked how it is; doubled each time. */
const patienceMs = 5000;

/** Milliseconds in which a hub says how it is: it looks into its memory for that. */
const answerMsMax = 3000;

/** Who asks, and whom to tell. */
export interface SilenceParts {
  readonly client: Pick<HubClient, 'call'>;
  readonly timers: Timers;
  readonly say: (line: string) => void;
  /** Who is asked, as a sentence begins; the hub where absent. */
  readonly who?: string;
}

/** Begins to watch; what it gives back ends that, and is safe to repeat. */
export function watchSilence({ client, timers, say, who }: SilenceParts): () => void {
  const said = new Set<string>();
  let isOver = false;
  let cancel: CancelTimer = () => undefined;
  const tell = (words: string | undefined) => {
    if (isOver || words === undefined || said.has(words)) return;
    said.add(words);
    say(`wally: ${words}`);
  };
  const look = (afterMs: number) => {
    cancel = timers.after(afterMs, () => {
      const cancelWait = timers.after(answerMsMax, () => tell(describeSilence(who)));
      const asked = client.call('status', {}).then((status) => tell(describeStatus(status)));
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

function describeSilence(who = 'The hub'): string {
  return `${who} does not answer. It is waited for; ctrl-c leaves, and what was asked may happen still.`;
}

/** Of several hubs each would have to be named; `status` says it of all. */
function describeStatus(status: unknown): string | undefined {
  const { disk } = status as { readonly disk?: DiskShape };
  if (disk?.store !== 'reopening') return undefined;
  return `The hub's store takes nothing now, and it is waited for: ${disk.message} [${disk.code}]`;
}
