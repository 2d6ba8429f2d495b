/*
 * Pairing a box over the ssh by which it is installed, where it does not get through to us by UDP.
 *
 * The same exchange as over the swarm, with the invite's one-time key, on the bytes of `odally join --stdio`. The
 * code goes by its stdin. Errors: INSTALL_FAILED, SSH_*, LINK_*, those of pairing.
 */
import { AppError } from '../../protocol/errors.ts';
import { parseInvite } from '../../protocol/invite.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { sleep } from '../../protocol/ports.ts';
import type { Hub } from '../hub/hub.ts';
import { remoteCommandMsMax } from './limits.ts';
import { type OdallyPlace, planOdallyCommand } from './odally.ts';

/** Uses the code there; resolves with the key of the box. */
export async function pairOverSsh(
  hub: Hub,
  { way, home }: OdallyPlace,
  code: string,
): Promise<PeerKey> {
  const { ssh, place } = way;
  const channel = ssh.open(place, planOdallyCommand(home, 'join --stdio'));
  const { stream } = channel;
  try {
    stream.write(`${code}\n`);
    await hub.takeBytes({ incoming: stream, outgoing: stream });
    const end = await Promise.race([channel.ended, sleep(hub.ports.timers, remoteCommandMsMax)]);
    const key = hub.invites.findUser(parseInvite(code).oneTimeKey);
    // The link that ends takes its ssh with it, which may be before the program there is over: what it said counts.
    const isPaired = end?.code === 0 || end?.stderr.includes('Paired as ') === true;
    if (isPaired && key !== undefined) return key;
    if (end?.failure !== undefined) throw end.failure;
    const said = end?.stderr.trim().split('\n').slice(-2).join(' ').slice(0, 300) ?? 'nothing';
    throw new AppError('INSTALL_FAILED', `The box did not pair over ssh; it said: ${said}`);
  } finally {
    channel.close();
  }
}
