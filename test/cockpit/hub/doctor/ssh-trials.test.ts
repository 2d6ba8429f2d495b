/*
 * The checks of the person's ssh, asked for real of a config and known hosts of their own. Nothing is dialled.
 */
import { chmod, lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBox } from '../../../../store/doctor/box.ts';
import { type Trial, tryChecks } from '../../../kit/doctor-trial.ts';
import { alice } from '../hub-bench.ts';
import { type HubPatient, openHubPatient } from './hub-patient.ts';

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGLkpQ4tQk0bGSEGLQpJbXKiBrDbSvK6jJnKu4FQm4ZO';

function at({ home }: HubPatient, name: string): string {
  return join(home.directory, name);
}

/** A hub that reaches alice by ssh, with a config of its own that holds good. */
async function openSshPatient(): Promise<HubPatient> {
  const patient = await openHubPatient();
  const { home, hub } = patient;
  await writeFile(home.config, `[ssh]\ncommand = ["ssh", "-F", "${at(patient, 'ssh_config')}"]\n`);
  await writeConfig(patient, `UserKnownHostsFile ${at(patient, 'known')}`);
  await writeFile(at(patient, 'known'), `[10.0.0.7]:2222 ${hostKey}\n`);
  await writeFile(at(patient, 'id'), 'secret', { mode: 0o600 });
  await hub.boxes.put(alice, {
    ssh: { target: 'me@far', port: 2222, identity: at(patient, 'id') },
  });
  return patient;
}

function writeConfig(patient: HubPatient, line: string): Promise<void> {
  return writeFile(
    at(patient, 'ssh_config'),
    `Host far\n  HostName 10.0.0.7\n  GlobalKnownHostsFile /dev/null\n  ${line}\n`,
  );
}

const trials: Record<string, Trial<HubPatient>> = {
  'ssh-missing': {
    breaks: ({ home }) => writeFile(home.config, '[ssh]\ncommand = ["no-such-ssh"]\n'),
    seen: /no-such-ssh cannot be run/,
    mend: ({ home }) => writeFile(home.config, ''),
  },
  'ssh-agent-silent': {
    breaks: (patient) => {
      const env = { ...patient.box.env, SSH_AUTH_SOCK: at(patient, 'no-agent') };
      patient.box = openBox(env);
    },
    seen: /Nobody answers at .*no-agent/,
    mend: (patient) => {
      patient.box = openBox({ ...patient.box.env, SSH_AUTH_SOCK: '' });
    },
  },
  'ssh-config-bad': {
    breaks: (patient) => writeConfig(patient, 'NoSuchWord yes'),
    seen: /ssh says of me@far: .*/,
    mend: (patient) => writeConfig(patient, `UserKnownHostsFile ${at(patient, 'known')}`),
  },
  'ssh-host-unknown': {
    breaks: (patient) => writeFile(at(patient, 'known'), `other ${hostKey}\n`),
    seen: /The host key of me@far is not among those that are known/,
    mend: (patient) => writeFile(at(patient, 'known'), `[10.0.0.7]:2222 ${hostKey}\n`),
  },
  'ssh-key-open': {
    breaks: (patient) => chmod(at(patient, 'id'), 0o644),
    seen: /Others may read .*id/,
    fix: 'here',
    after: async (patient) => expect((await lstat(at(patient, 'id'))).mode & 0o777).toBe(0o600),
  },
};

describe('doctor of the person’s ssh', () => {
  tryChecks(openSshPatient, trials);

  test('ssh: where no box is reached by it nothing is asked of it', async () => {
    const patient = await openHubPatient();
    const asked: string[] = [];
    patient.box = {
      ...patient.box,
      run: async ([program]) => {
        asked.push(program);
        return undefined;
      },
    };
    await patient.diagnose({ mode: 'look' });
    expect(asked).toEqual(['timedatectl']);
    await patient.close();
  });
});
