/*
 * `wally inbox`, `decide` and `dismiss` over a whole hub: what is asked, and what an answer starts.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { inboxVerb } from '../../../cockpit/verbs/inbox.ts';
import type { InboxRow, JobDetail, WatchItem } from '../../../cockpit/verbs/shapes.ts';
import { valueBytesMax } from '../../../protocol/control.ts';
import { formatFingerprint } from '../../../protocol/fingerprint.ts';
import { alice, bob, makeJob } from '../hub/hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from '../hub/hub-in-hand.ts';
import { askVerb, beginVerb } from './ask-hub.ts';

let hand: HubInHand;

beforeEach(async () => {
  hand = await openHubInHand();
});

const inbox = () => askVerb<readonly InboxRow[]>(hand, 'inbox');
const decide = <T>(decision: string, how: string, ...text: readonly string[]) =>
  askVerb<T>(hand, 'decide', { decision, how, text });

/** A job that alice refuses. */
async function refuse(on: string | null = null): Promise<void> {
  await hand.hub.desk.dispatch(makeJob([alice], { title: 'make all', on }));
  const peer = await hand.join(alice);
  const end = { kind: 'finished', at: 9, usage: {}, logBytes: 0, attempt: 'J1.1' } as const;
  peer.say(factFrame(1, { ...end, outcome: 'refused', code: 'DISK_LOW', reason: 'No room.' }));
  await hand.rest();
}

const finding = {
  id: 'home-modes',
  subject: '/srv/key',
  severity: 'error',
  seen: 'Mode 0644.',
  wanted: '0600.',
  advice: 'chmod',
  plan: 'gives it mode 0600',
  failure: 'Its fix failed: not permitted.',
} as const;

describe('inbox', () => {
  test('inbox: a refusal is shown with its reason; approving tries another worker', async () => {
    await refuse();
    expect(await inbox()).toMatchObject([
      {
        id: 'D1',
        kind: 'refused',
        job: 'J1',
        title: 'make all',
        worker: 'alice',
        reason: 'No room.',
        question: 'alice refused J1. Try it on another worker?',
      },
    ]);
    const job = await decide<JobDetail>('D1', 'approve');
    expect(job.attempts.map(({ worker }) => worker)).toEqual(['alice', 'bob']);
    expect(await inbox()).toEqual([]);
  });

  test('inbox: work that was for one worker goes elsewhere where the M2 says so, and back by name', async () => {
    await refuse(alice);
    const job = await decide<JobDetail>('D1', 'answer', 'alice');
    expect(job.attempts.map(({ worker }) => worker)).toEqual(['alice', 'alice']);
  });

  test('inbox: with nobody else to try it, approving says so and the question stays', async () => {
    await refuse();
    const worker = hand.hub.workers.find(bob);
    if (worker !== undefined) await hand.hub.revoke(worker);
    await expect(decide('D1', 'approve')).rejects.toMatchObject({ code: 'WORKER_NO_MATCH' });
    expect(await inbox()).toHaveLength(1);
  });

  test('inbox: a screen is told of the most urgent, however many wait', async () => {
    const warnings = Array.from({ length: 300 }, (_, index) => ({
      ...finding,
      subject: `${index}`,
      severity: 'warning' as const,
    }));
    await hand.hub.inbox.noteDiagnosis({
      isWhole: true,
      on: 'alice',
      findings: [...warnings, finding],
    });
    const watch = beginVerb(hand, 'watch');
    await hand.rest();
    const told = (watch.items as readonly WatchItem[]).find((item) => item.type === 'inbox');
    expect(told?.rows).toHaveLength(250);
    expect(told?.rows[0]?.evidence.facts[0]?.label).toBe('error');
    expect(await inbox()).toHaveLength(301);
    watch.leave();
    await watch.answer;
  });

  test('inbox: one too large for an answer is cut, and the cut is said', async () => {
    const long = { ...finding, severity: 'warning' as const, seen: 'x'.repeat(4000) };
    const findings = Array.from({ length: 1500 }, (_, index) => ({ ...long, subject: `${index}` }));
    await hand.hub.inbox.noteDiagnosis({ isWhole: true, on: 'alice', findings });
    const rows = await inbox();
    expect(rows.length).toBeGreaterThan(300);
    expect(JSON.stringify(rows).length).toBeLessThan(valueBytesMax / 2);
    const said = inboxVerb.aside?.(rows as InboxRow[]);
    expect(said).toContain(`${rows.length} of 1500 are listed`);
    const few = await askVerb<InboxRow[]>(hand, 'inbox', { limit: 3 });
    expect(few).toHaveLength(3);
    expect(inboxVerb.aside?.(few)).toContain('3 of 1500');
    expect(inboxVerb.aside?.(few.map((row) => ({ ...row, waitingCount: 3 })))).toBeUndefined();
  });

  test('inbox: a fix that failed takes no words, and is dismissed by a no', async () => {
    await hand.hub.inbox.noteDiagnosis({ isWhole: true, on: 'alice', findings: [finding] });
    const [row] = await inbox();
    expect(row).toMatchObject({ kind: 'fix-failed', job: null, worker: 'alice' });
    expect(row?.evidence.facts).toContainEqual({ label: 'its plan', text: 'gives it mode 0600' });
    await expect(decide('D1', 'answer', 'bob')).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    await decide('D1', 'reject');
    expect(await inbox()).toEqual([]);
  });

  test('inbox: a fix of a worker that does not answer stays asked about', async () => {
    await hand.hub.inbox.noteDiagnosis({ isWhole: true, on: 'alice', findings: [finding] });
    const report = await decide<{ findings: readonly { id: string }[] }>('D1', 'approve');
    expect(report.findings.map(({ id }) => id)).toEqual(['worker-unreachable']);
    expect(await inbox()).toHaveLength(1);
  });

  test('inbox: many are dismissed by name, by kind, or all', async () => {
    await refuse();
    await hand.hub.inbox.noteDiagnosis({ isWhole: true, findings: [finding] });
    await hand.hub.inbox.noteDiagnosis({ isWhole: true, on: 'bob', findings: [finding] });
    const dismiss = (args: object) => askVerb(hand, 'dismiss', { ...args });
    await expect(dismiss({})).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    await expect(dismiss({ decisions: ['D9'] })).rejects.toMatchObject({
      code: 'DECISION_UNKNOWN',
    });
    expect(await dismiss({ decisions: ['D2'] })).toEqual({ dismissed: ['D2'] });
    expect(await dismiss({ kind: 'refused' })).toEqual({ dismissed: ['D1'] });
    expect(await dismiss({ all: true })).toEqual({ dismissed: ['D3'] });
    expect(await inbox()).toEqual([]);
  });
});

