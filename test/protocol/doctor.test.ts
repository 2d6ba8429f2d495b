/*
 * The doctor's flow: only a second diagnosis may say that something is fixed.
 */
import { describe, expect, test } from 'vitest';
import {
  type Check,
  cutFinding,
  cutReport,
  type DoctorMode,
  type Evidence,
  type Finding,
  type FindingName,
  findingSchema,
} from '../../protocol/doctor.ts';
import { type Doctor, diagnose, runDoctor } from '../../protocol/doctor-run.ts';
import { defineSection } from '../../protocol/doctor-sections.ts';
import { describeReport } from '../../protocol/doctor-text.ts';
import { encodeFrame } from '../../protocol/frames.ts';
import { findingsMax, findingTextLettersMax, frameBytesMax } from '../../protocol/limits.ts';
import { FakePorts } from './fake-ports.ts';

interface Facts {
  readonly broken: readonly string[];
}

interface World {
  readonly broken: Set<string>;
}

function evidence(subject: string): Evidence {
  return { subject, seen: `${subject} is broken.`, wanted: 'Sound.', advice: 'Mend it.' };
}

function makeCheck(fields: Partial<Check<Facts, World>> = {}): Check<Facts, World> {
  return {
    id: 'broken',
    title: 'nothing is broken',
    why: 'It would not work.',
    area: 'home',
    severity: 'error',
    cost: 'free',
    diagnose: ({ broken }) => broken.map(evidence),
    fix: {
      reach: 'anywhere',
      plan: ({ subject }) => `mends ${subject}`,
      apply: async ({ broken }, { subject }) => void broken.delete(subject),
    },
    ...fields,
  };
}

function makeDoctor(check: Check<Facts, World>, ...broken: readonly string[]) {
  const world = { broken: new Set(broken) };
  const lines: string[] = [];
  let gatherCount = 0;
  let openCount = 0;
  const section = (...checks: readonly Check<Facts, World>[]) =>
    defineSection({
      name: 'parts',
      pace: 'quick',
      gather: async (context: World): Promise<Facts> => {
        gatherCount += 1;
        return { broken: [...context.broken] };
      },
      checks,
    });
  const open = async () => {
    openCount += 1;
    const close = async () => {
      openCount -= 1;
    };
    return { context: world, close };
  };
  const noticed = (line: string) => lines.push(line);
  const doctor: Doctor<World> = {
    sections: [section(check)],
    open,
    ports: new FakePorts(),
    noticed,
  };
  return { doctor, section, world, lines, count: () => gatherCount, countOpen: () => openCount };
}

function run(doctor: Doctor<World>, mode: DoctorMode, only?: FindingName) {
  return runDoctor(doctor, { mode, ...(only === undefined ? {} : { only }) });
}

const found = (subject: string): Finding => ({
  id: 'broken',
  severity: 'error',
  seen: `${subject} is broken.`,
  wanted: 'Sound.',
  advice: `Mend it. --fix: mends ${subject}`,
  title: 'nothing is broken',
  why: 'It would not work.',
  area: 'home',
  subject,
  plan: `mends ${subject}`,
  fixable: 'anywhere',
});

