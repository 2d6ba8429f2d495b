/*
 * The checks of an agent: its peace with the hub, and whether its box is left clean.
 *
 * Functions of the snapshot. Fixes end only processes that carry our mark and belong to no attempt
 * that is held, and remove only temporary directories of such attempts, as every start does.
 */
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { type AgentFacts, gatherAgent, gatherLeavings, type Leavings } from './agent-facts.ts';
import type { AgentRound } from './agent-round.ts';

type AgentCheck = Check<AgentFacts, AgentRound>;
type LeavingsCheck = Check<Leavings, AgentRound>;

const agentDown: AgentCheck = {
  id: 'agent-down',
  title: 'the agent runs',
  why: 'A hub that trusts this box waits for it.',
  area: 'home',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ isRunning, isPaired, directory }) =>
    listOne(
      isRunning || !isPaired
        ? undefined
        : {
            subject: 'agent',
            seen: `No agent runs on ${directory}.`,
            wanted: 'An agent that serves.',
            advice: 'Start it: `odally run --background`, or its service.',
          },
    ),
  fix: {
    reach: 'here',
    plan: () => 'starts it in the background, by its service where it has one',
    apply: async ({ visit, start }) => {
      // It owns the store from then on.
      await visit.close();
      await start();
    },
  },
};

const unpaired: AgentCheck = {
  id: 'agent-unpaired',
  title: 'the home is paired with a hub',
  why: 'Without a hub that it trusts the agent has nobody to work for.',
  area: 'trust',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ isPaired, directory }) =>
    listOne(
      isPaired
        ? undefined
        : {
            subject: 'pairing',
            seen: `${directory} is paired with no hub.`,
            wanted: 'A pairing.',
            advice: 'Run `wally invite` on the hub’s box, then `odally join CODE` here.',
          },
    ),
};

const badPairing: AgentCheck = {
  id: 'pairing-damaged',
  title: 'whom the box is paired with can be read',
  why: 'The agent does not start while it cannot tell whom to serve.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ pairingFault }) =>
    listOne(
      pairingFault === null
        ? undefined
        : {
            subject: 'pairing',
            seen: pairingFault,
            wanted: 'A pairing.json as `odally join` writes it.',
            advice: 'Restore it from a backup, or pair again: `odally join CODE`.',
          },
    ),
};

const pairAgain = 'Pair again: `wally invite` on the hub’s box, then `odally join CODE` here.';

const refused: AgentCheck = {
  id: 'hub-refused',
  title: 'agent and hub believe each other',
  why: 'A store that was restored from a copy must not be believed, nor a box that was revoked; nothing passes until you act.',
  area: 'link',
  severity: 'error',
  cost: 'free',
  diagnose: ({ trouble }) => {
    if (trouble === null) return [];
    const seen = `The hub cannot be served: ${trouble}.`;
    const wanted = 'A hub that is served.';
    if (trouble !== 'WORKER_REVOKED') {
      return [{ subject: trouble, seen, wanted, advice: pairAgain }];
    }
    return [
      {
        subject: trouble,
        seen: 'The hub has revoked this box: it trusts it no more, and took what ran here for lost.',
        wanted,
        advice: `What still runs here runs on, for nobody: \`odally stop\` ends it. ${pairAgain}`,
      },
    ];
  },
};

const quarantined: AgentCheck = {
  id: 'messages-quarantined',
  title: 'every message of the hub could be read',
  why: 'A command that could not be read was not carried out.',
  area: 'store',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ quarantinedCount: count }) =>
    count === 0
      ? []
      : [
          {
            subject: 'quarantine',
            seen: `${count} messages of the hub could not be read and were set aside.`,
            wanted: 'None.',
            advice: 'Upgrade the older side. The messages can be put into the archive.',
          },
        ],
  fix: {
    reach: 'here',
    plan: () => 'moves them into the archive',
    apply: (world) => world.archiveQuarantined(),
  },
};

const unguarded: AgentCheck = {
  id: 'leases-unguarded',
  title: 'every lease has its guard',
  why: 'If the agent is killed, work with --stop-after would go on until it starts again.',
  area: 'jobs',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ unguardedCount: count }) =>
    count === 0
      ? []
      : [
          {
            subject: 'guard',
            seen: `${count} running jobs have a lease and no guard.`,
            wanted: 'A guard for all of them.',
            advice: 'Another is started by itself; if it stays so, look at the agent’s log.',
          },
        ],
};

const orphans: LeavingsCheck = {
  id: 'processes-orphaned',
  title: 'no process outlives its job',
  why: 'It uses the box, and nobody will ever hear of what it does.',
  area: 'jobs',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ orphans: found }) =>
    found.map(({ pid, mark }) => ({
      subject: mark,
      seen: `Process ${pid} carries the mark of ${mark.slice(mark.indexOf('/') + 1)}, which has ended.`,
      wanted: 'No such process.',
      advice: 'It can be ended.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `ends every process with the mark ${subject}`,
    apply: (world, { subject }) => world.reap(subject),
  },
};

const leftovers: LeavingsCheck = {
  id: 'work-leftovers',
  title: 'no temporary directory outlives its job',
  why: 'It fills the disk.',
  area: 'jobs',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ leftovers: found }) =>
    found.map((path) => ({
      subject: path,
      seen: `${path} belongs to a job that has ended.`,
      wanted: 'No such directory.',
      advice: 'It can be removed.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `removes ${subject}`,
    apply: (world, { subject }) => world.removeFolder(subject),
  },
};

/** The agent itself. */
export const agentSection: Section<AgentRound> = defineSection({
  name: 'agent',
  pace: 'quick',
  gather: gatherAgent,
  checks: [badPairing, refused, unpaired, quarantined, unguarded],
});

/** Whether it runs; the last of all, for its fix gives the store away. */
export const runningSection: Section<AgentRound> = defineSection({
  name: 'running',
  pace: 'quick',
  gather: gatherAgent,
  checks: [agentDown],
});

/** What ended work left on the box. */
export const leavingsSection: Section<AgentRound> = defineSection({
  name: 'leavings',
  pace: 'slow',
  gather: gatherLeavings,
  checks: [orphans, leftovers],
});
