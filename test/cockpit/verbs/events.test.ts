/*
 * `wally events`: windows by instant and number, filters, hours, and what comes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { showEvent } from '../../../cockpit/verbs/events.ts';
import { eventKinds } from '../../../cockpit/verbs/present-events.ts';
import type { EventRow, HourRow } from '../../../cockpit/verbs/shapes.ts';
import { plain } from '../../../cockpit/verbs/text.ts';
import { alice, bob, finished, makeJob } from '../hub/hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from '../hub/hub-in-hand.ts';
import { askVerb, beginVerb } from './ask-hub.ts';

let hand: HubInHand;

beforeEach(async () => {
  hand = await openHubInHand();
});

const ask = (args: Readonly<Record<string, unknown>>) =>
  askVerb<readonly EventRow[]>(hand, 'events', args);
const texts = (rows: readonly EventRow[]) => rows.map(({ text }) => text);

/** A job of alice's from dispatch to its end. */
async function runJob(): Promise<void> {
  const job = await hand.hub.desk.dispatch(makeJob([alice], { title: 'make all' }));
  const peer = await hand.join(alice);
  const at = (seconds: number) => Math.round(hand.ports.clock.wallMs()) + seconds * 1000;
  const attempt = `${job.id}.1` as const;
  peer.say(factFrame(1, { kind: 'accepted', attempt, at: at(4) }));
  peer.say(factFrame(2, { kind: 'started', attempt, at: at(9) }));
  peer.say(factFrame(3, finished(attempt, 'succeeded')));
  await hand.rest();
}