describe('a box that knocks', () => {
  const carol = 'c4'.repeat(32);

  async function knock(): Promise<string> {
    const where = { addresses: [], rendezvous: [] };
    const order = { kind: 'worker', ...where, ttlMs: 60_000, asks: true } as const;
    const { oneTimeKey } = await hand.hub.invites.create(order);
    const asked = hand.hub.invites.pair(oneTimeKey, { key: carol, host: 'mac-mini' });
    await expect(asked).rejects.toMatchObject({ code: 'PAIRING_ASKED' });
    return oneTimeKey;
  }

  test('inbox: it is shown with its fingerprint and end; approved, the hub serves it', async () => {
    await knock();
    const [row] = await inbox();
    expect(row).toMatchObject({ kind: 'pairing', host: 'mac-mini', cost: 'its invite ends' });
    expect(row?.evidence.facts[0]?.text).toContain(formatFingerprint(carol));
    expect(Date.parse(row?.endsAt ?? '')).toBeGreaterThan(hand.ports.clock.wallMs());
    expect(await decide('D1', 'approve')).toEqual({ decision: 'D1', did: 'It is in, as charlie.' });
    expect(hand.hub.session(carol)).toBeDefined();
    expect((await hand.join(carol)).pick('hello').length).toBeGreaterThan(0);
  });

  test('inbox: dismissed, it is turned away with its invite', async () => {
    const oneTimeKey = await knock();
    await askVerb(hand, 'dismiss', { all: true });
    const again = hand.hub.invites.pair(oneTimeKey, { key: carol, host: 'mac-mini' });
    await expect(again).rejects.toMatchObject({ code: 'PAIRING_REJECTED' });
    expect(hand.hub.workers.find(carol)).toBeUndefined();
  });
});
