/*
 * The checks of a box's policy: each thing broken for real, found, and mended where it can be.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentScene, openAgentRound } from '../../../agent/doctor/agent-round.ts';
import { trustSection } from '../../../agent/doctor/trust-checks.ts';
import { findAgentHome } from '../../../agent/home.ts';
import { nameSharedFolder } from '../../../agent/work/shared-folder.ts';
import type { DoctorMode } from '../../../protocol/doctor.ts';
import { runDoctor } from '../../../protocol/doctor-run.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { noService } from '../../kit/no-service.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { createDirectory } from '../../store/place.ts';

const ports = openSystemPorts();
const isRoot = process.getuid?.() === 0;
let scene: AgentScene;
let remove: () => Promise<void>;

beforeEach(async () => {
  const place = await createDirectory();
  remove = place.remove;
  const start = async () => undefined;
  const service = noService;
  const home = findAgentHome(place.path);
  scene = { home, live: () => undefined, isSilent: false, ports, box: bareBox, start, service };
  chmodSync(place.path, 0o700);
  writeFileSync(scene.home.key, 'ab'.repeat(32), { mode: 0o600 });
});

afterEach(() => remove());

function write(text: string): void {
  writeFileSync(scene.home.policy, text, { mode: 0o600 });
}

async function diagnose(mode: DoctorMode = 'look') {
  const { findings, fixed } = await runDoctor(
    {
      ...{ sections: [trustSection], ports, noticed: () => undefined },
      open: () => openAgentRound(scene),
    },
    { mode },
  );
  const say = ({ id, seen }: { readonly id: string; readonly seen: string }) => `${id}: ${seen}`;
  return { findings: findings.map(say), fixed: fixed.map(({ id }) => id) };
}

test('trust: a box without a policy, and one whose policy holds, has no finding', async () => {
  expect((await diagnose()).findings).toEqual([]);
  write('[work]\nkinds = ["command"]\n[limits]\nmemory_bytes_max = 1073741824\n');
  expect((await diagnose()).findings).toEqual([]);
});

test('policy-broken: it says the line, and is gone with it', async () => {
  write('[work]\nkind = []\n');
  expect((await diagnose()).findings).toEqual([
    `policy-broken: ${scene.home.policy}: line 2, work.kind: there is no such field.`,
  ]);
  write('');
  expect((await diagnose()).findings).toEqual([]);
});

test('isolation-refused and isolation-limits: what is asked and cannot be had', async () => {
  write('[isolation]\nuser = "no-such-user"\n');
  expect((await diagnose()).findings[0]).toContain(
    'isolation-refused: policy.toml: isolation.user',
  );
  write('[isolation]\nhide_key = true\n');
  expect((await diagnose()).findings[0]).toContain('isolation.hide_key');
  write('[isolation]\nscope = false\n[limits]\ncpu_percent_max = 50\n');
  expect((await diagnose()).findings).toEqual([
    'isolation-limits: policy.toml asks for limits.cpu_percent_max, and nothing here holds it.',
  ]);
});

test('secret-short: a value of the box that cannot be hidden is named, not shown', async () => {
  scene = {
    ...scene,
    box: { ...bareBox, env: { ...bareBox.env, PIN: '12345', LONG: 'long enough' } },
  };
  write('[environment]\nsecret = ["PIN", "LONG"]\n');
  expect((await diagnose()).findings).toEqual([
    'secret-short: The value of PIN, which policy.toml calls secret, is too short to be hidden.',
  ]);
});

test.runIf(isRoot)(
  'key-in-reach: a home and a key that are open to others are closed',
  async () => {
    write('[isolation]\nuser = "nobody"\n');
    expect((await diagnose()).findings).toEqual([]);
    chmodSync(scene.home.directory, 0o755);
    // The home alone shows nothing while the key is closed.
    expect((await diagnose()).findings).toEqual([]);
    chmodSync(scene.home.key, 0o644);
    expect((await diagnose()).findings).toHaveLength(2);
    expect(await diagnose('fix')).toEqual({
      findings: [],
      fixed: ['key-in-reach', 'key-in-reach'],
    });
  },
);

test.runIf(isRoot)(
  'work-folder-foreign: a folder that others may write is moved aside',
  async () => {
    write('[isolation]\nuser = "nobody"\n');
    const folder = nameSharedFolder(scene.home.work);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, 'theirs'), '');
    expect((await diagnose()).findings[0]).toContain(`work-folder-foreign: ${folder}`);
    expect((await diagnose('fix')).fixed).toEqual(['work-folder-foreign']);
    expect(existsSync(folder)).toBe(false);
    const name = basename(folder);
    for (const left of readdirSync('/tmp').filter((each) => each.startsWith(name))) {
      rmSync(join('/tmp', left), { recursive: true });
    }
  },
);
