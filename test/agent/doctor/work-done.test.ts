/*
 * What a whole look costs, counted and not timed: it must not grow with what is sound.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agentSections } from '../../../agent/doctor/agent-sections.ts';
import { openDoctor } from '../../../agent/doctor/doctor.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Kv } from '../../../store/kv.ts';
import { noService } from '../../kit/no-service.ts';
import { openAgentPatient } from './agent-patient.ts';

/** Reads of rows in a look at a sound agent: the format, what is held, what waits, what was set aside, the trail. */
const readsMax = 14;

test('work: a look runs no program but those that are asked for, and reads a few rows', async () => {
  const patient = await openAgentPatient();
  const asked: string[] = [];
  let reads = 0;
  const count = (kv: Kv): Kv => ({
    get: (key) => {
      reads += 1;
      return kv.get(key);
    },
    range: (range) => {
      reads += 1;
      return kv.range(range);
    },
    batch: (ops, durability) => kv.batch(ops, durability),
    snapshot: () => kv.snapshot(),
    close: () => kv.close(),
  });
  // A hundred jobs that are held, each with its log, are sound and cost nothing more.
  const held = Array.from({ length: 100 }, (_, index) => ({
    attempt: `J${index + 1}.1` as const,
    state: 'finished' as const,
  }));
  for (const { attempt } of held) {
    await mkdir(join(patient.home.logs, attempt), { recursive: true });
    await writeFile(join(patient.home.logs, attempt, '0000000000000000.log'), '');
  }
  const { live } = patient;
  const diagnose = openDoctor(
    {
      home: patient.home,
      ports: openSystemPorts(),
      live: () => (live === undefined ? undefined : { ...live, kv: count(live.kv), held }),
      isSilent: false,
      service: noService,
      start: async () => undefined,
      box: {
        ...{ env: {}, pid: process.pid, proc: '/proc' },
        run: async ([program]) => {
          asked.push(program);
          return undefined;
        },
      },
    },
    () => undefined,
  );
  expect(await diagnose({ mode: 'look' })).toEqual({ findings: [], fixed: [] });
  expect(asked).toEqual(['timedatectl']);
  expect(reads).toBeLessThanOrEqual(readsMax);
  await patient.close();
});

test('work: what runs programs, waits or walks is slow, so that the rest is never behind it', () => {
  const walking = agentSections.filter(({ checks }) => checks.some(({ cost }) => cost === 'walks'));
  expect(walking.filter(({ pace }) => pace !== 'slow').map(({ name }) => name)).toEqual([]);
});
