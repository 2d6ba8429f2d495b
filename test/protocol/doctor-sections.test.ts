/*
 * Sections of a doctor: side by side, in bounded time, and none hides another.
 */
import { describe, expect, test } from 'vitest';
import type { Check, CheckArea, Severity } from '../../protocol/doctor.ts';
import { type Doctor, runDoctor } from '../../protocol/doctor-run.ts';
import {
  defineSection,
  listChecks,
  type Section,
  type SectionPlan,
} from '../../protocol/doctor-sections.ts';
import {
  examineMsMax,
  findingsMax,
  findingsOfCheckMax,
  quickSectionMsMax,
} from '../../protocol/limits.ts';
import { FakePorts, settle } from './fake-ports.ts';

type World = Set<string>;
type Plan = SectionPlan<World, readonly string[]>;

function makeCheck(id: string, fields: { severity?: Severity; area?: CheckArea } = {}) {
  const check: Check<readonly string[], World> = {
    id,
    title: `${id} holds`,
    why: 'It matters.',
    area: 'home',
    severity: 'error',
    cost: 'free',
    diagnose: (broken) =>
      broken.map((subject) => ({ subject, seen: subject, wanted: 'None.', advice: 'Mend it.' })),
    fix: {
      reach: 'anywhere',
      plan: ({ subject }) => `mends ${subject}`,
      apply: async (world, { subject }) => void world.delete(subject),
    },
    ...fields,
  };
  return check;
}

function makeSection(name: string, fields: Partial<Plan> = {}): Section<World> {
  const pace = 'quick';
  const gather = async () => [name];
  return defineSection({ name, pace, gather, checks: [makeCheck(name)], ...fields });
}

function makeDoctor(sections: readonly Section<World>[], world: World = new Set()) {
  const ports = new FakePorts();
  let openCount = 0;
  const open = async () => {
    openCount += 1;
    const close = async () => {
      openCount -= 1;
    };
    return { context: world, close };
  };
  const doctor: Doctor<World> = { sections, open, ports, noticed: () => undefined };
  return { doctor, ports, countOpen: () => openCount };
}

const never = () => new Promise<never>(() => undefined);

async function look(sections: readonly Section<World>[]) {
  const { findings } = await runDoctor(makeDoctor(sections).doctor, { mode: 'look' });
  return findings.map(({ id, subject }) => `${id} ${subject}`);
}

