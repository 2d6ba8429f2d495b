/*
 * A home on a disk that answers nothing any more, as one whose server is gone: found before anybody is caught in it.
 *
 * Whoever asks such a disk waits for ever, and cannot even end: Node waits for its own threads as it exits, and to connect
 * to a socket there holds all of it. So another program asks first, and is left where it hangs.
 */
import type { Finding } from '../../protocol/doctor.ts';
import { diagnose } from '../../protocol/doctor-run.ts';
import { answerMsMax } from '../../protocol/limits.ts';
import type { Timers } from '../../protocol/ports.ts';
import type { Box } from './box.ts';
import { unwritable } from './disk-checks.ts';

/** What is wrong where the disk under this home does not answer; nothing where it does, also with a refusal. */
export async function findDeadHome(
  directory: string,
  { box, timers }: { readonly box: Box; readonly timers: Timers },
): Promise<readonly Finding[]> {
  const isAnswered = await new Promise<boolean>((resolve) => {
    const cancel = timers.after(answerMsMax, () => resolve(false));
    void box.run(['ls', '-d', directory], 2 * answerMsMax).then(() => {
      cancel();
      resolve(true);
    });
  });
  if (isAnswered) return [];
  const fault = `its disk has answered nothing for ${answerMsMax / 1000} s.`;
  return diagnose([unwritable], { directory, fault, syncMs: null, inodesFree: null });
}