describe('events', () => {
  test('events: who did what, to which job, and who waited on whom', async () => {
    await runJob();
    const rows = await ask({ job: 'J1' });
    expect(texts(rows)).toEqual([
      'J1 was dispatched to alice',
      'alice took J1.1',
      'alice began J1.1',
      'J1.1 on alice ended: succeeded',
    ]);
    expect(rows.map(({ title, worker }) => [title, worker])).toEqual(
      rows.map(() => ['make all', 'alice']),
    );
    expect(rows[2]?.waited).toEqual({ on: 'alice', why: 'a free place on alice', ms: 5000 });
    expect(rows[1]?.waited?.why).toBe('alice to take it');
    expect(showEvent(rows[2] as EventRow, plain)).toContain(
      'waited 5.0 s for a free place on alice',
    );
    expect(showEvent(rows[0] as EventRow, plain)).not.toContain('waited');
  });

  test('events: the last ones, those before a number, and those after one', async () => {
    for (let n = 0; n < 6; n += 1) await hand.hub.desk.dispatch(makeJob([alice]));
    const all = await ask({});
    const seqs = (rows: readonly EventRow[]) => rows.map(({ seq }) => seq);
    const last = all.at(-1)?.seq ?? 0;
    expect(seqs(await ask({ limit: 2 }))).toEqual([last - 1, last]);
    expect(seqs(await ask({ before: last, limit: 2 }))).toEqual([last - 2, last - 1]);
    expect(seqs(await ask({ after: last - 3, limit: 2 }))).toEqual([last - 2, last - 1]);
    expect(seqs(await ask({ after: last }))).toEqual([]);
    expect(seqs(await ask({ after: last - 4, before: last - 1 }))).toEqual([last - 3, last - 2]);
  });

  test('events: from one instant up to another, and as long as somebody says', async () => {
    await hand.hub.desk.dispatch(makeJob([alice]));
    await hand.ports.advance(60_000);
    const middle = new Date(hand.ports.clock.wallMs()).toISOString();
    await hand.hub.desk.dispatch(makeJob([alice]));
    await hand.ports.advance(60_000);
    const jobs = (rows: readonly EventRow[]) =>
      rows.filter(({ kind }) => kind === 'job-dispatched').map(({ job }) => job);
    expect(jobs(await ask({ since: middle }))).toEqual(['J2']);
    expect(jobs(await ask({ until: middle }))).toEqual(['J1']);
    expect(jobs(await ask({ since: '90s' }))).toEqual(['J2']);
    expect(jobs(await ask({ since: '1h', until: middle }))).toEqual(['J1']);
  });

  test('events: of one worker, of one kind and of kinds that begin alike', async () => {
    await hand.hub.desk.dispatch(makeJob([alice]));
    await hand.hub.desk.dispatch(makeJob([bob]));
    const ofBob = await ask({ worker: 'bob', kind: 'job-dispatched' });
    expect(texts(ofBob)).toEqual(['J2 was dispatched to bob']);
    expect(new Set((await ask({ kind: 'job' })).map(({ kind }) => kind))).toEqual(
      new Set(['job-dispatched']),
    );
    expect(await ask({ kind: 'jo' })).toEqual([]);
    await expect(ask({ worker: 'nobody' })).rejects.toMatchObject({ code: 'WORKER_UNKNOWN' });
  });

  test('events: hours are counted to the end of the one that goes on', async () => {
    await hand.hub.desk.dispatch(makeJob([alice]));
    await hand.ports.advance(2 * 3_600_000);
    await hand.hub.desk.dispatch(makeJob([alice]));
    const rows = await askVerb<readonly HourRow[]>(hand, 'events', { hours: true, since: '3h' });
    expect(rows.at(-1)?.count).toBe(1);
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(1);
    expect(rows.length).toBeGreaterThanOrEqual(3);
    expect(rows.every(({ at }) => at.endsWith(':00:00.000Z'))).toBe(true);
    await expect(ask({ hours: true, since: '90d' })).rejects.toMatchObject({
      code: 'USAGE_ARGUMENT',
    });
  });

  test('events: followed, what comes is sent as it comes, and no longer than it is wanted', async () => {
    await hand.hub.desk.dispatch(makeJob([alice]));
    const asked = beginVerb(hand, 'events', { follow: true, limit: 1 });
    await hand.rest();
    expect(asked.items).toHaveLength(1);
    await hand.hub.desk.dispatch(makeJob([bob]));
    await hand.rest();
    expect(asked.items.at(-1)).toMatchObject({ text: 'J2 was dispatched to bob' });
    asked.leave();
    expect(await asked.answer).toBeNull();
    await expect(askVerb(hand, 'events', { follow: true, until: '1h' })).rejects.toMatchObject({
      code: 'USAGE_ARGUMENT',
    });
  });

  test('events: an answer of the M2 says how long it was waited for', async () => {
    await hand.hub.desk.dispatch(makeJob([alice]));
    const loss = { reason: 'Silence.', cause: 'overdue' } as const;
    await hand.hub.desk.declareLost({ id: 'J1', n: 1 }, loss);
    await hand.ports.advance(90_000);
    await askVerb(hand, 'decide', { decision: 'D1', how: 'reject' });
    const [row] = await ask({ kind: 'decision-closed' });
    expect(row).toMatchObject({ text: 'you rejected D1', job: 'J1' });
    expect(row?.waited).toMatchObject({ on: 'you', why: 'your word' });
    expect(row?.waited?.ms).toBeGreaterThanOrEqual(90_000);
  });

  test('events: what a worker holds of a job that the hub lost ran only where the worker says so', async () => {
    const states = ['accepted', 'starting', 'running', 'finished'] as const;
    const inventory = states.map((state, at) => ({ attempt: `J${70 + at}.1` as const, state }));
    await hand.join(alice, { inventory });
    await hand.rest();
    expect(texts(await ask({ kind: 'reconcile' }))).toEqual([
      'alice held J70.1, which this hub does not know, and was told to end it',
      'alice held J71.1, which this hub does not know, and was told to end it',
      'alice ran J72.1, which this hub does not know, and was told to end it',
      'alice has ended J73.1, which this hub does not know',
    ]);
  });

  test('events: what a worker still has of a job that has ended ran only where the worker says so', async () => {
    for (const n of [1, 2]) {
      await hand.hub.desk.dispatch(makeJob([alice]));
      const loss = { reason: 'Silence.', cause: 'overdue' } as const;
      await hand.hub.desk.declareLost({ id: `J${n}`, n: 1 }, loss);
    }
    const inventory = [
      { attempt: 'J1.1', state: 'accepted' } as const,
      { attempt: 'J2.1', state: 'running' } as const,
    ];
    await hand.join(alice, { inventory });
    await hand.rest();
    expect(texts(await ask({ kind: 'reconcile-ended-cancelled' }))).toEqual([
      'alice still held J1.1 and was told to end it',
      'alice still ran J2.1 and was told to end it',
    ]);
  });

  test('events: every kind that the hub writes has its words', () => {
    const folders = ['hub', 'manager', 'verbs'].map(
      (name) => new URL(`../../../cockpit/${name}/`, import.meta.url),
    );
    const sources = folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(new URL(file, folder), 'utf8')),
    );
    const written = sources.flatMap((text) => [
      ...[...text.matchAll(/note\(\{[^}]*?kind: '([a-z-]+)'/g)].map(([, kind]) => kind ?? ''),
      ...[...text.matchAll(/event: '(reconcile-[a-z-]+)'/g)].map(([, kind]) => kind ?? ''),
    ]);
    expect(written.length).toBeGreaterThan(15);
    expect(written.filter((kind) => !eventKinds.includes(kind))).toEqual([]);
  });
});