describe('doctor', () => {
  test('doctor: a look gathers once and changes nothing', async () => {
    const { doctor, world, count } = makeDoctor(makeCheck(), 'a', 'b');
    expect(await run(doctor, 'look')).toEqual({
      findings: [found('a'), found('b')],
      fixed: [],
    });
    expect(count()).toBe(1);
    expect([...world.broken]).toEqual(['a', 'b']);
  });

  test('doctor: what a fix mended is fixed once the second diagnosis does not find it', async () => {
    const { doctor, lines, count } = makeDoctor(makeCheck(), 'a');
    expect(await run(doctor, 'fix')).toEqual({ findings: [], fixed: [found('a')] });
    expect(count()).toBe(2);
    expect(lines).toEqual(['doctor: broken: mends a']);
  });

  test('doctor: a fix that does nothing, or throws, leaves its finding and fixes nothing', async () => {
    const plan = () => 'tries';
    const idle = makeCheck({ fix: { reach: 'anywhere', plan, apply: async () => undefined } });
    const report = await run(makeDoctor(idle, 'a').doctor, 'fix');
    expect(report).toMatchObject({ findings: [{ id: 'broken' }], fixed: [] });
    const apply = () => Promise.reject(new Error('withstood'));
    const { doctor, lines } = makeDoctor(
      makeCheck({ fix: { reach: 'anywhere', plan, apply } }),
      'a',
    );
    expect(await run(doctor, 'fix')).toMatchObject({
      findings: [{ id: 'broken' }],
      fixed: [],
    });
    expect(lines.join('\n')).toContain('withstood');
  });

  test('doctor: what vanished by itself, without a fix, is not called fixed', async () => {
    const { fix: _fix, ...bare } = makeCheck();
    const { doctor, world } = makeDoctor(bare, 'a');
    const report = run(doctor, 'fix');
    world.broken.clear();
    expect((await report).fixed).toEqual([]);
  });

  test('doctor: what a fix broke instead is found', async () => {
    const apply = async ({ broken }: World, { subject }: Evidence) => {
      broken.delete(subject);
      broken.add('c');
    };
    const check = makeCheck({ fix: { reach: 'anywhere', plan: () => 'tries', apply } });
    const report = await run(makeDoctor(check, 'a').doctor, 'fix');
    expect(report.findings.map(({ seen }) => seen)).toEqual(['c is broken.']);
    expect(report.fixed.map(({ seen }) => seen)).toEqual(['a is broken.']);
  });

  test('doctor: a fix for this box only is not applied for somebody afar', async () => {
    const apply = async ({ broken }: World) => broken.clear();
    const check = makeCheck({ fix: { reach: 'here', plan: () => 'ends it', apply } });
    const { doctor, world } = makeDoctor(check, 'a');
    expect((await run(doctor, 'fix-safe')).fixed).toEqual([]);
    expect(world.broken.size).toBe(1);
    expect((await run(doctor, 'fix')).fixed).toHaveLength(1);
  });

  test('doctor: one finding is mended alone, by its check and its subject', async () => {
    const { doctor, world } = makeDoctor(makeCheck(), 'a', 'b');
    const other = { id: 'other', subject: 'a' };
    expect((await run(doctor, 'fix', other)).fixed).toEqual([]);
    const report = await run(doctor, 'fix', { id: 'broken', subject: 'b' });
    expect(report).toEqual({ findings: [found('a')], fixed: [found('b')] });
    expect([...world.broken]).toEqual(['a']);
    expect((await run(doctor, 'fix', { id: 'broken' })).fixed).toEqual([found('a')]);
  });

  test('doctor: a finding that stood after its fix says what became of it', async () => {
    const plan = () => 'tries';
    const reach = 'anywhere' as const;
    const idle = makeCheck({ fix: { reach, plan, apply: async () => undefined } });
    const [stood] = (await run(makeDoctor(idle, 'a').doctor, 'fix')).findings;
    expect(stood?.failure).toBe('Its fix went through, and it is still there.');
    const apply = () => Promise.reject(new Error('withstood'));
    const bad = makeCheck({ fix: { reach, plan, apply } });
    const [thrown] = (await run(makeDoctor(bad, 'a').doctor, 'fix')).findings;
    expect(thrown?.failure).toContain('withstood');
    const [looked] = (await run(makeDoctor(bad, 'a').doctor, 'look')).findings;
    expect(looked).not.toHaveProperty('failure');
  });

  test('doctor: checks over a snapshot alone find the same', () => {
    expect(diagnose([makeCheck()], { broken: ['a'] })).toEqual([found('a')]);
  });

  test('doctor: the longest report that there can be fits a frame', () => {
    const text = '漢'.repeat(2 * findingTextLettersMax);
    const long = { ...found(text), seen: text, wanted: text, advice: text, failure: text };
    const many = Array.from({ length: findingsMax }, () => long);
    const cut = cutReport({ findings: many, fixed: many });
    expect(encodeFrame({ t: 'doctor', id: 1, ...cut }).length).toBeLessThan(frameBytesMax);
    expect(cut.findings.length).toBeGreaterThan(10);
    expect(cutReport({ findings: [found('a')], fixed: [found('b')] }).fixed).toEqual([
      expect.objectContaining({ id: 'broken', seen: 'b is broken.' }),
    ]);
  });

  test('doctor: a check that breaks is a finding, and hides nothing', async () => {
    const diagnose = () => {
      throw new Error('undefined is not a function');
    };
    const { doctor, section } = makeDoctor(makeCheck(), 'a');
    const both = {
      ...doctor,
      sections: [section(makeCheck({ id: 'bad', diagnose }), makeCheck())],
    };
    const { findings } = await run(both, 'look');
    expect(findings.map(({ id }) => id)).toEqual(['bad', 'broken']);
  });

  test('doctor: a finding that travels is cut, and loses its control characters', () => {
    const long = { ...found('a'), severity: 'error' as const, seen: 'x'.repeat(10_000) };
    expect(findingSchema.parse(cutFinding(long)).seen).toHaveLength(findingTextLettersMax);
    const evil = { ...cutFinding(long), seen: '\u001b[2Jx', severity: 'apocalyptic' };
    expect(findingSchema.parse(evil)).toMatchObject({ seen: ' [2Jx', severity: 'error' });
  });

  test('doctor: people read what was found, what is wanted, and what was fixed', () => {
    const finding = { ...found('a'), severity: 'error' as const, worker: 'alice' };
    const text = describeReport({ findings: [finding], fixed: [] }, 'Wally');
    expect(text).toContain('broken (alice): a is broken.');
    expect(text).toContain('wanted: Sound. Mend it.');
    expect(describeReport({ findings: [], fixed: [finding] }, 'Wally')).toBe(
      'fixed    broken (alice): a is broken.\nNothing is wrong with Wally.',
    );
  });

  test('doctor: people read why a fix did not help', () => {
    const failed = { ...found('a'), failure: 'Its fix failed: EPERM.' };
    expect(
      describeReport({ findings: [failed], fixed: [] }, 'Wally')
        .split('\n')
        .at(-1),
    ).toBe('         Its fix failed: EPERM.');
  });
});
