/*
 * The checks of what an agent keeps, of its tools and of its pairing, each broken for real.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { outboxDeepMin, outboxOldMs } from '../../../agent/doctor/limits.ts';
import { encodeMessage } from '../../../protocol/messages.ts';
import { outboxKey } from '../../../store/keys.ts';
import { type Trial, tryChecks } from '../../kit/doctor-trial.ts';
import { type AgentPatient, openAgentPatient, pairedHub } from './agent-patient.ts';

const needsProc = process.platform === 'linux' ? undefined : 'only Linux has /proc';
const stream = { peer: pairedHub, store: 'c'.repeat(32) };
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process with this mark that would live on. */
async function start(mark: string): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'echo up; while :; do sleep 1; done'], {
    env: { WALLY_MARK: mark },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'file'), 'left');
}

async function queue({ kv }: AgentPatient, count: number, at: number): Promise<void> {
  const value = encodeMessage({ kind: 'accepted', attempt: 'J1.1', at });
  const seqs = Array.from({ length: count }, (_, index) => index + 1);
  await kv.batch(
    seqs.map((seq) => ({ type: 'put', key: outboxKey(stream, seq), value })),
    'buffered',
  );
}

function config({ home }: AgentPatient, text: string): Promise<void> {
  return writeFile(home.config, text);
}

const trials: Record<string, Trial<AgentPatient>> = {
  'spool-stray': {
    breaks: async ({ home }) => {
      await makeFolder(join(home.logs, 'J5.1'));
      await makeFolder(join(home.artifacts, 'J6.1'));
      await makeFolder(join(home.logs, 'mine'));
    },
    seen: /J5.1 is of an attempt that is not held[\s\S]*J6.1 is of an attempt/,
    fix: 'anywhere',
    after: async ({ home }) => {
      const stray = await readdir(join(home.directory, 'stray'));
      expect(stray.map((name) => name.split('.aside')[0]).toSorted()).toEqual([
        'artifact-J6.1',
        'log-J5.1',
      ]);
      expect(await readdir(home.logs)).toEqual(['mine']);
    },
  },
  'workspace-leftover': {
    breaks: async ({ home }) => {
      const path = join(home.trees, 'J5.1');
      await makeFolder(path);
      await utimes(path, 1_700_000_000, 1_700_000_000);
    },
    seen: /J5.1 is of work that has ended, and has not changed for weeks/,
    mend: ({ home }) => rm(join(home.trees, 'J5.1'), { recursive: true }),
  },
  'attempt-lifeless': {
    skipped: needsProc,
    breaks: (patient) => {
      if (patient.live === undefined) return;
      patient.live = { ...patient.live, held: [{ attempt: 'J5.1', state: 'running' }] };
    },
    seen: /J5.1 is said to run, and no process carries its mark/,
    mend: ({ storeId }) => start(`${storeId}/J5.1`),
  },
  'terminal-orphaned': {
    skipped: needsProc,
    breaks: async (patient) => {
      await start(`${patient.storeId}/terminal-3`);
      await patient.stop();
    },
    seen: /carry the mark terminal-3, and no agent runs/,
    fix: 'anywhere',
    after: async () => {
      const [child] = children;
      if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child?.signalCode).toBe('SIGKILL');
    },
  },
  'set-aside-many': {
    breaks: async ({ home }) => {
      for (const name of ['001', '002', '003', '004', '005']) {
        await makeFolder(join(home.setAside, name));
      }
    },
    seen: /What 5 earlier pairings held is set aside/,
    fix: 'here',
    after: async ({ home }) =>
      expect((await readdir(home.setAside)).toSorted()).toEqual(['003', '004', '005']),
  },
  'outbox-deep': {
    breaks: (patient) => queue(patient, outboxDeepMin, Date.now()),
    seen: /5000 messages or more wait/,
    mend: ({ kv }) => kv.batch([{ type: 'del', key: outboxKey(stream, 1) }], 'synced'),
  },
  'outbox-old': {
    breaks: (patient) => queue(patient, 1, Date.now() - outboxOldMs - 3_600_000),
    seen: /A report has waited for the hub for 25 h/,
    mend: ({ kv }) => kv.batch([{ type: 'del', key: outboxKey(stream, 1) }], 'synced'),
  },
  'tool-missing': {
    breaks: (patient) => config(patient, 'has = ["bazel", "gpu"]\n'),
    seen: /this box has bazel; there is no bazel on its PATH/,
    mend: (patient) => patient.addProgram('bazel', 'echo bazel 7'),
  },
  'tool-broken': {
    breaks: async (patient) => {
      await config(patient, 'has = ["cargo"]\n');
      await patient.addProgram('cargo', 'echo "no toolchain" >&2; exit 127');
    },
    seen: /`cargo --version` failed: no toolchain/,
    mend: (patient) => patient.addProgram('cargo', 'echo cargo 1.80'),
  },
  'git-old': {
    breaks: async (patient) => {
      await config(patient, 'has = ["git"]\n');
      await patient.addProgram('git', 'echo git version 2.9.5');
    },
    seen: /This is git 2.9/,
    mend: (patient) => patient.addProgram('git', 'echo git version 2.43.0'),
  },
  'git-identity': {
    breaks: (patient) => config(patient, 'has = ["git"]\n'),
    seen: /git has no user.name or no user.email here/,
    fix: 'here',
    after: ({ home }) => {
      const env = { ...process.env, HOME: home.directory };
      const said = execFileSync('git', ['config', '--global', 'user.email'], { env, cwd: '/' });
      expect(said.toString().trim()).toBe(`odally@${hostname()}`);
    },
  },
  'harness-signed-out': {
    breaks: async (patient) => {
      await config(patient, 'has = ["codex"]\n');
      await patient.addProgram('codex', 'echo codex-cli 0.40');
    },
    seen: /codex has no credentials of its own here/,
    mend: async ({ home }) => {
      await mkdir(join(home.directory, '.codex'));
      await writeFile(join(home.directory, '.codex', 'auth.json'), '{}');
    },
  },
  'agent-down': {
    breaks: (patient) => patient.stop(),
    seen: /No agent runs on/,
    fix: 'here',
    after: ({ startCount }) => expect(startCount).toBe(1),
  },
  'agent-unpaired': {
    breaks: ({ home }) => rm(home.pairing),
    seen: /is paired with no hub/,
    mend: ({ home }) =>
      writeFile(
        home.pairing,
        JSON.stringify({ hub: pairedHub, name: 'alice', addresses: [], rendezvous: [] }),
      ),
  },
  'pairing-damaged': {
    breaks: ({ home }) => writeFile(home.pairing, '{"hub":'),
    seen: /pairing.json is damaged/,
    mend: ({ home }) => rm(home.pairing),
  },
};

