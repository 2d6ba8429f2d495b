/*
 * The verb `doctor` in a hub: its flags, and what it leaves in the inbox.
 */
import { chmod } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { doctorVerb } from '../../../cockpit/verbs/doctor.ts';
import { parseVerbArgs } from '../../../cockpit/verbs/verb.ts';
import type { DoctorAnswer, Finding } from '../../../protocol/doctor.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { createDirectory } from '../../store/place.ts';
import { alice } from '../hub/hub-bench.ts';
import { type HubInHand, openHubInHand } from '../hub/hub-in-hand.ts';

let hand: HubInHand;
let home: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  hand = await openHubInHand();
  ({ path: home, remove } = await createDirectory());
  await chmod(home, 0o755);
});

afterEach(async () => {
  await hand.hub.stop();
  await remove();
});

async function ask(args: Readonly<Record<string, unknown>>) {
  const context = {
    ...{ hub: hand.hub, home, pid: 1, box: bareBox, stopHub: () => undefined },
    ...{ item: async () => true, onDrop: () => undefined, onGive: () => undefined },
    settled: () => undefined,
  };
  return doctorVerb.run(context, parseVerbArgs(doctorVerb, args));
}

async function diagnose(args: Readonly<Record<string, unknown>> = {}) {
  const { findings, fixed, planned } = (await ask(args)) as DoctorAnswer;
  const ids = (list: readonly Finding[] = []) => list.map(({ id }) => id);
  return { findings: ids(findings), fixed: ids(fixed), planned: ids(planned) };
}

describe('verb doctor', () => {
  test('doctor: a dry run says what would be done, in the words of the plan, and does nothing', async () => {
    const said = (await ask({ fix: true, 'dry-run': true })) as DoctorAnswer;
    expect(said.planned?.map(({ id }) => id)).toEqual(['home-modes']);
    expect(doctorVerb.show(said, undefined as never)).toContain(
      `would    home-modes: gives ${home} mode 0700.`,
    );
    expect(doctorVerb.exit?.(said)).toBe(1);
    expect((await diagnose({ area: 'home' })).findings).toEqual(['home-modes']);
    const mended = await diagnose({ fix: true, area: 'home' });
    expect(mended).toMatchObject({ findings: [], fixed: ['home-modes'] });
  });

  test('doctor: one area alone is looked at, mended and listed', async () => {
    expect(await diagnose({ area: 'store', fix: true })).toMatchObject({ findings: [], fixed: [] });
    expect((await diagnose({ area: 'home' })).findings).toEqual(['home-modes']);
    const rows = (await ask({ list: true, area: 'home' })) as readonly { readonly area: string }[];
    expect(new Set(rows.map(({ area }) => area))).toEqual(new Set(['home']));
    const all = (await ask({ list: true })) as readonly { readonly id: string }[];
    expect(all[0]?.id).toBe('home-modes');
    expect(all.map(({ id }) => id)).toContain('agent-down');
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const agents = (await ask({ list: true, on: ['alice'] })) as typeof all;
    expect(agents.map(({ id }) => id)).not.toContain('hub-down');
    expect(() => parseVerbArgs(doctorVerb, { area: 'moon' })).toThrow(/the areas are home, config/);
  });

  test('doctor: a look at one area does not close what is asked about another', async () => {
    const failed: Finding = {
      ...{ id: 'home-modes', subject: '/gone', seen: 'x', wanted: 'y', advice: 'z' },
      ...{ severity: 'error', plan: 'tries', failure: 'Its fix failed.' },
    };
    await hand.hub.inbox.noteDiagnosis({ isWhole: true, findings: [failed] });
    await diagnose({ area: 'store' });
    expect(hand.hub.inbox.list()).toHaveLength(1);
    await diagnose();
    expect(hand.hub.inbox.list()).toHaveLength(0);
  });

  test('doctor: a fix that failed on a worker far away is asked about, and moot once it is gone', async () => {
    const peer = await hand.join(alice);
    const failed: Finding = {
      ...{ id: 'home-modes', subject: '/srv/key', seen: 'x', wanted: 'y', advice: 'z' },
      ...{ severity: 'error', plan: 'gives it mode 0600', fixable: 'anywhere' },
      failure: 'Its fix failed: not permitted.',
    };
    const mend = async (findings: Finding[]) => {
      const answer = diagnose({ on: ['alice'], fix: true });
      await hand.rest();
      const question = peer.pick('doctor-ask').at(-1);
      expect(question).toMatchObject({ fix: true });
      peer.say({ t: 'doctor', id: question?.id ?? 0, findings, fixed: [] });
      await hand.rest();
      return answer;
    };
    expect((await mend([failed])).findings).toEqual(['home-modes']);
    expect(hand.hub.inbox.list()).toMatchObject([
      { kind: 'fix-failed', on: 'alice', check: 'home-modes', reason: failed.failure },
    ]);
    // What its own doctor could not look at says nothing of what was there before.
    const blind: Finding = {
      ...{ id: 'doctor-blind', subject: 'home', seen: 'x', wanted: 'y', advice: 'z' },
      severity: 'warning',
    };
    await mend([blind]);
    expect(hand.hub.inbox.list()).toHaveLength(1);
    await mend([]);
    expect(hand.hub.inbox.list()).toEqual([]);
  });

  test('doctor: a worker is asked for one area, and what an older one says beyond it is left out', async () => {
    const peer = await hand.join(alice);
    const answer = diagnose({ on: ['alice'], area: 'store' });
    await hand.rest();
    const [question] = peer.pick('doctor-ask');
    expect(question).toMatchObject({ fix: false, area: 'store' });
    const make = (id: string, area: string): Finding => ({
      ...{ id, area, severity: 'error', seen: 'x', wanted: 'y', advice: 'z' },
    });
    const findings = [make('home-modes', 'home'), make('store-damaged', 'store')];
    peer.say({ t: 'doctor', id: question?.id ?? 0, findings, fixed: [] });
    expect((await answer).findings).toEqual(['store-damaged']);
  });
});
