/*
 * Does the program behind a control connection say anything at all?
 *
 * One that hangs, or was stopped, has a socket that takes connections for ever. So it is asked how it is, which every
 * program says from its memory, and what does not come in time is silence. It ends nothing.
 */
import { answerMsMax } from './limits.ts';
import type { Timers } from './ports.ts';

/** Who is asked. */
interface Asked {
  call(verb: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** False where nothing came in time; a refusal is an answer too. */
export function isAlive(client: Asked, timers: Timers): Promise<boolean> {
  return isInTime(client.call('status', {}), timers, answerMsMax);
}

/** The same of anything that was asked already, which may be awaited by others as well. */
export function isInTime(
  answer: Promise<unknown>,
  timers: Timers,
  msMax: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = timers.after(msMax, () => resolve(false));
    const answered = () => {
      cancel();
      resolve(true);
    };
    void answer.then(answered, answered);
  });
}