describe('doctor of what an agent keeps', () => {
  tryChecks(openAgentPatient, trials);

  test('agent: a sound one has no finding, also with tools that are sound', async () => {
    const patient = await openAgentPatient();
    await config(patient, 'has = ["git", "cargo", "unheard-of"]\n');
    await patient.addProgram('cargo', 'echo cargo 1.80');
    await writeFile(join(patient.home.directory, '.gitconfig'), '[user]\nname = A\nemail = a@b\n');
    expect(await patient.diagnose({ mode: 'look' })).toEqual({ findings: [], fixed: [] });
    await patient.close();
  });

  test('tool-broken: a tool that does not answer in time is found, and holds up nobody', async () => {
    const patient = await openAgentPatient();
    await config(patient, 'has = ["go"]\n');
    await patient.addProgram('go', 'exec sleep 1000');
    const { findings } = await patient.diagnose({ mode: 'look' });
    expect(findings.map(({ id, seen }) => [id, seen])).toEqual([
      ['tool-broken', '`go --version` did not answer within 2000 ms.'],
    ]);
    await patient.close();
  });

  test('git-identity: a git that is not asked for is not judged', async () => {
    const patient = await openAgentPatient();
    const { findings } = await patient.diagnose({ mode: 'look', area: 'tools' });
    expect(findings).toEqual([]);
    await patient.close();
  });
});
