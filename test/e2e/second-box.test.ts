/*
 * A second box: pairing by a code, keeping a name, losing trust; and two hubs that know nothing of
 * each other.
 *
 * A box is a home of its own here. Every test but the first leaves the team as it found it.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { InviteShape, JobDetail, TeamRow } from '../../cockpit/verbs/shapes.ts';
import type { RunningScript } from '../kit/processes.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = openStage();
  await stage.up();
});

afterAll(() => stage.close());

const isLinked = ({ link }: TeamRow) => link === 'direct';
const isUnlinked = ({ link }: TeamRow) => link === 'none';

function invite(ttl = '10m'): Promise<InviteShape> {
  return stage.ask<InviteShape>('invite', '--ttl', ttl);
}

/** An agent in the foreground, serving. */
async function serve(home: string, args: readonly string[]): Promise<RunningScript> {
  const agent = stage.startOdally(home, args);
  await agent.until(/serves hub/);
  return agent;
}

/** How the agent itself describes its link. */
async function readLink(home: string): Promise<string> {
  return (await stage.odally(home, ['status', '--json'])).json<{ link: string }>().link;
}

async function interrupt(agent: RunningScript): Promise<void> {
  agent.signal('SIGINT');
  expect(await agent.result).toMatchObject({ status: 0, signal: null });
}

test('invite: a code, the one command, and when it ends', async () => {
  const before = Date.now();
  const { code, command, expiresAt, ...rest } = await invite('90s');
  expect(rest).toEqual({});
  expect(code).toMatch(/^odl1_[\w-]+$/);
  expect(command).toBe(`odally join ${code}`);
  expect(new Date(Date.parse(expiresAt)).toISOString()).toBe(expiresAt);
  const ttlMs = Date.parse(expiresAt) - before;
  expect(ttlMs).toBeGreaterThan(89_000);
  expect(ttlMs).toBeLessThan(95_000);
  const { stdout } = await stage.wally(['invite']);
  expect(stdout).toMatch(/^ {2}odally join odl1_\S+$/m);
});

test('join: a box in the foreground is bob, takes work, and ctrl-c ends it', async () => {
  const { code } = await invite();
  const agent = await serve('box', ['join', code]);
  expect(agent.stderr).toMatch(/^Paired as bob\.$/m);
  await stage.untilWorker('bob', isLinked);
  const job = await stage.ask<JobDetail>('dispatch', '--on', 'bob', '--wait', '--', 'exit 0');
  expect(job).toMatchObject({ worker: 'bob', outcome: 'succeeded' });
  await interrupt(agent);
  const bob = await stage.untilWorker('bob', isUnlinked);
  expect(bob.state).toMatch(/stale|lost/);
});

test('run: the same box is bob again, under a new name too', async () => {
  const agent = await serve('box', ['run']);
  await stage.untilWorker('bob', isLinked);
  expect(await stage.ask<readonly TeamRow[]>('team')).toHaveLength(2);
  const renamed = await stage.ask<TeamRow>('team', 'rename', 'bob', 'builder');
  expect(renamed).toMatchObject({ name: 'builder', link: 'direct' });
  await interrupt(agent);
  const again = await serve('box', ['run']);
  await stage.untilWorker('builder', isLinked);
  const status = (await stage.odally('box', ['status', '--json'])).json();
  expect(status).toMatchObject({ life: 'serving', name: 'builder', link: 'linked' });
  await interrupt(again);
  const names = (await stage.ask<readonly TeamRow[]>('team')).map(({ name }) => name);
  expect(names).toEqual(['alice', 'builder']);
});

test('rename: a name that is taken, or none at all, is refused', async () => {
  const taken = await stage.wally(['team', 'rename', 'builder', 'alice', '--json']);
  expect(taken.status).toBe(4);
  expect(taken.json()).toMatchObject({ error: { code: 'WORKER_NAME_TAKEN' } });
  const odd = await stage.wally(['team', 'rename', 'builder', 'No Name', '--json']);
  expect(odd.status).toBe(2);
  expect(odd.json()).toMatchObject({ error: { code: 'WORKER_NAME' } });
});

