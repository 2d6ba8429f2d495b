/*
 * The screen on several hubs, and on one that is elsewhere: real hubs on loopback, `wally` in a terminal.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CockpitRow } from '../../cockpit/verbs/cockpit-shapes.ts';
import type { InviteShape, JobDetail } from '../../cockpit/verbs/shapes.ts';
import type { OpenTerminal } from '../kit/terminal.ts';
import { openStage, type Stage, withJson } from './stage.ts';

let stage: Stage;
let work: string;
let home: string;
const screens: OpenTerminal[] = [];

beforeAll(async () => {
  stage = openStage();
  [work, home] = [stage.path('work'), stage.path('home')];
  for (const directory of [work, home]) await ask(directory, 'up', '--local');
});

afterEach(async () => {
  for (const screen of screens.splice(0)) await screen.close();
});

afterAll(() => stage.close());

async function ask<Answer>(directory: string, ...args: readonly string[]): Promise<Answer> {
  const result = await stage.wally(withJson(args), { env: { WALLY_HOME: directory } });
  expect(result.status, result.stdout + result.stderr).toBe(0);
  return result.json<Answer>();
}

function openScreen(args: readonly string[], own = 'own'): OpenTerminal {
  const env = { WALLY_HOME: stage.path(own) };
  const screen = stage.screen({ columns: 120, rows: 40, env }, args);
  screens.push(screen);
  return screen;
}

/** Looks into the hub of this name. */
async function lookInto(screen: OpenTerminal, name: string): Promise<void> {
  screen.press('H');
  await screen.until(/Look into/);
  screen.press(name);
  await screen.until(new RegExp(`▸ hub +${name} `));
  screen.press('\r');
  await screen.until(new RegExp(`WALLY  ${name} `));
}

test('screen: both hubs are seen as one, a job of the second is cancelled, and each is looked into', async () => {
  const gates = [await stage.gate('one'), await stage.gate('two')] as const;
  await ask(work, 'dispatch', '--', `: of-work; ${gates[0].wait}`);
  const { id } = await ask<JobDetail>(home, 'dispatch', '--', `: of-home; ${gates[1].wait}`);
  const screen = openScreen(['--hub', work, '--hub', home]);
  await screen.until(/WALLY {2}all /);
  await screen.until(/work:J\d+ .*of-work/);
  await screen.until(/home:J\d+ .*of-home/);
  await screen.until(/home:alice/);
  // The newest comes first: that of home.
  screen.press('g');
  await screen.until(/│▸ home:J/);
  screen.press('c');
  await screen.until(new RegExp(`Cancel home:${id}\\?`));
  screen.press('y');
  await screen.until(/cancelled/);
  expect((await ask<JobDetail>(home, 'job', id)).outcome).toBe('cancelled');
  await lookInto(screen, 'work');
  await screen.until(/│▸ J\d+ .*of-work/);
  await screen.until((lines) => !lines.some((line) => line.includes('of-home')));
  await lookInto(screen, 'home');
  await screen.until(/│▸ J\d+ .*of-home/);
  await lookInto(screen, 'all');
  await screen.until(/work:J\d+/);
  await ask(home, 'down');
  await screen.until(/△ hub home gone/);
  await screen.until(/work:J\d+ .*of-work/);
  await ask(home, 'up', '--local');
  await screen.until((lines) => !lines.some((line) => line.includes('hub home gone')));
  await gates[0].open();
  await screen.until(/succeeded|ok/);
  screen.press('q');
  expect((await screen.exit).code).toBe(0);
});

test('screen: a cockpit elsewhere pairs by its code, sees, dispatches, and its revoke is shown', async () => {
  const { code } = await ask<InviteShape>(work, 'invite', '--cockpit');
  const screen = openScreen(['--hub', `office=${code}`], 'far');
  await screen.until(/WALLY {2}office /);
  await screen.until(/alice/);
  screen.press('d');
  await screen.until(/Dispatch a command/);
  screen.press('echo from-afar');
  await screen.until(/echo from-afar/);
  screen.press('\r');
  await screen.until(/│▸ J\d+ .*echo from-afar/);
  await screen.until((lines) =>
    lines.some((line) => /│.*from-afar *│?$/.test(line) && !line.includes('echo')),
  );
  const [cockpit] = await ask<readonly CockpitRow[]>(work, 'cockpits');
  expect(cockpit?.links).toBe(1);
  await ask(work, 'cockpits', 'revoke', cockpit?.name ?? '');
  await screen.until(/HUB GONE .*This cockpit was revoked/);
  screen.press('q');
  expect((await screen.exit).code).toBe(3);
});

test('screen: a hub that can’t be reached is said before the screen opens, with status 3', async () => {
  const screen = openScreen(['--hub', stage.path('nowhere/x')]);
  expect((await screen.exit).code).toBe(3);
  expect(screen.screen().join('\n')).toContain('HUB_UNREACHABLE');
});
