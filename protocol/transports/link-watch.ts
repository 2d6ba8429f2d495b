/*
 * Watches one dialled link for a hub that was killed and started again.
 *
 * A killed hub says nothing, and the next one takes what comes over the old link for rubbish, so that
 * by silence alone it is 6 s until the link is given up. After a short silence the watch knocks
 * at the door instead: an answer from another life of the hub ends the link at once. An answer from
 * the same life, or none, proves nothing and changes nothing. It never ends a link that is heard.
 */
import type DHT from 'hyperdht';
import type { CancelTimer, Timers } from '../ports.ts';
import type { Address } from './address.ts';
import { knock } from './knock.ts';
import { watchMs } from './limits.ts';
import { hubRestarted } from './link.ts';
import type { NoiseLink } from './noise-link.ts';

/** What is watched, and with what. */
export interface WatchPlan {
  readonly node: DHT;
  readonly timers: Timers;
  readonly link: NoiseLink;
  readonly address: Address;
  readonly target: Uint8Array;
  /** The life of the hub that the link is with. */
  readonly life: string;
}

/** Begins; it ends with the link. */
export function watchLink(plan: WatchPlan): void {
  const { node, link, timers, address, target } = plan;
  const session = node.session();
  let cancel: CancelTimer = () => undefined;
  let heardCount = -1;
  let isOver = false;
  const look = async (): Promise<void> => {
    const isSilent = link.heardCount === heardCount;
    ({ heardCount } = link);
    // Silent over a whole pause, and not the first time: signs of life are as rare as one a second.
    if (isSilent && (await isReplaced())) return link.cut(hubRestarted);
    if (!isOver) cancel = timers.after(watchMs, () => void look());
  };
  const isReplaced = async (): Promise<boolean> => {
    const answer = await knock(node, { address, target, session });
    const life = answer.kind === 'answered' ? answer.word?.life : undefined;
    return !isOver && life !== undefined && life !== plan.life;
  };
  void link.gone.then(() => {
    isOver = true;
    cancel();
    session.destroy();
  });
  cancel = timers.after(watchMs, () => void look());
}
