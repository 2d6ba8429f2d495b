/*
 * A verb that loses one of its ends: the hub, whoever reads what it prints, or the disk under that. It says what is
 * true then, also by its status.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { JobDetail, JobRow, StatusShape } from '../../cockpit/verbs/shapes.ts';
import { locateProgram, type VerbResult } from '../kit/processes.ts';
import { openSmallDisk, whyNoSmallDisk } from '../kit/small-disk.ts';
import { titleOf } from '../kit/strace.ts';
import { expectJson } from './complaint.ts';
import { untilGone } from './process-state.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = openStage();
  await stage.up();
});

afterAll(() => stage.close());

/** The end of this text of a shell, in which `wally` and `odally` are the programs. */
function inShell(text: string): Promise<Pick<VerbResult, 'status' | 'stderr'>> {
  const [program, agent] = (['wally', 'odally'] as const).map(
    (name) => `'${process.execPath}' '${locateProgram(name)}'`,
  );
  const both = `program="${program}"; wally() { ${program} "$@"; }; odally() { ${agent} "$@"; }`;
  const env = { ...stage.agentEnv('local'), PATH: process.env.PATH ?? '', ...stage.homes.hub() };
  return new Promise((resolve) => {
    execFile('bash', ['-c', `${both}; ${text}`], { env }, (error, _stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stderr });
    });
  });
}

describe('whoever reads is gone', () => {
  test('dispatch --wait: the status is the outcome all the same', async () => {
    const { status } = await inShell('set -o pipefail; wally dispatch --wait -- exit 3 | :');
    expect(status).toBe(1);
  });

  test('dispatch -f: the rest of the output is dropped, and the status is the outcome', async () => {
    const job = 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 3';
    const text = `wally dispatch -f -- '${job}' | head -1 > ${stage.path('first')}`;
    const { status } = await inShell(`${text}; exit \${PIPESTATUS[0]}`);
    expect(status).toBe(1);
  });

  test('logs -f: a signal ends it also where its reader is there and reads nothing', async () => {
    const { id } = await stage.dispatch('seq 200000');
    await stage.ended(id);
    const fifo = stage.path('stuck');
    const start = `mkfifo ${fifo}; exec 3<> ${fifo}; (eval exec $program logs -f ${id}) > ${fifo} &`;
    const { status } = await inShell(
      `${start} head -c 1 <&3 > /dev/null; kill $!; wait $!; exit $?`,
    );
    expect(status).toBe(0);
  });

  test('logs: it ends at once, and well', async () => {
    const { id } = await stage.dispatch('seq 200000');
    await stage.ended(id);
    const { status, stderr } = await inShell(
      `wally logs ${id} | head -1 > ${stage.path('line')}; exit \${PIPESTATUS[0]}`,
    );
    expect([status, stderr]).toEqual([0, '']);
  });
});

test('odally: whoever reads what it prints is gone, and that changes no status', async () => {
  const { status, stderr } = await inShell(`odally doctor --list | :; exit \${PIPESTATUS[0]}`);
  expect([status, stderr]).toEqual([0, '']);
});

test('a full disk under what is printed: it is said, and the status is not that of success', async () => {
  const { id } = await stage.dispatch('seq 20000');
  await stage.ended(id);
  const asked = [
    ...['team', `logs ${id}`, 'export', `job ${id} --json`].map((verb) => `wally ${verb}`),
    ...['--version', 'help', 'status', 'status --json', 'policy', 'audit', 'doctor --list'].map(
      (verb) => `odally ${verb}`,
    ),
  ];
  const ended = await Promise.all(asked.map((line) => inShell(`${line} > /dev/full`)));
  expect(ended).toEqual(
    asked.map(() => ({ status: 1, stderr: expect.stringMatching(/cannot be written.*ENOSPC/) })),
  );
});

const reason = await whyNoSmallDisk();

