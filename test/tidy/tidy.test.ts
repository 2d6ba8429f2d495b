/*
 * The repository held against STYLE.md and the layer table of DESIGN.md.
 *
 * Each test is one rule over all files, and its failure lists every place with what to do there.
 * That the rules can fail is shown in rules.test.ts.
 */
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { errorTable } from '../../protocol/errors.ts';
import { findBannedCalls } from './banned.ts';
import { findMissingDocstrings, findMissingHeaders } from './documents.ts';
import { findCodeGaps } from './error-codes.ts';
import { findLayerBreaches, findUndeclared } from './layers.ts';
import { findMachineTraces, readTextFiles } from './machine-traces.ts';
import { findOrphans } from './orphans.ts';
import { findShapes } from './shapes.ts';
import { findOversize } from './sizes.ts';
import { type Finding, readSources, root } from './source.ts';

const sources = readSources();

test('tidy: every source file is read', () => {
  expect(sources.map((source) => source.path)).toContain('protocol/errors.ts');
});

test('tidy: imports keep to the layer table', () => {
  expectNone(findLayerBreaches(sources));
});

test('tidy: every imported package is in package.json', () => {
  const { dependencies, devDependencies } = manifest;
  expectNone(findUndeclared(sources, Object.keys({ ...dependencies, ...devDependencies })));
});

test('tidy: only ports.ts touches the world', () => {
  expectNone(findBannedCalls(sources));
});

test('tidy: functions and files are short', () => {
  expectNone(findOversize(sources));
});

test('tidy: every file opens with a header', () => {
  expectNone(findMissingHeaders(sources));
});

test('tidy: every export has a docstring', () => {
  expectNone(findMissingDocstrings(sources));
});

test('tidy: shapes and names that we do not use do not appear', () => {
  expectNone(findShapes(sources));
});

test('tidy: every product file is needed by a program', () => {
  expectNone(findOrphans(sources));
});

test('tidy: the error table and the source say the same codes', () => {
  expectNone(findCodeGaps(sources, Object.keys(errorTable)));
});

test('tidy: nothing names one machine or a package registry', () => {
  expectNone(findMachineTraces(readTextFiles(root)));
});

function expectNone(findings: readonly Finding[]): void {
  const lines = findings.map(({ path, line, message }) => `${path}:${line}  ${message}`);
  expect(lines.join('\n')).toBe('');
}
