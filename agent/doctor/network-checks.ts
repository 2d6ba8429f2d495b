/*
 * The checks of the way to the hub, as the agent that runs knows it: UDP, the NAT before it, links that never open.
 *
 * An agent without its hub is no fault, for it works on; that no packet is answered is one, because it may be for
 * ever. They tell only what keeps away a link that is configured. Nothing is sent to find out. Source: hyperdht 6.34.
 */
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import type { ReadonlyReach } from '../../protocol/reach.ts';
import { formatAddress } from '../../protocol/transports/address.ts';
import { findTooManyUnopened, listUnopened } from '../../protocol/unopened-links.ts';
import { findPairing, readAgentConfig } from '../home.ts';
import { pinReach } from '../hub-places.ts';
import type { WayToHub } from '../loops/keep-link.ts';
import type { AgentRound } from './agent-round.ts';

interface NetworkFacts {
  readonly reach: ReadonlyReach;
  readonly carrier: WayToHub['carrier'];
  readonly isUnanswered: boolean;
  /** Did the hub say itself why it does not answer? */
  readonly isRefused: boolean;
  /** Why links did not open of late, the newest last. */
  readonly unopened: readonly string[];
  readonly hasRandomNat: boolean;
}

type NetworkCheck = Check<NetworkFacts | null, AgentRound>;

const udpSilent: NetworkCheck = {
  id: 'hub-udp-silent',
  title: 'the hub answers this box by UDP',
  why: 'Without it the hub has to come by ssh, if it can, and the agent cannot find it by itself.',
  area: 'network',
  severity: 'warning',
  cost: 'free',
  diagnose: (facts) =>
    listOne(
      facts === null || !facts.isUnanswered || facts.isRefused || !isMissed(facts)
        ? undefined
        : {
            subject: 'udp',
            seen: `No packet to ${listPlaces(facts.reach)} was answered; ${facts.carrier === null ? 'the hub is not linked' : 'the hub came by ssh'}.`,
            wanted: 'An answer by UDP.',
            advice:
              facts.carrier === null
                ? 'See whether the hub runs, is there, and trusts this box (`wally team`): it answers nobody else. If so, let UDP out of this box, or say to the hub how ssh gets here: `wally reach NAME USER@HOST`.'
                : 'The hub is up, so UDP is blocked on the way: open it, or leave it at that.',
          },
    ),
};

const halfOpen: NetworkCheck = {
  id: 'hub-half-open',
  title: 'links to the hub open',
  why: 'A link that comes and never opens carries nothing, and the agent dials again and again.',
  area: 'network',
  severity: 'warning',
  cost: 'free',
  diagnose: (facts) => {
    const found = findTooManyUnopened('to the hub', facts?.unopened ?? []);
    return listOne(
      found && {
        subject: 'link',
        ...found,
        advice:
          'Look into `wally doctor` at the hub: it is overloaded, of another version, or something on the way lets only small packets through.',
      },
    );
  },
};

const randomNat: NetworkCheck = {
  id: 'nat-random',
  title: 'the NAT of this box lets it meet its hub',
  why: 'It gives each peer another port, so a hole is found only where the other end has a kinder one.',
  area: 'network',
  severity: 'warning',
  cost: 'free',
  diagnose: (facts) =>
    listOne(
      facts === null ||
        !facts.hasRandomNat ||
        facts.carrier !== null ||
        facts.reach.relay !== undefined
        ? undefined
        : {
            subject: 'nat',
            seen: 'Each node of the rendezvous sees this box at another port, and no relay is known.',
            wanted: 'A NAT that keeps its port, or a relay.',
            advice:
              'Run `wally rendezvous --relay` where both can reach it, and name it as [swarm] relay at the hub.',
          },
    ),
};

/** The way to the hub; nothing of it is known where no agent runs. */
export const networkSection: Section<AgentRound> = defineSection({
  name: 'network',
  pace: 'quick',
  gather: async ({ home, live, ports }: AgentRound): Promise<NetworkFacts | null> => {
    const agent = live();
    const told = await findPairing(home).catch(() => undefined);
    if (agent === undefined || told === undefined) return null;
    // As it is dialled; a config that can't be read is another check's affair.
    const config = await readAgentConfig(home).catch(() => undefined);
    const reach = pinReach(told, config?.hub_addresses ?? []);
    const { way, hasRandomNat } = agent;
    const unopened = listUnopened(way.unopened, ports.clock.monotonicMs());
    return { ...way, reach, hasRandomNat, unopened, isRefused: agent.trouble !== null };
  },
  checks: [udpSilent, halfOpen, randomNat],
});

function listPlaces({ addresses, nodes }: ReadonlyReach): string {
  const places = addresses.map(formatAddress);
  if (nodes !== undefined) places.push('the rendezvous');
  return places.length === 0 ? 'the hub' : places.join(', ');
}

/** A hub that listens for its own box alone, and comes by ssh, is not to be had by UDP; it says so itself. */
function isMissed({ carrier, reach: { addresses, nodes } }: NetworkFacts): boolean {
  if (carrier !== 'stdio') return carrier === null;
  return nodes !== undefined || addresses.some(({ host }) => !host.startsWith('127.'));
}