test('revoke: the link ends at once, the job is lost, and the box can not come back', async () => {
  const agent = await serve('box', ['run']);
  await stage.untilWorker('builder', isLinked);
  const { id } = await stage.dispatch('sleep 300', '--on', 'builder');
  await stage.untilStarted(id);
  const revoked = await stage.ask<TeamRow>('team', 'revoke', 'builder');
  expect(revoked).toMatchObject({ name: 'builder', state: 'revoked', link: 'none' });
  await agent.until(/link closed/);
  // What ran there runs on, so whoever sits there is told what became of it, and not of UDP.
  const diagnosed = await stage.odally('box', ['doctor', '--json']);
  const { findings } = diagnosed.json<{ readonly findings: readonly { readonly id: string }[] }>();
  expect(findings.map(({ id }) => id)).toContain('hub-refused');
  expect((await stage.odally('box', ['status'])).stdout).toMatch(/^hub .*WORKER_REVOKED/m);
  const lost = await stage.ended(id);
  expect(lost.outcome).toBe('lost');
  expect(lost.reason).toMatch(/revoked/);
  await interrupt(agent);
  const back = await serve('box', ['run']);
  const refused = await stage.wally(['dispatch', '--on', 'builder', '--json', '--', 'true']);
  expect(refused.status).toBe(4);
  expect(refused.json()).toMatchObject({ error: { code: 'WORKER_REVOKED' } });
  // One that was away is told too: its first dial is answered with why, and the hub has no link with it.
  const asked = { timeout: 20_000, interval: 500 };
  await vi.waitUntil(async () => (await readLink('box')).includes('[WORKER_REVOKED]'), asked);
  expect((await stage.ask<readonly TeamRow[]>('team')).map(({ name }) => name)).toEqual(['alice']);
  expect(await stage.ask<TeamRow>('team', 'show', 'builder')).toMatchObject({ link: 'none' });
  await interrupt(back);
});

test('revoke: a new code lets the same box in again, under its name', async () => {
  const { code } = await invite();
  const agent = await serve('box', ['join', code]);
  expect(agent.stderr).toMatch(/^Paired as builder\.$/m);
  await stage.untilWorker('builder', isLinked);
  const job = await stage.ask<JobDetail>('dispatch', '--on', 'builder', '--wait', '--', 'true');
  expect(job.outcome).toBe('succeeded');
  await interrupt(agent);
});

test('join: a code is good for one box', async () => {
  const { code } = await invite();
  const first = await stage.odally('once', ['join', code, '--background', '--json']);
  expect(first).toMatchObject({ status: 0 });
  const { name } = first.json<{ name: string }>();
  const second = await stage.odally('twice', ['join', code, '--json']);
  expect(second.status).toBe(4);
  expect(second.json()).toMatchObject({ error: { code: 'INVITE_USED' } });
  expect((await stage.odally('once', ['stop'])).status).toBe(0);
  const names = (await stage.ask<readonly TeamRow[]>('team')).map((worker) => worker.name);
  expect(names.toSorted()).toEqual(['alice', 'builder', name].toSorted());
  expect((await stage.odally('twice', ['run', '--json'])).json()).toMatchObject({
    error: { code: 'PAIR_MISSING' },
  });
});

test('join: a code that is over, cut short or made up lets nobody in', async () => {
  const { code, expiresAt } = await invite('100ms');
  await vi.waitUntil(() => Date.now() > Date.parse(expiresAt));
  const late = await stage.odally('late', ['join', code, '--json']);
  expect(late.status).toBe(4);
  expect(late.json()).toMatchObject({ error: { code: 'INVITE_EXPIRED' } });
  for (const wrong of [code.slice(0, -3), `${code}AAAA`, 'odl1_', 'hello', 'ödl']) {
    const malformed = await stage.odally('late', ['join', wrong, '--json']);
    expect(malformed.status).toBe(2);
    expect(malformed.json()).toMatchObject({ error: { code: 'INVITE_MALFORMED' } });
  }
});

test.concurrent('hubs: two on one box have each their own alice, jobs and codes', async () => {
  await using other = openStage();
  const { hub } = await other.up();
  const [mine] = await stage.ask<readonly TeamRow[]>('team');
  const [theirs, ...more] = await other.ask<readonly TeamRow[]>('team');
  expect(more).toEqual([]);
  expect([mine?.name, theirs?.name]).toEqual(['alice', 'alice']);
  expect(mine?.key).not.toBe(theirs?.key);
  const job = await other.ask<JobDetail>('dispatch', '--wait', '--', 'echo "$HOME" >&2; pwd');
  expect(job.id).toBe('J1');
  expect((await other.wally(['logs', 'J1'])).stdout).toContain(other.localHome);
  // A home is paired with one hub: the other's code is refused, and nothing changes.
  const { code } = await stage.ask<InviteShape>('invite');
  const taken = await other.odally('local', ['join', code, '--json']);
  expect(taken.status).toBe(4);
  expect(taken.json()).toMatchObject({ error: { code: 'PAIR_EXISTS' } });
  await other.ask('down');
  expect(await stage.ask('status')).toMatchObject({ hub: { home: stage.home } });
  expect(hub.key).not.toBe((await stage.up()).hub.key);
});

test.concurrent('revoke: a local odally that lost its trust is said by up, at once', async () => {
  await using other = openStage();
  await other.up();
  await other.ask('team', 'revoke', 'alice');
  const up = await other.wally(['up', '--local', '--json']);
  expect(up.status).toBe(4);
  expect(up.json()).toMatchObject({ error: { code: 'PEER_UNKNOWN' } });
  const { code } = await other.ask<InviteShape>('invite');
  await other.odally('local', ['stop']);
  const joined = await other.odally('local', ['join', code, '--background', '--json']);
  expect(joined.json()).toMatchObject({ name: 'alice' });
  expect(await other.up()).toMatchObject({ isNew: false, local: 'alice' });
});
