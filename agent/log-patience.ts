/*
 * Patience with the disk under the logs: an act is done again until the disk lets it.
 *
 * Output that cannot be written waits, with full jitter between the tries, and holds up only whoever
 * made it; nothing is dropped and no job ends for it. It knows no disk and no log: whether to go on
 * waiting is the asker's to say. Source: reliability facts R22.
 */
import { type Ports, sleep } from '../protocol/ports.ts';
import { logRetryMsBase, logRetryMsMax } from './limits.ts';

/** Who waits, and how long. */
export interface Patience {
  readonly ports: Pick<Ports, 'timers' | 'random'>;
  /** Asked after each failure: is another try wanted? */
  readonly isWanted: (tries: number) => boolean;
}

/** Resolves as the first try that works; rejects with the last failure once none is wanted. */
export async function untilDone<T>(act: () => Promise<T>, patience: Patience): Promise<T> {
  const { ports, isWanted } = patience;
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (thrown) {
      if (!isWanted(tries)) throw thrown;
      const whole = Math.min(logRetryMsMax, logRetryMsBase * 2 ** Math.min(tries, 20));
      await sleep(ports.timers, whole * ports.random.fraction());
    }
  }
}
