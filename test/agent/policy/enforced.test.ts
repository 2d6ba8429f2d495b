/*
 * The policy where it is enforced: at the desk, in time, at the doctor's door, and in directories.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answerDoctor } from '../../../agent/doctor/answer.ts';
import { WatchWork } from '../../../agent/loops/watch-work.ts';
import { PolicyTeller } from '../../../agent/policy/policy-teller.ts';
import { DirectoryLooks } from '../../../agent/work/directory-looks.ts';
import { findArtifacts } from '../../../agent/work/find-artifacts.ts';
import { GlobThreads } from '../../../agent/work/glob-thread.ts';
import { requireDirectory } from '../../../agent/work/job-directory.ts';
import type { Finding } from '../../../protocol/doctor.ts';
import type { OwnerFrame } from '../../../protocol/frames.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { settle } from '../../protocol/fake-ports.ts';
import { assign, openBench, processMark } from '../desk-bench.ts';
import { openPoliciesInHand } from './policies-in-hand.ts';

describe('policy at the desk', () => {
  test('what it forbids is refused as it comes, with the rule; the rest of the delivery is taken', async () => {
    const { desk, take, policies, readFacts } = await openBench();
    policies.write('[artifacts]\n[work]\nkinds = ["terminal"]');
    await take(assign('J1.1'));
    policies.write('');
    await take(assign('J2.1'));
    expect(desk.inventory()).toEqual([{ attempt: 'J2.1', state: 'accepted' }]);
    expect((await readFacts())[0]).toMatchObject({
      ...{ kind: 'finished', attempt: 'J1.1', outcome: 'refused', code: 'POLICY_KIND' },
      reason: 'policy.toml: work.kinds = ["terminal"] does not have "command".',
    });
  });

  test('a broken one refuses all and says what is wrong; mended, work is taken again', async () => {
    const { desk, take, policies, readFacts } = await openBench();
    policies.write('[work]\nkind = []');
    await take(assign('J1.1'));
    expect((await readFacts())[0]).toMatchObject({
      ...{ outcome: 'refused', code: 'POLICY_BROKEN' },
      reason: 'policy.toml: line 2, work.kind: there is no such field.',
    });
    policies.write('[work]\nkinds = ["command"]');
    await take(assign('J2.1'));
    expect(desk.inventory()).toHaveLength(1);
  });
});

test('run time: work ends when it ran for as long as the policy let it at its start', async () => {
  const bench = await openBench();
  const { desk, ports, take, policies, readFacts } = bench;
  policies.write('[work]\nrun_seconds_max = 60');
  const watch = new WatchWork({
    ...{ desk, ports, policies: policies.policies },
    leftMs: () => undefined,
    leaseLeftMs: (termMs) => termMs,
    failed: (error) => {
      throw error;
    },
  });
  await take(assign('J1.1'));
  await desk.step('J1.1', { type: 'start' });
  await desk.step('J1.1', { type: 'spawned', at: 5, process: processMark });
  watch.wake();
  policies.write('');
  await ports.advance(59_999);
  expect(bench.asked).not.toContain('end J1.1');
  await ports.advance(1);
  expect(bench.asked).toContain('end J1.1');
  await desk.step('J1.1', { type: 'exited', at: 9, usage: { signal: 'SIGTERM' } });
  expect((await readFacts()).at(-1)).toMatchObject({ outcome: 'expired', code: 'POLICY_RUN_TIME' });
  watch.stop();
});

describe('policy at the doctor', () => {
  const finding: Finding = {
    ...{ id: 'work-leftovers', severity: 'warning', seen: 's', wanted: 'w', advice: 'a' },
    fixable: 'anywhere',
  };

  async function ask(text: string): Promise<readonly unknown[]> {
    const modes: unknown[] = [];
    const { policies } = openPoliciesInHand(text);
    const send = (frame: OwnerFrame) =>
      modes.push(frame.t === 'doctor' ? frame.findings[0]?.failure : frame.t);
    const diagnose = async ({ mode }: { readonly mode: string }) => {
      modes.push(mode);
      return { findings: [finding], fixed: [] };
    };
    const parts = { diagnose, send, policies, noticed: () => undefined };
    await answerDoctor({ t: 'doctor-ask', id: 1, fix: true }, parts);
    return modes;
  }

  test('a fix from afar that is not allowed is not applied, and each finding says why', async () => {
    expect(await ask('[work]\nkinds = ["command"]')).toEqual([
      'look',
      'Not applied: policy.toml: work.kinds = ["command"] does not have "fix". [POLICY_KIND]',
    ]);
    expect(await ask('[work]\nkinds = ["fix"]')).toEqual(['fix-safe', undefined]);
  });
});

test('policy told: at each link, and when it has changed, once', async () => {
  const { policies, write } = openPoliciesInHand('[work]\nconcurrency = 2');
  const said: unknown[] = [];
  const teller = new PolicyTeller({ policies, send: (frame) => said.push(frame) });
  teller.linked();
  teller.look();
  write('[work');
  teller.look();
  teller.look();
  teller.linked();
  await settle();
  expect(said).toMatchObject([
    { t: 'policy', is: 'ruled', lines: ['at once: at most 2 jobs'] },
    {
      t: 'policy',
      is: 'broken',
      lines: [expect.stringContaining('no work is taken: policy.toml')],
    },
    { t: 'policy', is: 'broken' },
  ]);
});

describe('policy in directories', () => {
  test('a link out of a root leads nowhere, a link into one does', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wally-roots-'));
    mkdirSync(join(root, 'in'));
    mkdirSync(join(root, 'out'));
    symlinkSync(join(root, 'out'), join(root, 'in', 'escape'));
    symlinkSync(join(root, 'in'), join(root, 'out', 'way-in'));
    const { policies: rules } = openPoliciesInHand(`[directories]\nroots = ["${root}/in"]`);
    const looks = new DirectoryLooks(openSystemPorts().timers);
    const box = { home: root, looks, rules };
    const refused = { code: 'POLICY_DIRECTORY' };
    await expect(requireDirectory(join(root, 'in', 'escape'), box)).rejects.toMatchObject(refused);
    await expect(requireDirectory(join(root, 'in', '..', 'out'), box)).rejects.toMatchObject(
      refused,
    );
    await expect(requireDirectory('~', box)).rejects.toMatchObject(refused);
    expect(await requireDirectory(join(root, 'out', 'way-in'), box)).toBe(join(root, 'in'));
    rmSync(root, { recursive: true });
  });

  test('roots: a dead one is not waited for where another is above by name, and is above nothing', async () => {
    const { policies } = openPoliciesInHand('[directories]\nroots = ["/dead", "/way", "/srv"]');
    const asked: string[] = [];
    const resolve = async (path: string) => {
      asked.push(path);
      if (path === '/dead') return undefined;
      return path === '/way' ? '/real' : path;
    };
    expect(await policies.findDirectoryRefusal('/srv/work', resolve)).toBeUndefined();
    expect(asked).toEqual(['/srv']);
    expect(await policies.findDirectoryRefusal('/real/work', resolve)).toBeUndefined();
    for (const path of ['/dead/work', '/srvx', '/way/work']) {
      const refused = await policies.findDirectoryRefusal(path, resolve);
      expect(refused).toMatchObject({ code: 'POLICY_DIRECTORY' });
    }
  });

  test('a file that may not leave is named with the code, and the others come', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wally-files-'));
    writeFileSync(join(root, 'a.txt'), 'a');
    writeFileSync(join(root, 'key.pem'), 'k');
    const { policies: rules } = openPoliciesInHand('[artifacts]\ndeny = ["*.pem"]');
    const globs = new GlobThreads(openSystemPorts().timers);
    const { found, missed } = await findArtifacts(
      { directory: root, patterns: ['*'], globs },
      rules,
    );
    expect(found.map(({ path }) => path)).toEqual(['a.txt']);
    expect(missed).toEqual([{ path: 'key.pem', code: 'POLICY_ARTIFACT' }]);
    rmSync(root, { recursive: true });
  });
});