test.skipIf(reason !== undefined)(
  titleOf('a full disk under a file that is fetched: it is the asker’s disk that is named', reason),
  async () => {
    const opening = await openSmallDisk(2);
    if (opening.kind === 'left-out') throw new Error(opening.reason);
    await using disk = opening.disk;
    const flags = ['--artifact', 'big'] as const;
    const { id } = await stage.dispatch('head -c 4000000 /dev/urandom > big', ...flags);
    await stage.ended(id);
    const got = await stage.wally(['get', id, 'big', '--out', `${disk.path}/`, '--json']);
    expectJson(got, { code: 'USAGE_ARGUMENT', status: 2 });
    expect(got.stdout).toMatch(/ENOSPC/);
    await disk.fill();
    const exported = await stage.wally(['export', '--out', `${disk.path}/all`, '--json']);
    expectJson(exported, { code: 'USAGE_ARGUMENT', status: 2 });
    expect(readdirSync(disk.path)).toEqual(['filler']);
  },
);

/** The hub's process is killed, and is gone. */
async function killHub(): Promise<void> {
  const { hub } = await stage.ask<StatusShape>('status');
  process.kill(hub.pid, 'SIGKILL');
  await untilGone(hub.pid);
}

describe('the hub is gone', () => {
  test('whoever waits or follows: once it is back they go on, and no byte is lost or printed twice', async () => {
    const gate = await stage.gate('back');
    const begun = stage.path('begun-back');
    const job = `printf 'é\\303'; touch ${begun}; ${gate.wait}; printf '\\251 end'; exit 3`;
    const following = stage.startWally(['dispatch', '-f', '--', job]);
    await vi.waitUntil(() => existsSync(begun), { timeout: 10_000 });
    await following.until(/é/);
    const [newest] = await stage.ask<readonly JobRow[]>('jobs', '--limit', '1');
    const id = newest?.id ?? '';
    const asking = stage.startWally(['wait', id, '--json', '--timeout', '60s']);
    const other = stage.path('begun-other');
    const waited = `touch ${other}; ${gate.wait}`;
    const waiting = stage.startWally(['dispatch', '--wait', '--json', '--', waited]);
    await vi.waitUntil(() => existsSync(other), { timeout: 10_000 });
    const logs = stage.startWally(['logs', '-f', id]);
    await logs.until(/é/);
    await killHub();
    await logs.until(/looked for again/);
    await stage.up();
    await gate.open();
    await gate.open();
    const ended = await Promise.all([waiting, following, asking, logs].map(({ result }) => result));
    expect(ended.map(({ status }) => status)).toEqual([0, 1, 1, 0]);
    expect([ended[1]?.stdout, ended[3]?.stdout]).toEqual(['éé end', 'éé end']);
    expect(ended[2]?.json()).toMatchObject({ id, outcome: 'failed', exitCode: 3 });
  });

  test('whoever follows lines: once it is back they go on, and no line is lost or printed twice', async () => {
    const gate = await stage.gate('lines');
    const torn = `printf 'old\\none\\nhalf'; echo aside >&2; ${gate.wait}; printf ' and half\\nlast\\n'`;
    const jobs = await Promise.all(
      [torn, `${gate.wait}; echo other`].map((one) => stage.dispatch(one)),
    );
    const ids = jobs.map(({ id }) => id);
    const [first = ''] = ids;
    await stage.untilStarted(ids[1] ?? '');
    await vi.waitUntil(async () => (await stage.wally(['logs', first])).stdout.includes('half'));
    const stamped = stage.startWally(['logs', '-f', '-t', '--tail', '3', first]);
    const merged = stage.startWally(['logs', '-f', ...ids]);
    const some = stage.startWally(['logs', '-f', '--grep', '/one|last/', '--context', '1', first]);
    await Promise.all([stamped, merged, some].map((one) => one.until(/one/)));
    await killHub();
    await merged.until(/looked for again/);
    await stage.up();
    await gate.open();
    await gate.open();
    const ended = await Promise.all([stamped, merged, some].map(({ result }) => result));
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0]);
    const [stampedLines, mergedLines, someLines] = ended.map(({ stdout }) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^\S+Z /, '')),
    );
    expect(stampedLines).toEqual(['one', 'half and half', 'aside', 'last']);
    const own = mergedLines?.filter((line) => line.includes(`${first}.1 `)) ?? [];
    expect(own.map((line) => line.replace(/^.*\.1 /, ''))).toEqual([
      ...['old', 'one', 'half and half', 'aside', 'last'],
    ]);
    expect(mergedLines?.filter((line) => line.endsWith(' other'))).toHaveLength(1);
    expect(someLines).toEqual(['old', 'one', 'half and half', 'aside', 'last']);
  });

  test('whoever waits or follows: where it stays away the job that goes on is named, with status 3', async () => {
    const gate = await stage.gate('gone');
    const begun = stage.path('begun');
    const waited = `touch ${begun}; ${gate.wait}`;
    const waiting = stage.startWally(['dispatch', '--wait', '--json', '--', waited]);
    await vi.waitUntil(() => existsSync(begun), { timeout: 10_000 });
    const following = stage.startWally(['dispatch', '-f', '--json', '--', `echo x; ${gate.wait}`]);
    await following.until(/"x/);
    const [newest] = await stage.ask<readonly JobRow[]>('jobs', '--limit', '1');
    const asking = stage.startWally(['wait', newest?.id ?? '', '--json']);
    const logs = stage.startWally(['logs', '-f', '--json', newest?.id ?? '']);
    await logs.until(/"x/);
    await killHub();
    const lost = await Promise.all([waiting, following, asking, logs].map(({ result }) => result));
    await stage.up();
    await gate.open();
    await gate.open();
    for (const { status, stdout } of lost) {
      const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error: unknown };
      expect(status).toBe(3);
      expect(last).toMatchObject({
        error: { code: 'HUB_UNREACHABLE', message: expect.stringMatching(/J\d+ goes on/) },
      });
    }
    const jobs = await stage.ask<readonly JobRow[]>('jobs', '--limit', '2');
    const ended = await Promise.all(jobs.map(({ id }) => stage.ended(id)));
    expect(ended.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
  });

  test('--linear: that the connection ended is said, and no more than that', async () => {
    const env = { PATH: process.env.PATH ?? '', ...stage.homes.hub() };
    const linear = spawn(process.execPath, [locateProgram('wally'), '--linear'], { env });
    let said = '';
    linear.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const until = (words: string) => vi.waitUntil(() => said.includes(words), { timeout: 10_000 });
    await until('Hub at ');
    const { hub } = await stage.ask<StatusShape>('status');
    process.kill(hub.pid, 'SIGKILL');
    await until('The hub is gone: the connection ended. Work goes on. Trying again.\n');
    await stage.up();
    await until('The hub is back.');
    linear.stdin.end('q\n');
    await once(linear, 'close');
  });

  test('a question that it did not answer: what was asked may have happened, and that is said', async () => {
    const gate = await stage.gate('asked');
    const { id } = await stage.dispatch(`echo here; ${gate.wait}`);
    const asking = stage.startWally(['events', '-f', '--job', id]);
    await asking.until(/began/);
    await killHub();
    const { status, stderr } = await asking.result;
    expect([status, stderr]).toEqual([3, expect.stringContaining('may have happened')]);
    await stage.up();
    await gate.open();
    await stage.ended(id);
  });
});

test('dispatch --wait: ctrl-c leaves the job, names it, and ends with status 5', async () => {
  const gate = await stage.gate('leave');
  const before = await stage.ask<readonly JobRow[]>('jobs', '--limit', '1');
  const next = `J${Number(before[0]?.id.slice(1)) + 1}`;
  const waiting = stage.startWally(['dispatch', '--wait', '--', gate.wait]);
  await stage.untilStarted(next);
  waiting.signal('SIGINT');
  const { status, stderr } = await waiting.result;
  expect([status, stderr]).toEqual([5, expect.stringContaining(`${next} was left`)]);
  expect(await stage.ask<JobDetail>('job', next)).toMatchObject({ outcome: null });
  await gate.open();
  await stage.ended(next);
});

test('down: a hub that hangs is waited for, and that is said', async () => {
  const { hub } = await stage.ask<StatusShape>('status');
  process.kill(hub.pid, 'SIGSTOP');
  const down = stage.startWally(['down']);
  await down.until(/hub\.sock does not answer\. It is waited for/);
  process.kill(hub.pid, 'SIGCONT');
  expect(await down.result).toMatchObject({ status: 0 });
  await stage.up();
});