describe('sections of a doctor', () => {
  test('doctor-blind: a section that fails is evidence, and hides nothing that others found', async () => {
    const gather = () => Promise.reject(new Error('no such file'));
    const { doctor } = makeDoctor([makeSection('bad', { gather }), makeSection('good')]);
    const { findings } = await runDoctor(doctor, { mode: 'look' });
    expect(findings.map(({ id }) => id)).toEqual(['good', 'doctor-blind']);
    expect(findings[1]?.seen).toBe('Looking at bad failed: no such file');
  });

  test('doctor-blind: a section that never ends is given up at the deadline of all, or at its own', async () => {
    const endless = makeSection('endless', { gather: never });
    const bounded = makeSection('bounded', { gather: never, msMax: 50 });
    const { doctor, ports } = makeDoctor([endless, bounded, makeSection('good')]);
    let isOver = false;
    const report = runDoctor(doctor, { mode: 'look' }).finally(() => {
      isOver = true;
    });
    await ports.advance(examineMsMax - 1);
    expect(isOver).toBe(false);
    await ports.advance(1);
    expect((await report).findings.map(({ seen }) => seen)).toEqual([
      'good',
      `Looking at endless took longer than ${examineMsMax} ms.`,
      'Looking at bounded took longer than 50 ms.',
    ]);
    expect(ports.timerCount).toBe(0);
  });

  test('sections: slow ones begin when quick ones are done, or have had their head start', async () => {
    const begun: string[] = [];
    const note = (name: string, gather: Plan['gather']): Partial<Plan> => ({
      gather: (world) => {
        begun.push(name);
        return gather(world);
      },
    });
    const slow = makeSection('slow', { pace: 'slow', ...note('slow', async () => []) });
    await look([
      slow,
      makeSection(
        'quick',
        note('quick', async () => []),
      ),
    ]);
    expect(begun).toEqual(['quick', 'slow']);
    begun.length = 0;
    const { doctor, ports } = makeDoctor([slow, makeSection('quick', note('quick', never))]);
    const report = runDoctor(doctor, { mode: 'look' });
    await ports.advance(quickSectionMsMax - 1);
    expect(begun).toEqual(['quick']);
    await ports.advance(1);
    expect(begun).toEqual(['quick', 'slow']);
    await ports.advance(examineMsMax);
    await report;
  });

  test('sections: a slow one has what is left of the time, not a time of its own on top', async () => {
    const slow = makeSection('slow', { pace: 'slow', gather: never });
    const { doctor, ports } = makeDoctor([slow, makeSection('quick', { gather: never })]);
    const report = runDoctor(doctor, { mode: 'look' });
    await ports.advance(examineMsMax);
    await settle();
    expect((await report).findings.map(({ id }) => id)).toEqual(['doctor-blind', 'doctor-blind']);
  });

  test('sections: errors come before warnings, whatever the order of looking', async () => {
    const mild = makeSection('mild', { checks: [makeCheck('mild', { severity: 'warning' })] });
    expect(await look([mild, makeSection('grave')])).toEqual(['grave grave', 'mild mild']);
  });

  test('sections: a check with too many findings crowds out no other, error or warning', async () => {
    const many = Array.from({ length: 2 * findingsMax }, (_, n) => `part ${n}`);
    const crowd = makeSection('crowd', { gather: async () => many });
    const mild = makeSection('mild', { checks: [makeCheck('mild', { severity: 'warning' })] });
    const found = await look([crowd, makeSection('rare'), mild]);
    expect(found).toHaveLength(findingsMax);
    expect(found.slice(0, findingsOfCheckMax + 1)).toContain('crowd part 9');
    expect(found).toContain('rare rare');
    expect(found.at(-1)).toBe('mild mild');
  });

  test('sections: what the second look could not look at is not called fixed', async () => {
    const world = new Set(['a']);
    let count = 0;
    const gather = async (parts: World) => {
      count += 1;
      if (count === 2) throw new Error('gone');
      return [...parts];
    };
    const { doctor } = makeDoctor([makeSection('parts', { gather })], world);
    const { findings, fixed } = await runDoctor(doctor, { mode: 'fix' });
    expect(world.size).toBe(0);
    expect(fixed).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual(['doctor-blind']);
  });

  test('sections: of many findings all are mended, also those that there was no room to say', async () => {
    const world = new Set(Array.from({ length: 2 * findingsMax }, (_, n) => `part ${n}`));
    const gather = async (parts: World) => [...parts];
    const { doctor } = makeDoctor([makeSection('parts', { gather })], world);
    const { findings, fixed } = await runDoctor(doctor, { mode: 'fix' });
    expect({ findings, left: world.size, said: fixed.length }).toEqual({
      findings: [],
      left: 0,
      said: findingsMax,
    });
  });

  test('sections: with an area only its sections are looked at, and only its checks speak', async () => {
    let count = 0;
    const gather = async () => {
      count += 1;
      return ['x'];
    };
    const mixed = [makeCheck('one'), makeCheck('two', { area: 'store' })];
    const sections = [makeSection('mixed', { checks: mixed }), makeSection('other', { gather })];
    const { doctor } = makeDoctor(sections);
    const { findings } = await runDoctor(doctor, { mode: 'look', area: 'store' });
    expect(findings.map(({ id }) => id)).toEqual(['two']);
    expect(count).toBe(0);
  });

  test('sections: every round is closed, also one whose fix fails', async () => {
    const { fix: _fix, ...bare } = makeCheck('stuck');
    const apply = () => Promise.reject(new Error('withstood'));
    const fix = { reach: 'anywhere', plan: () => 'tries', apply } as const;
    const section = makeSection('stuck', { checks: [{ ...bare, fix }] });
    const { doctor, countOpen } = makeDoctor([section]);
    const { findings } = await runDoctor(doctor, { mode: 'fix' });
    expect(findings[0]?.failure).toContain('withstood');
    expect(countOpen()).toBe(0);
  });

  test('sections: the list names every check once, and what the doctor says of itself', () => {
    expect(listChecks([makeSection('one')])).toMatchObject([
      { id: 'one', fix: true },
      { id: 'doctor-blind', fix: false },
    ]);
  });
});
