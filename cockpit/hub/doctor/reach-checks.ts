/*
 * The checks of the ways between this hub and its workers.
 *
 * A worker that is away is no fault; one that every known way was tried for is, and so is a way that breaks again
 * and again, or a hub that nobody beyond its box can dial. Fixes look again; none changes the config.
 */
import { type Check, type Evidence, listOne } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { findTooManyUnopened, listUnopened } from '../../../protocol/unopened-links.ts';
import type { LinkView } from '../worker-ways.ts';
import type { HubRound } from './hub-round.ts';
import { flapsMax, flapsWithinMs } from './limits.ts';

interface WayFact extends Pick<LinkView, 'word' | 'reason'> {
  readonly worker: string;
  readonly hasSsh: boolean;
  /** Links that ended lately. */
  readonly endCount: number;
  /** Why links of late came and never opened, the newest last. */
  readonly unopened: readonly string[];
}

interface ReachFacts {
  readonly ways: readonly WayFact[];
  /** Through how many nodes it is met; null where the config names none. */
  readonly meetingNodes: number | null;
  /** Can nobody beyond this box dial it? */
  readonly isAlone: boolean;
  /** Is it met over a DHT, and its NAT lets no hole be punched, and no relay is there? */
  readonly isUnmeetable: boolean;
}

type ReachCheck = Check<ReachFacts | null, HubRound>;

type Plan = Omit<ReachCheck, 'diagnose' | 'severity' | 'cost' | 'area'> & {
  find(facts: ReachFacts): readonly Evidence[];
};

/** A check of what only a running hub knows. */
function reachCheck({ find, ...rest }: Plan): ReachCheck {
  const diagnose = (facts: ReachFacts | null) => (facts === null ? [] : find(facts));
  return { severity: 'warning', cost: 'free', area: 'network', ...rest, diagnose };
}

const blocked = reachCheck({
  id: 'link-blocked',
  title: 'no worker is out of reach by all ways',
  why: 'Nothing can be sent to it, and nothing that it finishes is heard of.',
  find: ({ ways }) =>
    ways
      .filter(({ word }) => word === 'blocked')
      .map(({ worker, reason, hasSsh }) => ({
        subject: worker,
        worker,
        seen: `${worker} can't be reached: ${reason ?? 'nothing links'}.`,
        wanted: 'A link, by whatever way.',
        advice: hasSsh
          ? `See whether its box is up; \`wally reach ${worker}\` shows what is tried.`
          : `See whether its box is up; say how ssh gets there: \`wally reach ${worker} USER@HOST\`.`,
      })),
});

const flaps = reachCheck({
  id: 'link-flaps',
  title: 'links last',
  why: 'Each time a link breaks, seconds pass until that is seen, and what is under way is sent again.',
  find: ({ ways }) =>
    ways
      .filter(({ endCount }) => endCount > flapsMax)
      .map(({ worker, endCount }) => ({
        subject: worker,
        worker,
        seen: `Its links ended ${endCount} times in the last ${Math.round(flapsWithinMs / 60_000)} minutes.`,
        wanted: `At most ${flapsMax} times.`,
        advice: `Look at the network of its box; \`wally events --worker ${worker} --kind link\` says what happened.`,
      })),
});

const unmet = reachCheck({
  id: 'rendezvous-silent',
  title: 'the nodes of the rendezvous know this hub',
  why: 'Whoever is behind a NAT meets the hub there, and finds it there when it moved.',
  find: ({ meetingNodes }) =>
    listOne(
      meetingNodes !== 0
        ? undefined
        : {
            subject: 'rendezvous',
            seen: 'None of the nodes that [swarm] rendezvous names has answered.',
            wanted: 'One at least that the hub is announced at.',
            advice: 'See that `wally rendezvous` runs there, and that UDP gets there from here.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: () => 'announces the hub there again',
    apply: async ({ hub }) => hub?.door.announce(),
  },
});

const alone = reachCheck({
  id: 'hub-not-dialable',
  title: 'workers on other boxes can dial this hub',
  why: 'Those that can’t are held by ssh alone, which this hub has to open for each.',
  find: ({ ways, isAlone }) => {
    const held = ways.filter(({ word }) => word === 'ssh').map(({ worker }) => worker);
    return listOne(
      !isAlone || held.length === 0
        ? undefined
        : {
            subject: 'swarm',
            seen: `It listens for this box alone, and ${held.slice(0, 5).join(', ')} can only be had by ssh.`,
            wanted: 'An address that their boxes can dial.',
            advice: 'Set host in [swarm] of config.toml, and start the hub anew.',
          },
    );
  },
});

const halfOpen = reachCheck({
  id: 'session-half-open',
  title: 'links of workers open',
  why: 'A link that comes and never opens carries nothing, and its agent dials again and again.',
  find: ({ ways }) =>
    ways.flatMap(({ worker, unopened }) => {
      const found = findTooManyUnopened(`of ${worker}`, unopened);
      return listOne(
        found && {
          subject: worker,
          worker,
          ...found,
          advice:
            'Look at its agent with `odally status` on its box: it hangs, is of another version, or the way there lets only small packets through.',
        },
      );
    }),
});

const randomNat = reachCheck({
  id: 'hub-nat-random',
  title: 'the NAT of the hub lets workers meet it',
  why: 'It gives each peer another port, so a hole is found only where the other end has a kinder one.',
  find: ({ ways, isUnmeetable }) => {
    const kept = ways.filter(({ word }) => word === 'blocked' || word === 'ssh');
    const names = kept.map(({ worker }) => worker);
    return listOne(
      !isUnmeetable || names.length === 0
        ? undefined
        : {
            subject: 'nat',
            seen: `Each node of the rendezvous sees this hub at another port; ${names.slice(0, 5).join(', ')} cannot meet it.`,
            wanted: 'A NAT that keeps its port, or a relay.',
            advice:
              'Run `wally rendezvous --relay` where both can reach it, and name it as [swarm] relay.',
          },
    );
  },
});

/** The ways to workers. */
export const reachSection: Section<HubRound> = defineSection({
  name: 'reach',
  pace: 'quick',
  gather: async ({ hub, nowMs }: HubRound): Promise<ReachFacts | null> => {
    if (hub === undefined) return null;
    const served = hub.workers.list().filter(({ revokedAt }) => revokedAt === null);
    const { addresses, nodes } = hub.door;
    return {
      ways: served.map(({ key, name }) => {
        const { word, reason, ends } = hub.ways.view(key);
        const endCount = ends.filter((at) => nowMs - at < flapsWithinMs).length;
        const hasSsh = hub.boxes.find(key)?.ssh !== undefined;
        const links = hub.session(key)?.session.unopened ?? [];
        const unopened = listUnopened(links, hub.ports.clock.monotonicMs());
        return { worker: name, word, reason, hasSsh, endCount, unopened };
      }),
      meetingNodes: hub.door.meetingNodeCount() ?? null,
      isUnmeetable: hub.door.hasRandomNat() && hub.door.relay === undefined,
      isAlone:
        nodes === undefined &&
        addresses.length > 0 &&
        addresses.every(({ host }) => host.startsWith('127.')),
    };
  },
  checks: [blocked, flaps, halfOpen, unmet, alone, randomNat],
});
