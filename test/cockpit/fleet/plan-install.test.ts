/*
 * The plan of an install, from what is known of a box: what is done, what is skipped, what is refused.
 */
import { describe, expect, test } from 'vitest';
import { planInstall, type Survey } from '../../../cockpit/fleet/plan-install.ts';
import type { BoxFacts } from '../../../cockpit/fleet/probe.ts';
import { alice, makeWorker } from '../hub/hub-bench.ts';

const hub = '99'.repeat(32);
const version = '0.2.0-bbbbbbbbbbbb';
const former = '0.1.0-aaaaaaaaaaaa';
const runtime = 'node-24.1.0-linux-x64';
const mib = 2 ** 20;

const box: BoxFacts = {
  ...{ platform: 'linux-x64', hostname: 'build7', user: 'me', home: '/srv/me/.odally' },
  ...{ libc: 'glibc 2.36', node: undefined, nodeVersion: '', keeps: 'systemd', current: undefined },
  ...{ there: [], pairing: '', freeBytes: 10_000 * mib },
};

function plan(facts: Partial<BoxFacts> = {}, survey: Partial<Survey> = {}) {
  return planInstall({
    ...{ facts: { ...box, ...facts }, version, runtime, hub, name: undefined },
    sizes: { version: 4 * mib, runtime: 121 * mib },
    workers: [makeWorker(alice, 'alice', { formerNames: ['anna'], lastSeenAt: 5 })],
    ...survey,
  });
}

const pairing = (name: string, of = hub) => JSON.stringify({ hub: of, name });
const installed = { there: [`versions/${version}`, `runtime/${runtime}`], current: version };

/** Steps that are skipped. */
const doneIn = ({ steps }: ReturnType<typeof plan>) =>
  steps.filter(({ isDone }) => isDone).map(({ step }) => step);

const refusal = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe('plan: what is done', () => {
  test('plan: a fresh box gets everything, in one order', () => {
    const { steps, worker, keepsVersion } = plan();
    expect(steps.map(({ step }) => step)).toEqual([
      ...['probe', 'runtime', 'agent', 'pairing', 'service', 'link', 'doctor'],
    ]);
    expect(doneIn(plan())).toEqual([]);
    expect([worker, keepsVersion]).toEqual([undefined, undefined]);
    expect(steps[1]?.words).toBe(`bring ${runtime}, 121 MiB`);
  });

  test('plan: what is there is skipped, each for itself', () => {
    expect(doneIn(plan({ node: '/usr/bin/node', nodeVersion: '24.1.0' }))).toEqual(['runtime']);
    expect(doneIn(plan({ there: [`runtime/${runtime}`] }))).toEqual(['runtime']);
    expect(doneIn(plan({ there: [`versions/${version}`] }))).toEqual([]);
    expect(doneIn(plan(installed))).toEqual(['runtime', 'agent']);
    const whole = plan({ ...installed, pairing: pairing('alice') });
    expect(doneIn(whole)).toEqual(['runtime', 'agent', 'pairing']);
    expect(whole.worker?.name).toBe('alice');
  });

  test('plan: a box that is paired stays with the version that it has; an upgrade is another verb', () => {
    const there = [`versions/${former}`];
    const kept = plan({ there, current: former, pairing: pairing('alice') });
    expect(kept.keepsVersion).toBe(former);
    expect(doneIn(kept)).toEqual(['runtime', 'agent', 'pairing']);
    expect(kept.steps[2]?.words).toContain('wally upgrade');
    const unpaired = plan({ there, current: former });
    expect(unpaired.keepsVersion).toBeUndefined();
    expect(doneIn(unpaired)).toEqual([]);
  });

  test('plan: the box is known by any name that it bore, and not once it was revoked', () => {
    expect(plan({ pairing: pairing('anna') }).worker?.name).toBe('alice');
    expect(plan({ pairing: pairing('zoe') }).worker).toBeUndefined();
    const workers = [makeWorker(alice, 'alice', { revokedAt: 5 })];
    const revoked = plan({ pairing: pairing('alice') }, { workers });
    expect(revoked.worker).toBeUndefined();
    expect(doneIn(revoked)).toEqual([]);
  });

  test.each([
    ['systemd', /systemd --user/],
    ['launchd', /launchd/],
    ['cron', /at boot by cron/],
    ['nothing', /nothing there starts it at boot/],
  ] as const)('plan: with %s it says who keeps it up', (keeps, words) => {
    expect(plan({ keeps }).steps[4]?.words).toMatch(words);
  });
});

describe('plan: what is refused before anything is sent', () => {
  test('plan: another hub’s box', () => {
    expect(refusal(() => plan({ pairing: pairing('x', 'ff') }))).toBe('PAIR_EXISTS');
    expect(refusal(() => plan({ pairing: '{half' }))).toBe('PAIR_EXISTS');
  });

  test('plan: a name that is another’s, was another’s, or is none', () => {
    expect(refusal(() => plan({}, { name: 'bob' }))).toBeUndefined();
    expect(refusal(() => plan({}, { name: 'alice' }))).toBe('WORKER_NAME_TAKEN');
    expect(refusal(() => plan({}, { name: 'anna' }))).toBe('WORKER_NAME_TAKEN');
    expect(refusal(() => plan({}, { name: 'Al ice' }))).toBe('WORKER_NAME');
  });

  test('plan: a name that this box was given, and never heard of, is its own; another box’s is not', () => {
    const workers = [makeWorker(alice, 'alice', { host: 'build7', lastSeenAt: null })];
    expect(refusal(() => plan({}, { workers, name: 'alice' }))).toBeUndefined();
    const other = { hostname: 'build8' };
    expect(refusal(() => plan(other, { workers, name: 'alice' }))).toBe('WORKER_NAME_TAKEN');
    const revoked = workers.map((one) => ({ ...one, revokedAt: 5 }));
    expect(refusal(() => plan({}, { workers: revoked, name: 'alice' }))).toBe('WORKER_NAME_TAKEN');
  });

  test('plan: another name for a box that has one; its own is no other', () => {
    const facts = { pairing: pairing('alice') };
    expect(refusal(() => plan(facts, { name: 'alice' }))).toBeUndefined();
    expect(refusal(() => plan(facts, { name: 'bob' }))).toBe('INSTALL_NAME');
  });

  test('plan: too little room for what must be sent, and for the agent itself', () => {
    expect(refusal(() => plan({ freeBytes: 252 * mib }))).toBe('INSTALL_DISK');
    expect(refusal(() => plan({ freeBytes: 253 * mib }))).toBeUndefined();
    expect(refusal(() => plan({ ...installed, freeBytes: 128 * mib }))).toBeUndefined();
    expect(refusal(() => plan({ ...installed, freeBytes: 127 * mib }))).toBe('INSTALL_DISK');
    expect(refusal(() => plan({ freeBytes: Number.NaN }))).toBeUndefined();
  });
});
