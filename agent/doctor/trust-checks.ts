/*
 * The checks of a box's policy: it can be read, and what it asks of the box holds.
 *
 * A box without a policy has no finding here. Fixes close what stands open and move aside what is not
 * ours; none changes the policy, which is for a person to say.
 */
import { chmod, rename } from 'node:fs/promises';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import type { AgentRound } from './agent-round.ts';
import { gatherTrust, type TrustFacts } from './trust-facts.ts';

type TrustCheck = Check<TrustFacts, AgentRound>;

const broken: TrustCheck = {
  id: 'policy-broken',
  title: 'the box’s policy can be read',
  why: 'While it cannot, the box takes no work.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ broken: seen }) =>
    seen === null
      ? []
      : listOne({
          subject: 'policy.toml',
          seen,
          wanted: 'A file that `odally policy` can show, or none.',
          advice: 'Correct the line that is named; the agent reads it again by itself.',
        }),
};

const isolation: TrustCheck = {
  id: 'isolation-refused',
  title: 'work is isolated as the policy asks',
  why: 'While it cannot be, the box takes no work.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ refused: seen }) =>
    seen === null
      ? []
      : listOne({
          subject: 'isolation',
          seen,
          wanted: 'A box that can do what the policy asks.',
          advice: 'Make the user, run the agent as root or under systemd, or ask for less.',
        }),
};

const limits: TrustCheck = {
  id: 'isolation-limits',
  title: 'every limit of the policy holds on this box',
  why: 'Work may use more than was meant.',
  area: 'trust',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ unheld }) =>
    unheld.map((field) => ({
      subject: field,
      seen: `policy.toml asks for ${field}, and nothing here holds it.`,
      wanted: 'A systemd that makes scopes.',
      advice: 'Run the agent where systemd runs for its user, or take the line out.',
    })),
};

const keyInReach: TrustCheck = {
  id: 'key-in-reach',
  title: 'work that runs as another user cannot read the agent’s key',
  why: 'Whoever reads it can be this box to its hub.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ open }) =>
    open.map(({ path, mode }) => ({
      subject: path,
      seen: `${path} has mode 0${mode.toString(8)}, and work runs as another user.`,
      wanted: 'Closed to everybody else.',
      advice: `Run \`chmod go= ${path}\`; if others used the box meanwhile, pair it again.`,
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `closes ${subject} to everybody else`,
    apply: async ({ home }, { subject }) =>
      chmod(subject, subject === home.directory ? 0o700 : 0o600),
  },
};

const folder: TrustCheck = {
  id: 'work-folder-foreign',
  title: 'the folder for work of another user is the agent’s own',
  why: 'In somebody else’s folder work could be read and changed, so it is refused.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ foreignFolder: path }) =>
    path === null
      ? []
      : listOne({
          subject: path,
          seen: `${path} was made by somebody else, or others may write it.`,
          wanted: 'A folder of this agent’s, or nothing.',
          advice: 'Find out who made it, and move it away.',
        }),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `moves ${subject} aside`,
    apply: ({ nowMs }, { subject }) => rename(subject, `${subject}.aside-${Math.round(nowMs)}`),
  },
};

const short: TrustCheck = {
  id: 'secret-short',
  title: 'every secret of the box is long enough to be hidden',
  why: 'A short value stands in too many innocent words to be taken out of logs.',
  area: 'trust',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ short: names }) =>
    names.map((name) => ({
      subject: name,
      seen: `The value of ${name}, which policy.toml calls secret, is too short to be hidden.`,
      wanted: 'At least 6 bytes.',
      advice: 'Give it a longer value, or take the name out.',
    })),
};

/** All of them. */
export const trustSection: Section<AgentRound> = defineSection({
  name: 'policy',
  pace: 'slow',
  gather: gatherTrust,
  checks: [broken, isolation, limits, keyInReach, folder, short],
});
