/*
 * The checks of the person's ssh, where boxes are recorded that are reached by it.
 *
 * Nothing is dialled, no key is read and no host is trusted here: ssh is asked what its config says of
 * each box, and whether it knows the box's key. Without such a box nothing is asked at all.
 * Source: ssh(1) -G, ssh-keygen(1) -F, ssh-add(1).
 */
import { chmod, lstat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Check, listOne } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { readHubConfig } from '../../home.ts';
import type { SshPlace } from '../../manager/box.ts';
import type { HubRound } from './hub-round.ts';
import { sshAskMsMax, sshBoxesMax } from './limits.ts';

interface SshBoxFact {
  readonly worker: string;
  readonly target: string;
  /** Why its config cannot be used; null where it can. */
  readonly fault: string | null;
  /** Is the key of its host one that was accepted? Null where nobody can say. */
  readonly isKnown: boolean | null;
  /** The key file that others may read. */
  readonly openKey: string | null;
}

interface SshFacts {
  readonly program: string;
  readonly isMissing: boolean;
  /** Where an ssh agent should answer and does not. */
  readonly silentAgent: string | null;
  readonly boxes: readonly SshBoxFact[];
}

type SshCheck = Check<SshFacts | null, HubRound>;

const ground = { area: 'tools', severity: 'warning', cost: 'walks' } as const;

const missing: SshCheck = {
  ...ground,
  id: 'ssh-missing',
  title: 'the ssh that reaches boxes is there',
  why: 'Without it nothing can be installed, upgraded or fetched where UDP is blocked.',
  diagnose: (facts) =>
    listOne(
      facts?.isMissing === true
        ? {
            subject: facts.program,
            seen: `${facts.program} cannot be run.`,
            wanted: 'OpenSSH.',
            advice: 'Install it, or name it in config.toml: [ssh] command.',
          }
        : undefined,
    ),
};

const agent: SshCheck = {
  ...ground,
  id: 'ssh-agent-silent',
  title: 'the ssh agent answers the hub',
  why: 'Keys that are only in the agent can’t be used; ssh asks for what nobody can type.',
  diagnose: (facts) =>
    listOne(
      facts?.silentAgent == null
        ? undefined
        : {
            subject: facts.silentAgent,
            seen: `Nobody answers at ${facts.silentAgent} (SSH_AUTH_SOCK of the hub).`,
            wanted: 'An ssh agent, or no SSH_AUTH_SOCK.',
            advice:
              'Stop the hub and start it from a session whose agent lives: `wally down`, `wally up`.',
          },
    ),
};

const config: SshCheck = {
  ...ground,
  id: 'ssh-config-bad',
  title: 'ssh can read its config for every box',
  why: 'With a config that it cannot read ssh reaches nobody.',
  diagnose: (facts) =>
    listBoxes(facts).flatMap(({ worker, target, fault }) =>
      fault === null
        ? []
        : [
            {
              subject: target,
              worker,
              seen: `ssh says of ${target}: ${fault}`,
              wanted: 'A config that it can read.',
              advice: 'Correct the line that it names.',
            },
          ],
    ),
};

const unknown: SshCheck = {
  ...ground,
  id: 'ssh-host-unknown',
  title: 'the host key of every box was accepted',
  why: 'ssh refuses a host that it does not know, and nobody is there to say yes.',
  diagnose: (facts) =>
    listBoxes(facts).flatMap(({ worker, target, isKnown }) =>
      isKnown === false
        ? [
            {
              subject: target,
              worker,
              seen: `The host key of ${target} is not among those that are known.`,
              wanted: 'A key that you have accepted.',
              advice: `Run \`ssh ${target}\` once, compare the fingerprint, and accept it.`,
            },
          ]
        : [],
    ),
};

