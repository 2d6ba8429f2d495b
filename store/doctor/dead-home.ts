/*
 * A home on a disk that answers nothing any more, as one whose server is gone: found before anybody is caught in it.
 *
 * Whoever asks such a disk waits for ever, and cannot even end: Node waits for its own threads as it exits, and to connect
 * to a socket there holds all of it. So another program asks first, and is left where it hangs.
 */
import { join } from 'node:path';
import type { Finding } from '../../protocol/doctor.ts';
import { diagnose } from '../../protocol/doctor-run.ts';
import { AppError } from '../../protocol/errors.ts';
import { answerMsMax } from '../../protocol/limits.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Box } from './box.ts';
import { unwritable } from './disk-checks.ts';

const seconds = answerMsMax / 1000;

/** Between the end of patience and the kill, and from there until the killed one must be gone. */
const killMs = 100;

/** Who looks. */
export interface Looker extends Pick<Ports, 'timers' | 'random'> {
  readonly box: Box;
}

/** For all who would be caught there otherwise, before they touch it. Errors: HOME_SILENT. */
export async function assertHomeAnswers(path: string, looker: Looker): Promise<void> {
  if (await isAnswered(path, looker)) return;
  throw new AppError('HOME_SILENT', `The disk of ${path} has answered nothing for ${seconds} s.`);
}

/** For what stays in the foreground, which waits: whoever keeps it running gives up one that ends again and again. */
export async function noticeDeadHome(
  path: string,
  looker: Looker,
  noticed: (line: string) => void,
): Promise<void> {
  await assertHomeAnswers(path, looker).catch(({ message, code }: AppError) =>
    noticed(`${message} It is waited for. [${code}]`),
  );
}

/** What is wrong where the disk under this home does not answer; nothing where it does, also with a refusal. */
export async function findDeadHome(directory: string, looker: Looker): Promise<readonly Finding[]> {
  if (await isAnswered(directory, looker)) return [];
  const fault = `its disk has answered nothing for ${seconds} s.`;
  return diagnose([unwritable], { directory, fault, syncMs: null, inodesFree: null });
}

function isAnswered(path: string, { box, timers, random }: Looker): Promise<boolean> {
  // A name that nobody asked for: what was looked at a minute ago may be known here, and the server be gone.
  // Found by no PATH, which may lead to the same disk, and told no directory that a shell would look at.
  const unknown = join(path, `.asked-${Buffer.from(random.bytes(6)).toString('hex')}`);
  const command = ['/usr/bin/env', '-i', '/bin/sh', '-c', 'test -e "$0"', unknown] as const;
  return new Promise((resolve) => {
    let isLate = false;
    const cancelLate = timers.after(answerMsMax, () => {
      isLate = true;
    });
    // What can be killed is, so that nothing is left of those who ask often; else it is left where it hangs.
    const cancel = timers.after(answerMsMax + 2 * killMs, () => resolve(false));
    void box.run(command, answerMsMax + killMs).then((end) => {
      cancelLate();
      cancel();
      resolve(end !== undefined || !isLate);
    });
  });
}
