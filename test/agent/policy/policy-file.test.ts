/*
 * The file: read as it is at each look, and never taken for none when it is there.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PolicyState } from '../../../agent/policy/policy.ts';
import { openPolicyFile, type PolicySource } from '../../../agent/policy/policy-file.ts';

let root: string;
let file: string;
let changes: PolicyState['is'][];
let source: PolicySource;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wally-policy-'));
  file = join(root, 'policy.toml');
  changes = [];
  source = openPolicyFile(file, root, ({ is }) => changes.push(is));
});

afterEach(() => rmSync(root, { recursive: true }));

function concurrency(): number | undefined {
  const state = source.look();
  return state.is === 'ruled' ? state.policy.work.concurrency : undefined;
}

test('policy file: none forbids nothing; made, changed, replaced and removed, each is seen', () => {
  expect(source.look()).toEqual({ is: 'open' });
  writeFileSync(file, '[work]\nconcurrency = 1\n');
  expect(concurrency()).toBe(1);
  writeFileSync(file, '[work]\nconcurrency = 2\n');
  expect(concurrency()).toBe(2);
  writeFileSync(`${file}.new`, '[work]\nconcurrency = 3\n');
  renameSync(`${file}.new`, file);
  expect(concurrency()).toBe(3);
  rmSync(file);
  expect(source.look()).toEqual({ is: 'open' });
  expect(changes).toEqual(['ruled', 'ruled', 'ruled', 'open']);
});

test('policy file: unchanged, it is the same state at every look', () => {
  writeFileSync(file, '');
  expect(source.look()).toBe(source.look());
  expect(changes).toEqual([]);
});

test('policy file: one that is damaged, a folder, a link into nothing or too large is broken', () => {
  writeFileSync(file, 'kinds');
  expect(source.look()).toMatchObject({ is: 'broken', error: { code: 'POLICY_BROKEN' } });
  rmSync(file);
  mkdirSync(file);
  expect(source.look()).toMatchObject({ is: 'broken' });
  rmSync(file, { recursive: true });
  symlinkSync(join(root, 'nowhere'), file);
  expect(source.look()).toMatchObject({ is: 'broken' });
  rmSync(file);
  writeFileSync(file, '#'.repeat(300_000));
  expect(source.look()).toMatchObject({ is: 'broken' });
});

test('policy file: its roots are told by name, without a look at what they are', () => {
  writeFileSync(file, '[directories]\nroots = ["~/link", "/none/such"]\n');
  expect(source.listRoots()).toEqual([join(root, 'link'), '/none/such']);
  writeFileSync(file, '');
  expect(source.listRoots()).toBeUndefined();
  chmodSync(file, 0o600);
  expect(source.look()).toMatchObject({ is: 'ruled' });
});
