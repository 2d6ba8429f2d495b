/*
 * The checks of what a hub's rows, copies and waiting lists say, each broken in a hub that runs.
 */
import { lstat, mkdir, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  cockpitUnseenMs,
  decisionWaitMs,
  inviteUnusedMs,
  overdueMsMax,
  queuedAloneMs,
  unansweredMs,
} from '../../../../cockpit/hub/doctor/limits.ts';
import { logsBytesMaxDefault } from '../../../../cockpit/hub/keep-limits.ts';
import { nextJobKey } from '../../../../cockpit/hub/next-job.ts';
import type { JobId } from '../../../../protocol/model.ts';
import {
  activeJobKey,
  endedJobKey,
  jobKey,
  markedKey,
  openDecisionKey,
} from '../../../../store/keys.ts';
import { findRow, planRow } from '../../../../store/row-codec.ts';
import { type Trial, tryChecks } from '../../../kit/doctor-trial.ts';
import { alice, bob, makeJob, spec } from '../hub-bench.ts';
import { type HubPatient, openHubPatient } from './hub-patient.ts';

const mark = new Uint8Array([1]);
const silence = { reason: 'Silence.', cause: 'silence' } as const;

function put({ hub }: HubPatient, ...keys: readonly string[]): Promise<void> {
  const ops = keys.map((key) => ({ type: 'put', key, value: mark }) as const);
  return hub.kv.batch(ops, 'synced');
}

function del({ hub }: HubPatient, key: string): Promise<void> {
  return hub.kv.batch([{ type: 'del', key }], 'synced');
}

/** A folder of copies in the home, as old as two hours. */
async function leaveCopy(folder: string, attempt: string, file: string): Promise<void> {
  const path = join(folder, attempt);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, file), 'output');
  for (const one of [join(path, file), path]) await age(one);
}

async function age(path: string): Promise<void> {
  // The hub's clock in these tests is that of FakePorts, far ahead.
  await utimes(path, 1_700_000_000, 1_700_000_000);
}

/** A job of alice's that is lost, and so is asked about. */
async function loseJob({ hub }: HubPatient): Promise<JobId> {
  const { id } = await hub.desk.dispatch(makeJob([alice]));
  await hub.desk.declareLost({ id, n: 1 }, silence);
  return id;
}

