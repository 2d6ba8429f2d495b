/*
 * Several hubs, and a cockpit on another machine: real hubs on loopback, the real `wally`.
 *
 * The other machine is another home, which finds the hub by nothing but the code it was given.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CockpitRow } from '../../cockpit/verbs/cockpit-shapes.ts';
import type {
  InviteShape,
  JobDetail,
  JobRow,
  StatusOfMany,
  TeamRow,
} from '../../cockpit/verbs/shapes.ts';
import { openStage, type Stage, withJson } from './stage.ts';

let stage: Stage;
let work: string;
let home: string;

beforeAll(async () => {
  stage = openStage();
  [work, home] = [stage.path('work'), stage.path('home')];
  for (const directory of [work, home]) {
    const up = await at(directory, 'up', '--local');
    expect(up.status).toBe(0);
  }
});

afterAll(() => stage.close());

/** A verb of a cockpit whose home this is. */
function at(directory: string, ...args: readonly string[]) {
  return stage.wally(withJson(args), { env: { WALLY_HOME: directory } });
}

/** A verb that looks into both hubs, from a home that is neither's. */
function both(...args: readonly string[]) {
  return at(stage.path('own'), '--hub', work, '--hub', home, ...args);
}

async function invite(...flags: readonly string[]): Promise<string> {
  return (await at(work, 'invite', ...flags)).json<InviteShape>().code;
}

test('hubs: one that is named is asked and never started, whatever the home says', async () => {
  const team = await at(home, '--hub', work, 'team');
  const own = (await at(work, 'team')).json<readonly TeamRow[]>();
  expect(team.json<readonly TeamRow[]>()[0]?.key).toBe(own[0]?.key);
  const socket = await at(home, '--hub', join(work, 'hub.sock'), 'team');
  expect(socket.json<readonly TeamRow[]>()[0]?.key).toBe(own[0]?.key);
  const nowhere = await at(home, '--hub', stage.path('empty/home'), 'team');
  expect(nowhere.status).toBe(3);
  expect(existsSync(stage.path('empty'))).toBe(false);
});

test('hubs: lists of several are one, and what is about one goes there by its name', async () => {
  const status = (await both('status')).json<StatusOfMany>();
  expect(status.hubs.map(({ name }) => name)).toEqual(['work', 'home']);
  expect(status.team.map(({ name }) => name)).toEqual(['work:alice', 'home:alice']);
  const gate = await stage.gate('both');
  const sent = await both('dispatch', '--on', 'home:alice', '--', gate.wait);
  const { id } = sent.json<JobDetail>();
  expect(id).toMatch(/^home:J/);
  const rows = (await both('jobs')).json<readonly (JobRow & { hub: string })[]>();
  expect(rows.map((row) => [row.id, row.hub])).toContainEqual([id, 'home']);
  expect((await both('cancel', id)).json<JobDetail>().id).toBe(id);
  const ended = await both('wait', id);
  expect(ended.json<JobDetail>().outcome).toBe('cancelled');
  expect((await at(work, 'jobs')).json<readonly JobRow[]>()).toEqual([]);
  const nameless = await both('dispatch', '--', 'true');
  expect([nameless.status, nameless.json<{ error: { code: string } }>().error.code]).toEqual([
    2,
    'USAGE_ARGUMENT',
  ]);
});

test('hubs: a cockpit elsewhere pairs by a code once, looks in, dispatches, and is revoked', async () => {
  const far = stage.path('far');
  const code = await invite('--cockpit');
  const first = await at(far, '--hub', `office=${code}`, 'team');
  expect(first.json<readonly TeamRow[]>().map(({ name }) => name)).toEqual(['alice']);
  const folder = join(far, 'hubs', 'office');
  const modes = ['', 'cockpit.key', 'hub.json'].map((name) => statSync(join(folder, name)).mode);
  expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['700', '600', '600']);
  // The same code again is the same pairing; from another machine it is used.
  expect((await at(far, '--hub', code, 'team')).status).toBe(0);
  const late = await at(stage.path('late'), '--hub', code, 'team');
  expect(late.json()).toMatchObject({ error: { code: 'INVITE_USED' } });
  const job = await at(far, '--hub', 'office', 'dispatch', '--wait', '--', 'echo from afar');
  expect(job.json<JobDetail>()).toMatchObject({ outcome: 'succeeded', worker: 'alice' });
  const logs = await at(far, '--hub', 'office', 'logs', job.json<JobDetail>().id);
  expect(logs.stdout).toContain('from afar');
  const stop = await at(far, '--hub', 'office', 'stop');
  expect(stop.json()).toMatchObject({ error: { code: 'COCKPIT_FORBIDDEN' } });
  const down = await at(far, '--hub', 'office', 'down');
  expect(down.status).toBe(2);
  const [row] = (await at(work, 'cockpits')).json<readonly CockpitRow[]>();
  expect(row?.links).toBe(0);
  expect((await at(work, 'cockpits', 'revoke', row?.name ?? '')).status).toBe(0);
  const shut = await at(far, '--hub', 'office', 'team');
  expect([shut.status, shut.json<{ error: { code: string } }>().error.code]).toEqual([
    3,
    'HUB_UNREACHABLE',
  ]);
});

test('hubs: several programs of one cockpit are linked at once, and a revoke ends them all', async () => {
  const far = stage.path('busy');
  expect((await at(far, '--hub', `office=${await invite('--cockpit')}`, 'team')).status).toBe(0);
  const watch = at(far, '--hub', 'office', 'watch');
  const follow = at(far, '--hub', 'office', 'events', '--follow');
  const linked = async () => (await at(work, 'cockpits')).json<readonly CockpitRow[]>()[0];
  await expect.poll(async () => (await linked())?.links, { timeout: 20_000 }).toBe(2);
  expect((await at(work, 'cockpits', 'revoke', (await linked())?.name ?? '')).status).toBe(0);
  for (const { status, stdout } of await Promise.all([watch, follow])) {
    expect(status).toBe(4);
    expect(stdout).toContain('COCKPIT_REVOKED');
  }
});

test('hubs: a code that is malformed, expired or of the other kind is refused as such', async () => {
  const far = stage.path('wrong');
  const worker = await at(far, '--hub', await invite(), 'team');
  expect(worker.json()).toMatchObject({ error: { code: 'INVITE_MALFORMED' } });
  const cut = await at(far, '--hub', 'wal1_lcQg9Bol9Q', 'team');
  expect(cut.json()).toMatchObject({ error: { code: 'INVITE_MALFORMED' } });
  const agent = await stage.odally('lost', ['join', await invite('--cockpit'), '--json']);
  expect(agent.json()).toMatchObject({ error: { code: 'INVITE_MALFORMED' } });
  const brief = await invite('--cockpit', '--ttl', '1ms');
  const expired = await at(far, '--hub', brief, 'team');
  expect(expired.json()).toMatchObject({ error: { code: 'INVITE_EXPIRED' } });
  const unknown = await at(far, '--hub', 'nobody', 'team');
  expect(unknown.status).toBe(2);
  expect(unknown.json()).toMatchObject({ error: { code: 'HUB_UNKNOWN' } });
});
