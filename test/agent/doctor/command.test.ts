/*
 * `odally doctor` as a command line, on a home whose agent is gone or answers.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DoctorCommandParts, runDoctorCommand } from '../../../agent/doctor/command.ts';
import { openDoctor } from '../../../agent/doctor/doctor.ts';
import { parseWish } from '../../../agent/doctor/wish.ts';
import { type AgentHome, findAgentHome } from '../../../agent/home.ts';
import { serveControl } from '../../../protocol/control.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import type { DoctorAnswer, DoctorWish } from '../../../protocol/doctor.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { noService } from '../../kit/no-service.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { createDirectory } from '../../store/place.ts';

const ports = openSystemPorts();
let home: AgentHome;
let remove: () => Promise<void>;
let printed: string[];
let parts: DoctorCommandParts;

beforeEach(async () => {
  const place = await createDirectory();
  remove = place.remove;
  home = findAgentHome(place.path);
  await chmod(home.directory, 0o755);
  printed = [];
  parts = {
    home: home.directory,
    print: (text) => void printed.push(text),
    timers: ports.timers,
    random: ports.random,
    box: bareBox,
    dial: () => Promise.reject(new Error('nobody')),
    diagnose: openDoctor(
      {
        home,
        live: () => undefined,
        isSilent: false,
        ports,
        box: bareBox,
        start: async () => undefined,
        service: noService,
      },
      () => undefined,
    ),
  };
});

afterEach(() => remove());

async function run(line: string) {
  printed.length = 0;
  const status = await runDoctorCommand(
    parts,
    line.split(' ').filter((word) => word !== ''),
  );
  return { status, text: printed.join('\n') };
}

async function ask(line: string) {
  const { status, text } = await run(`${line} --json`);
  const { findings, fixed, planned } = JSON.parse(text) as DoctorAnswer;
  const ids = (list: DoctorAnswer['findings'] = []) => list.map(({ id }) => id);
  return { status, findings: ids(findings), fixed: ids(fixed), planned: ids(planned) };
}

describe('odally doctor', () => {
  test('odally doctor: without an agent the home is looked at and mended from outside', async () => {
    expect(await ask('--area home')).toMatchObject({ status: 1, findings: ['home-modes'] });
    expect((await ask('')).findings).toEqual(['home-modes', 'agent-unpaired']);
    expect(await ask('--fix --area home')).toEqual({
      status: 0,
      findings: [],
      fixed: ['home-modes'],
      planned: [],
    });
  });

  test('odally doctor: a dry run says what would be done, and does nothing', async () => {
    const before = await ask('--dry-run --fix');
    expect(before).toMatchObject({ status: 1, fixed: [], planned: ['home-modes'] });
    expect((await run('--dry-run --area home')).text).toContain(
      `would    home-modes: gives ${home.directory} mode 0700.`,
    );
    expect((await ask('--area home')).findings).toContain('home-modes');
  });

  test('odally doctor: one finding alone is planned and mended by its name', async () => {
    expect((await ask('--dry-run --only home-modes:/elsewhere')).planned).toEqual([]);
    expect((await ask('--dry-run --only home-modes')).planned).toEqual(['home-modes']);
    expect((await ask('--fix --only socket-stale')).fixed).toEqual([]);
    expect((await ask(`--fix --only home-modes:${home.directory}`)).fixed).toEqual(['home-modes']);
  });

  test('odally doctor: only what is safe is mended where that is asked', async () => {
    await chmod(home.directory, 0o700);
    await mkdir(join(home.directory, 'store'));
    expect((await ask('--fix --safe --area home')).fixed).toEqual([]);
    await chmod(home.directory, 0o755);
    expect((await ask('--fix --safe --area home')).fixed).toEqual(['home-modes']);
  });

  test('odally doctor: the list can be of one area; an unknown area is refused with those that there are', async () => {
    const { status, text } = await run('--list --area store --json');
    const rows = JSON.parse(text) as readonly { readonly area: string }[];
    expect({ status, areas: new Set(rows.map(({ area }) => area)) }).toEqual({
      status: 0,
      areas: new Set(['store']),
    });
    await expect(run('--area moon')).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    await expect(run('--fix --only moon')).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    await expect(run('--moon')).rejects.toMatchObject({ code: 'USAGE_FLAG' });
    await expect(run('now')).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
  });

  test('odally doctor: an agent that runs is asked instead, with all that was wished', async () => {
    const wishes: DoctorWish[] = [];
    parts = {
      ...parts,
      dial: async () => {
        const [own, theirs] = createLinkPair('agent', 'asker');
        serveControl(theirs, async ({ verb, args }) => {
          // It is asked first whether it says anything at all.
          if (verb !== 'doctor') return {};
          wishes.push(parseWish(args));
          return { findings: [], fixed: [] };
        });
        return new ControlClient(own, 'AGENT_UNREACHABLE');
      },
    };
    expect(await ask('--fix --safe --area home --only home-modes:/x')).toMatchObject({ status: 0 });
    expect((await run('--dry-run')).text).toContain('Nothing is wrong');
    const only = { id: 'home-modes', subject: '/x' };
    expect(wishes).toEqual([{ mode: 'fix-safe', area: 'home', only }, { mode: 'look' }]);
  });

  test('odally doctor: what an older program asks over the socket is understood', () => {
    expect(parseWish({ fix: true })).toEqual({ mode: 'fix' });
    expect(parseWish(undefined)).toEqual({ mode: 'look' });
    expect(() => parseWish({ fix: 'yes' })).toThrow(/doctor/);
  });
});
