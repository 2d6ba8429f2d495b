/*
 * The checks of what keeps the agent: is it as it was installed, will it come with the box, and who sees to
 * versions that are left.
 *
 * A home without a service has no findings: whoever starts its agent by hand knows that. No fix here ends an agent that runs.
 */
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { versionsKept } from '../install/limits.ts';
import type { ServiceState } from '../install/service-state.ts';
import { findUpgrade, saveUpgrade, type UpgradeRecord } from '../install/upgrade-record.ts';
import { isAdrift } from '../install/upgrade-resume.ts';
import { findLinked, listVersions, planRemoval, removeVersion } from '../install/versions.ts';
import type { AgentRound } from './agent-round.ts';

interface ServiceFacts {
  readonly state: ServiceState;
  /** Was it to come with the box when it was installed? */
  readonly shouldBoot: boolean;
  /** Versions that nothing needs. */
  readonly spare: readonly string[];
  /** A change of version that nobody sees to any more. */
  readonly adrift: UpgradeRecord | null;
}

type ServiceCheck = Check<ServiceFacts, AgentRound>;

const mend = {
  reach: 'anywhere',
  apply: ({ service }: AgentRound) => service.mend(),
} as const;

const files: ServiceCheck = {
  id: 'service-missing',
  title: 'the service is there as it was installed',
  why: 'After the next start of the box no agent would come up.',
  area: 'service',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ state }) =>
    listOne(
      state.kind === 'none' || state.isInstalled
        ? undefined
        : {
            subject: state.name ?? state.kind,
            seen: `The files of ${state.name} (${state.kind}) are gone, or it does not know them.`,
            wanted: 'The unit or property list that was written at the install.',
            advice: 'It can be written again: `odally service install`.',
          },
    ),
  fix: { ...mend, plan: ({ subject }) => `writes ${subject} again and enables it` },
};

const disabled: ServiceCheck = {
  id: 'service-disabled',
  title: 'the service comes with the box',
  why: 'After a reboot at night the box would be missing.',
  area: 'service',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ state, shouldBoot }) =>
    listOne(
      state.kind === 'none' || !state.isInstalled || state.isEnabled || !shouldBoot
        ? undefined
        : {
            subject: state.name ?? state.kind,
            seen:
              state.kind === 'background'
                ? 'Its line in the crontab is gone.'
                : `${state.name} is disabled.`,
            wanted: 'Started when the box starts, as it was installed.',
            advice: 'It can be enabled again: `odally service install`.',
          },
    ),
  fix: { ...mend, plan: ({ subject }) => `lets ${subject} start with the box again` },
};

const linger: ServiceCheck = {
  id: 'service-linger',
  title: 'the service goes on when its user logs out',
  why: 'Without lingering systemd ends the agent, and its work, at logout.',
  area: 'service',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ state }) =>
    listOne(
      state.kind !== 'systemd' || state.isLingering !== false
        ? undefined
        : {
            subject: state.name ?? state.kind,
            seen: 'Lingering is off for this user.',
            wanted: 'Lingering, which keeps a user’s services while they are logged out.',
            advice: '`loginctl enable-linger`; where that is refused, `odally service install`.',
          },
    ),
  fix: { ...mend, plan: () => 'switches lingering on' },
};

const unwatched: ServiceCheck = {
  id: 'service-unwatched',
  title: 'the agent that runs is supervised',
  why: 'If it ends now, nobody starts it again.',
  area: 'service',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ state }) =>
    listOne(
      state.kind !== 'background' || !isStray(state)
        ? undefined
        : {
            subject: state.name ?? state.kind,
            seen: `The agent (pid ${state.agentPid}) runs, and its supervisor does not.`,
            wanted: 'A supervisor that starts it again when it dies.',
            advice: 'One can take it over: `odally service start`.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: () => 'starts a supervisor, which takes over the agent that runs',
    apply: async ({ service }) => void (await service.perform({ verb: 'start' })),
  },
};

const stray: ServiceCheck = {
  id: 'service-stray',
  title: 'the agent that runs is the one of its service',
  why: 'If it ends now, nobody starts it again.',
  area: 'service',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ state }) =>
    listOne(
      state.kind === 'none' || state.kind === 'background' || !isStray(state)
        ? undefined
        : {
            subject: state.name ?? state.kind,
            seen: `The agent (pid ${state.agentPid}) was not started by ${state.name}.`,
            wanted: 'An agent that its service started.',
            advice: 'When nothing runs there: `odally stop`, then `odally service start`.',
          },
    ),
};

const spare: ServiceCheck = {
  id: 'versions-spare',
  title: 'no versions of the agent lie about that nothing needs',
  why: 'Each is some megabytes, and a Node of its own may be over a hundred.',
  area: 'service',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ spare: names }) =>
    names.map((name) => ({
      subject: name,
      seen: `${name} is neither current nor previous, nor among the newest ${versionsKept}.`,
      wanted: `At most ${versionsKept} versions.`,
      advice: 'It can be removed.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `removes ${subject}, and its Node where no other needs that`,
    apply: ({ home }, { subject }) => removeVersion(home.directory, subject),
  },
};

const adrift: ServiceCheck = {
  id: 'upgrade-adrift',
  title: 'a change of version is seen through',
  why: 'The box may be neither on the old version for good nor on the new one.',
  area: 'service',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ adrift: record }) =>
    listOne(
      record === null
        ? undefined
        : {
            subject: record.to,
            seen: `The change from ${record.from} to ${record.to} stopped at “${record.phase}”.`,
            wanted: 'Done, or taken back.',
            advice: 'It can be taken up again: `odally upgrade` on the box.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `takes up the change to ${subject} where it was cut off, or lets it be`,
    apply: async ({ home, service }) => {
      const record = await service.resumeUpgrade();
      // The version that would see to it is gone or too old.
      if (isAdrift(record)) {
        await saveUpgrade(home.directory, { ...record, phase: 'left', isDown: undefined });
      }
    },
  },
};

/** What keeps the agent. */
export const serviceSection: Section<AgentRound> = defineSection({
  name: 'service',
  pace: 'slow',
  gather: gatherService,
  checks: [files, disabled, linger, unwatched, stray, spare, adrift],
});

async function gatherService({ home, service }: AgentRound): Promise<ServiceFacts> {
  const { directory } = home;
  const record = await findUpgrade(directory);
  const linked = await Promise.all([
    findLinked(directory, 'current'),
    findLinked(directory, 'previous'),
  ]);
  const names = new Set(linked.flatMap((name) => name ?? []));
  const versions = await listVersions(directory);
  return {
    state: await service.look(),
    shouldBoot: await service.shouldBoot(),
    spare: names.size === 0 ? [] : planRemoval(versions, { names, newestCount: versionsKept }),
    adrift: isAdrift(record) ? record : null,
  };
}

function isStray({ isRunning, agentPid }: ServiceState): boolean {
  return !isRunning && agentPid !== null;
}