const trials: Record<string, Trial<HubPatient>> = {
  'rows-orphaned': {
    breaks: async (patient) => {
      await put(patient, activeJobKey('J7'), endedJobKey(5, 'J8'), openDecisionKey(9));
      // Many jobs in a row of the order of ends, of which one at least is there, and of which none is.
      const { id } = await patient.hub.desk.dispatch(makeJob([alice]));
      const number = Number(id.slice(1));
      const rows = [
        planRow(endedJobKey(6, 'J90'), [number, 89, 90]),
        planRow(endedJobKey(7, 'J91'), [88, 91]),
      ];
      await patient.hub.kv.batch(rows, 'synced');
    },
    seen: /1 rows that mark jobs that have not ended are about none: ja\/0*7/,
    fix: 'anywhere',
    after: ({ countRows }) =>
      expect(['ja/', 'je/', 'da/'].map((table) => countRows(table))).toEqual([0, 1, 0]),
  },
  'job-unmarked': {
    breaks: async (patient) => {
      const { id } = await patient.hub.desk.dispatch(makeJob([alice]));
      await patient.hub.kv.batch([planRow(markedKey, Number(id.slice(1)))], 'synced');
    },
    seen: /J1 has not ended, and is not among those/,
    fix: 'anywhere',
    after: async ({ hub }) => expect((await hub.desk.get('J1')).id).toBe('J1'),
  },
  'job-mismarked': {
    breaks: async (patient) => put(patient, activeJobKey(await loseJob(patient))),
    seen: /J1 has ended, and is among those that have not/,
    fix: 'anywhere',
    after: async ({ hub }) => expect((await hub.desk.get('J1')).id).toBe('J1'),
  },
  'decision-moot': {
    breaks: async (patient) => del(patient, jobKey(await loseJob(patient))),
    seen: /D1 asks about J1, which is not there/,
    fix: 'here',
    after: ({ hub }) => expect(hub.inbox.list()).toEqual([]),
  },
  'log-stray': {
    breaks: ({ home }) => leaveCopy(home.logs, 'J41.1', '0000000000000000.log'),
    seen: /J41.1 is of a job that is not in the store/,
    fix: 'here',
    after: async ({ home, hub }) => {
      const [aside = ''] = await readdir(join(home.directory, 'set-aside'));
      expect(aside).toMatch(/^log-J41.1.aside-/);
      const kept = join(home.directory, 'set-aside', aside, '0000000000000000.log');
      expect((await lstat(kept)).size).toBe(6);
      expect(await findRow(hub.kv, nextJobKey, z.number())).toBe(42);
    },
  },
  'artifact-stray': {
    breaks: ({ home }) => leaveCopy(home.artifacts, 'J3.2', '0.whole'),
    seen: /J3.2 is of a job that is not in the store/,
    fix: 'here',
    after: async ({ home }) =>
      expect(await readdir(join(home.directory, 'set-aside'))).toHaveLength(1),
  },
  'artifact-partial': {
    breaks: ({ home }) => leaveCopy(home.artifacts, 'J3.2', '0.partial'),
    seen: /0.partial has 6 bytes and has not grown for days/,
    mend: ({ home }) => rm(join(home.artifacts, 'J3.2'), { recursive: true }),
  },
  'log-damaged': {
    breaks: ({ home }) => leaveCopy(home.logs, 'J1.1', '0000000000000000.log.damaged'),
    seen: /J1\.1\/0000000000000000\.log\.damaged is a part of a log as it was/,
    mend: ({ home }) => rm(join(home.logs, 'J1.1'), { recursive: true }),
  },
  'logs-over-cap': {
    breaks: async ({ home }) => {
      await leaveCopy(home.logs, 'J1.1', 'big');
      await truncate(join(home.logs, 'J1.1', 'big'), 2 * logsBytesMaxDefault + 1);
    },
    seen: /logs takes \d+ MiB/,
    mend: ({ home }) => truncate(join(home.logs, 'J1.1', 'big'), logsBytesMaxDefault),
  },
  'decision-waits': {
    breaks: async (patient) => {
      await loseJob(patient);
      patient.ports.wallStartMs += decisionWaitMs + 1000;
    },
    seen: /D1 has waited for 3 d/,
    mend: async ({ hub }) => {
      const [decision] = hub.inbox.list();
      if (decision !== undefined) await hub.inbox.close([{ decision, answer: { as: 'reject' } }]);
    },
  },
  'job-waits-alone': {
    breaks: async ({ hub, ports }) => {
      await hub.desk.dispatch(makeJob([bob]));
      ports.wallStartMs += queuedAloneMs + 1000;
    },
    seen: /J1.1 has waited for bob, which is away, for 1 h/,
    mend: ({ hub }) => hub.desk.declareLost({ id: 'J1', n: 1 }, silence),
  },
  'job-unanswered': {
    breaks: async ({ hub, ports, join: link, rest }) => {
      await link(alice);
      await hub.desk.dispatch(makeJob([alice]));
      await rest();
      ports.wallStartMs += unansweredMs + 1000;
    },
    seen: /alice is linked, and has not said for 10 m.* whether it takes J1.1/,
    fix: 'anywhere',
    after: async ({ hub }) => {
      expect(hub.session(alice)?.isLinked).toBe(false);
      expect((await hub.desk.get('J1')).kind).toBe('command');
    },
  },
  'job-overdue': {
    breaks: async ({ hub, ports, join: link }) => {
      await link(alice);
      const job = makeJob([alice], { spec: { ...spec, deadlineMs: 60_000 } });
      await hub.desk.dispatch(job);
      ports.wallStartMs += overdueMsMax + 120_000;
    },
    seen: /J1.1 is past its deadline by/,
    fix: 'here',
    after: async ({ hub }) => {
      const job = await hub.desk.get('J1');
      expect(job.kind === 'command' && job.attempts[0]?.state).toMatchObject({
        is: 'finished',
        end: { outcome: 'lost' },
      });
    },
  },
  'hub-down': {
    breaks: (patient) => {
      patient.isUp = false;
    },
    seen: /No hub runs on/,
    fix: 'here',
  },
  'invite-unused': {
    breaks: async ({ hub, ports }) => {
      const order = { kind: 'worker', addresses: [], rendezvous: [], asks: false } as const;
      await hub.invites.create({ ...order, ttlMs: 60_000 });
      ports.wallStartMs += inviteUnusedMs + 120_000;
    },
    seen: /1 invites ran out more than a day ago/,
    fix: 'anywhere',
    after: ({ countRows }) => expect(countRows('i/')).toBe(0),
  },
  'cockpit-unseen': {
    breaks: async ({ hub, ports }) => {
      await hub.cockpits.pair({ key: 'c0'.repeat(32), host: 'old-laptop' }, () => []);
      ports.wallStartMs += cockpitUnseenMs + 1000;
    },
    seen: /The cockpit "old-laptop" has not looked in for 90 d/,
    mend: ({ hub }) => hub.cockpits.revoke(hub.cockpits.getByName('old-laptop')),
  },
  'clock-stepped-back': {
    breaks: async (patient) => {
      await loseJob(patient);
      patient.ports.wallStartMs -= 3_600_000;
    },
    seen: /The newest event is .* ahead of the clock/,
    mend: ({ ports }) => {
      ports.wallStartMs += 3_600_000;
    },
  },
};

describe('doctor of a hub’s rows and copies', () => {
  tryChecks(openHubPatient, trials);

  test('log-damaged: a log without its first file is named, a whole one is not', async () => {
    const patient = await openHubPatient();
    for (const offset of ['0000000000000000', '0000000000002000']) {
      await leaveCopy(patient.home.logs, 'J1.1', `${offset}.log`);
    }
    await leaveCopy(patient.home.logs, 'J2.1', '0000000000002000.log');
    const { findings } = await patient.diagnose({ mode: 'look' });
    const found = findings.filter(({ id: check }) => check === 'log-damaged');
    expect(found.map(({ seen }) => seen)).toEqual([
      `${join(patient.home.logs, 'J2.1')} is without its first file.`,
    ]);
    expect(found[0]?.advice).toMatch(/`wally logs J2\.1`/);
    await patient.close();
  });

  test('log-stray: a young copy without a job is left alone, and so is one whose job is there', async () => {
    const patient = await openHubPatient();
    const { id } = await patient.hub.desk.dispatch(makeJob([alice]));
    await leaveCopy(patient.home.logs, `${id}.1`, 'log');
    await mkdir(join(patient.home.logs, 'J9.1'));
    const now = patient.ports.clock.wallMs() / 1000;
    await utimes(join(patient.home.logs, 'J9.1'), now, now);
    const { findings } = await patient.diagnose({ mode: 'fix' });
    expect(findings.filter(({ id: check }) => check === 'log-stray')).toEqual([]);
    expect((await readdir(patient.home.logs)).map((name) => basename(name))).toHaveLength(2);
    await patient.close();
  });
});
