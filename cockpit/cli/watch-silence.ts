/*
 * Says why an answer of the hub does not come, as `protocol/watch-silence` does.
 *
 * It never ends a wait: what was asked may have happened.
 */
import type { Timers } from '../../protocol/ports.ts';
import { describeHeldUp, watchSilence as watch } from '../../protocol/watch-silence.ts';
import type { HubClient } from '../hub/client.ts';
import type { DiskShape } from '../verbs/shapes.ts';

/** Who asks, and whom to tell. */
export interface SilenceParts {
  readonly client: Pick<HubClient, 'call'>;
  readonly timers: Timers;
  readonly say: (line: string) => void;
  /** Who is asked, as a sentence begins; the hub where absent. */
  readonly who?: string;
}

/** Begins to watch; what it gives back ends that, and is safe to repeat. */
export function watchSilence({ say, ...asked }: SilenceParts): () => void {
  return tellSilence({ ...asked, say: (words) => say(`wally: ${words}`) });
}

/** The same, said as a sentence among others. */
export function tellSilence({ who = 'The hub', ...asked }: SilenceParts): () => void {
  return watch({ ...asked, who, describe: describeStatus });
}

/** Of several hubs each would have to be named; `status` says it of all. */
function describeStatus(status: unknown): string | undefined {
  const { disk } = status as { readonly disk?: DiskShape };
  if (disk?.store !== 'reopening') return undefined;
  return describeHeldUp("The hub's", disk.code, disk.message);
}