const openKey: SshCheck = {
  ...ground,
  id: 'ssh-key-open',
  title: 'only you can read the keys that reach boxes',
  why: 'ssh refuses a key that others can read; and whoever reads it can be you on that box.',
  area: 'trust',
  severity: 'error',
  diagnose: (facts) => {
    const paths = new Set(listBoxes(facts).flatMap(({ openKey: path }) => path ?? []));
    return [...paths].map((path) => ({
      subject: path,
      seen: `Others may read ${path}.`,
      wanted: 'Its owner alone.',
      advice: `Run \`chmod go= ${path}\`.`,
    }));
  },
  fix: {
    reach: 'here',
    plan: ({ subject }) => `takes the rights to ${subject} from everybody but its owner`,
    apply: async (_round, { subject }) => {
      const found = await lstat(subject);
      if (found.isFile()) await chmod(subject, found.mode & 0o700);
    },
  },
};

/** The person's ssh. */
export const sshSection: Section<HubRound> = defineSection({
  name: 'ssh',
  pace: 'slow',
  gather: gatherSsh,
  checks: [openKey, missing, config, unknown, agent],
});

function listBoxes(facts: SshFacts | null): readonly SshBoxFact[] {
  return facts?.isMissing === false ? facts.boxes : [];
}

async function gatherSsh({ hub, home, box }: HubRound): Promise<SshFacts | null> {
  const places = (hub?.boxes.list() ?? []).flatMap(({ worker, ssh }) =>
    ssh === undefined ? [] : [{ ssh, worker: hub?.workers.find(worker)?.name ?? worker }],
  );
  if (places.length === 0) return null;
  const { ssh } = await readHubConfig(home);
  const [program = 'ssh', ...first] = ssh.command;
  const isMissing = (await box.run([program, '-V'], sshAskMsMax)) === undefined;
  const socket = box.env.SSH_AUTH_SOCK ?? '';
  // Status 2: it could not be reached. An agent without keys is none the worse.
  const added = socket === '' ? undefined : await box.run(['ssh-add', '-l'], sshAskMsMax);
  return {
    program,
    isMissing,
    silentAgent: added?.code === 2 ? socket : null,
    boxes: isMissing
      ? []
      : await Promise.all(
          places.slice(0, sshBoxesMax).map(async ({ worker, ssh: place }) => ({
            worker,
            target: place.target,
            ...(await lookAtBox(box, [program, ...first], place)),
          })),
        ),
  };
}

async function lookAtBox(
  box: HubRound['box'],
  command: readonly [string, ...string[]],
  { target, port, identity }: SshPlace,
): Promise<Pick<SshBoxFact, 'fault' | 'isKnown' | 'openKey'>> {
  const key = await findOpenKey(identity);
  const words = port === undefined ? [] : ['-p', String(port)];
  const end = await box.run([...command, '-G', ...words, '--', target], sshAskMsMax);
  if (end === undefined) return { fault: 'it did not answer.', isKnown: null, openKey: key };
  if (end.code !== 0) {
    const fault = end.stderr.trim().split('\n').at(-1) ?? '';
    return { fault, isKnown: null, openKey: key };
  }
  const say = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(end.stdout)?.[1] ?? '';
  return { fault: null, isKnown: await isHostKnown(box, say), openKey: key };
}

async function findOpenKey(identity: string | undefined): Promise<string | null> {
  if (identity === undefined) return null;
  const found = await lstat(identity).catch(() => undefined);
  return found?.isFile() === true && (found.mode & 0o077) !== 0 ? identity : null;
}

async function isHostKnown(
  box: HubRound['box'],
  say: (name: string) => string,
): Promise<boolean | null> {
  // Behind a jump host or a proxy the name that counts may be another; then nobody can say.
  if (say('proxyjump') !== '' || say('proxycommand') !== '') return null;
  const alias = say('hostkeyalias');
  const port = say('port');
  const host = alias || say('hostname');
  const name = alias !== '' || port === '22' ? host : `[${host}]:${port}`;
  const files = `${say('userknownhostsfile')} ${say('globalknownhostsfile')}`.trim().split(/\s+/);
  const ends = await Promise.all(
    files.map((file) => box.run(['ssh-keygen', '-F', name, '-f', expand(box, file)], sshAskMsMax)),
  );
  if (ends.every((end) => end === undefined)) return null;
  return ends.some((end) => end?.code === 0);
}

function expand({ env }: HubRound['box'], file: string): string {
  return file.startsWith('~/') ? join(env.HOME || homedir(), file.slice(2)) : file;
}
