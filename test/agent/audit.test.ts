/*
 * What a box writes down of what its hub, and programs on it, asked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { answerAudit, parseAuditWords, readAgentAudit, showAudit } from '../../agent/audit-verb.ts';
import { findAgentHome } from '../../agent/home.ts';
import { HubAsks } from '../../agent/hub-asks.ts';
import { setAside } from '../../agent/set-aside.ts';
import { openAuditFiles } from '../../store/audit-files.ts';
import type { AuditRow } from '../../store/audit-list.ts';
import { type AuditTrail, openAuditTrail } from '../../store/audit-trail.ts';
import { Committer } from '../../store/committer.ts';
import { openStore } from '../../store/format.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { openLevelKv } from '../../store/open.ts';
import { FakePorts } from '../protocol/fake-ports.ts';
import { assign, cancel, openBench } from './desk-bench.ts';

const policy = { keepMs: 1e12, bytesMax: 1e12 };
const hub = 'ab'.repeat(32);
let directory: string | undefined;

afterEach(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true });
  directory = undefined;
});

async function openTrail(ports: FakePorts): Promise<AuditTrail> {
  directory = mkdtempSync(join(tmpdir(), 'odally-audit-'));
  const kv = await openMemoryKv(instantDisk());
  const identity = await openStore(kv, ports.random);
  const seal = () => trail.seal();
  const committer = new Committer({ kv, ports, seal, onFailure: () => undefined });
  const port = openAuditFiles(join(directory, 'audit'));
  const parts = { kv, port, policy, ports, noticed: () => undefined, committer: () => committer };
  const trail: AuditTrail = await openAuditTrail(parts, identity);
  return trail;
}

function describeRows(rows: readonly AuditRow[]): readonly string[] {
  return rows.map(({ who, surface, verb, about, result }) =>
    [who, surface, verb, about ?? '-', result ?? 'open'].join(' '),
  );
}

test('audit: a desk tells of every command it takes, refuses or cannot read', async () => {
  const bench = await openBench();
  await bench.take(assign('J1.1'));
  await bench.take(cancel('J1.1'), cancel('J9.1'));
  bench.refusal.code = 'DISK_LOW';
  await bench.take(assign('J2.1'));
  expect(bench.taken).toEqual([
    'assign J1.1 done',
    'cancel J1.1 done',
    'cancel J9.1 JOB_UNKNOWN',
    'assign J2.1 DISK_LOW',
  ]);
});

test('audit: terminals and fixes of the hub are written down with what came of them', async () => {
  const ports = new FakePorts();
  const trail = await openTrail(ports);
  const asks = new HubAsks(trail, hub);
  const open = { t: 'terminal-open', columns: 80, rows: 24, term: 'xterm' } as const;
  asks.asked({ ...open, id: 1, directory: '/srv' });
  asks.asked({ ...open, id: 2 });
  asks.asked({ t: 'doctor-ask', id: 1, fix: true });
  asks.asked({ t: 'doctor-ask', id: 2, fix: false });
  asks.answered({ t: 'terminal-opened', id: 1, directory: '/srv' });
  asks.answered({ t: 'terminal-end', id: 1, at: 9 });
  asks.answered({ t: 'terminal-end', id: 2, at: 0, code: 'TERMINAL_REFUSED', message: 'no' });
  await ports.advance(2000);
  const ask = parseAuditWords(['--surface', 'hub'], ports.clock);
  expect(describeRows((await answerAudit(trail, ask)) as readonly AuditRow[])).toEqual([
    'hub abababab hub terminal - done',
    'hub abababab hub terminal - TERMINAL_REFUSED',
    'hub abababab hub doctor --fix - open',
  ]);
  const proof = await answerAudit(trail, parseAuditWords(['--verify'], ports.clock));
  expect(proof).toMatchObject({ isWhole: true, tail: trail.tail });
  expect(showAudit(proof)).toContain('The trail is whole');
});

test('audit: a home that pairs anew keeps its trail, in files and in the new store', async () => {
  directory = mkdtempSync(join(tmpdir(), 'odally-audit-'));
  const home = findAgentHome(join(directory, 'home'));
  const ports = new FakePorts();
  const run = async (verb: string) => {
    const kv = await openLevelKv(home.store);
    const identity = await openStore(kv, ports.random);
    const seal = () => trail.seal();
    const committer = new Committer({ kv, ports, seal, onFailure: () => undefined });
    const parts = { kv, policy, ports, noticed: () => undefined, committer: () => committer };
    const trail: AuditTrail = await openAuditTrail(
      { ...parts, port: openAuditFiles(home.audit) },
      identity,
    );
    await trail.write({ who: 'hub', surface: 'hub', verb }).done;
    return { kv, trail };
  };
  const first = await run('assign');
  await setAside({ home, kv: first.kv, ports, noticed: () => undefined });
  const second = await run('cancel');
  await second.kv.close();
  const ask = parseAuditWords([], ports.clock);
  const rows = (await readAgentAudit(home, ask)) as readonly AuditRow[];
  expect(rows.map(({ verb }) => verb)).toEqual([
    'new store',
    'assign',
    'join',
    'new store',
    'cancel',
  ]);
  const proof = await readAgentAudit(home, parseAuditWords(['--verify'], ports.clock));
  expect(proof).toMatchObject({ isWhole: true, entries: 5 });
});

test('audit: what is no flag, no number and no instant is refused by name', () => {
  const { clock } = new FakePorts();
  for (const words of [
    ['--nope'],
    ['--limit', '0'],
    ['--since', 'never'],
    ['--noted', 'x'],
    ['x'],
  ]) {
    expect(() => parseAuditWords(words, clock)).toThrow(/^audit: /);
  }
});
