/*
 * An attempt that another one made needless: that one ended first, or came back and is kept.
 *
 * The hub records such an attempt as cancelled when it tells it to end, or as lost where it was given up,
 * and waits for no answer: the job has its outcome. So its process may still run by then, or even begin.
 */
import type { AttemptEnd } from '../../../cockpit/manager/attempt-machine.ts';

/** Is this the end of one? */
export function isSuperseded({ reason = '' }: AttemptEnd): boolean {
  return /ended first|is kept/.test(reason);
}
