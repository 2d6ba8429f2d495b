/*
 * Whom words stand for, who matches, and what a word could become.
 */
import { expect, test } from 'vitest';
import {
  completeTarget,
  matchTargets,
  readTargets,
  takeTarget,
} from '../../../../cockpit/tui/state/targets.ts';
import type { TeamRow } from '../../../../cockpit/verbs/shapes.ts';
import { worker } from '../fake-hub.ts';

const gpu = { os: 'linux', arch: 'arm64', cpus: 8, memoryBytes: 1, has: ['cuda', 'git'] };
const team: readonly TeamRow[] = [
  worker('alice', { jobs: ['J1', 'J2'] }),
  worker('bob', { state: 'lost', link: 'none', capabilities: gpu }),
  worker('carol', { state: 'revoked', link: 'none', capabilities: gpu }),
  worker('git'),
  worker('new', { capabilities: null }),
];
const field = (text: string) => ({ text, caret: text.length });

function match(text: string) {
  const { workers, ...rest } = matchTargets(readTargets(text, team), team);
  return { ...rest, names: workers.map(({ name }) => name) };
}

test('targets: names go before needs, a mark makes a need, the rest is unknown', () => {
  const kinds = readTargets('alice, git +git  linux all carol x', team).map(({ is }) => is);
  expect(kinds).toEqual(['worker', 'worker', 'need', 'need', 'all', 'unknown', 'unknown']);
});

test('targets: nobody named means all that are trusted, in the order of the hub’s choice', () => {
  expect(match('')).toEqual({
    askedCount: 4,
    names: ['git', 'new', 'alice', 'bob'],
    silentCount: 1,
    scope: 'one',
  });
});

test('targets: needs leave those that have all of them, silence is counted apart', () => {
  expect(match('+git')).toMatchObject({
    askedCount: 4,
    names: ['git', 'alice', 'bob'],
    silentCount: 1,
  });
  expect(match('+git +cuda')).toMatchObject({ names: ['bob'], silentCount: 1 });
  expect(match('+cuda +x64')).toMatchObject({ names: [], silentCount: 0 });
});

test('targets: several names, or all, are a part for each', () => {
  expect(match('alice bob')).toMatchObject({ askedCount: 2, scope: 'each' });
  expect(match('alice alice')).toMatchObject({ askedCount: 1, scope: 'one' });
  expect(match('all cuda')).toMatchObject({ names: ['bob'], scope: 'each' });
});

test('targets: a word is completed to names and needs that are not there yet', () => {
  expect(completeTarget(field('a'), team)).toEqual(['alice', 'all', '+arm64']);
  expect(completeTarget(field('alice al'), team)).toEqual(['all']);
  expect(completeTarget(field('+c'), team)).toEqual(['+cuda']);
  expect(completeTarget(field('bob'), team)).toEqual([]);
  expect(completeTarget({ text: 'alice', caret: 2 }, team)).toContain('bob');
});

test('targets: a completed word keeps what is around it', () => {
  expect(takeTarget({ text: 'x al y', caret: 4 }, 'alice')).toEqual({
    text: 'x alice y',
    caret: 8,
  });
});
