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
});
