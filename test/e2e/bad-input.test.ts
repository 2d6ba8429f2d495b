/*
 * What people get wrong at the command line: each is one coded error with its exit status, as text
 * and as JSON. The lines of a table are tried at once; no two of them meet.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerbResult } from '../kit/processes.ts';
import { type Complaint, expectJson, expectNoInsides, expectSaid } from './complaint.ts';
import { openStage, type Stage, withJson } from './stage.ts';

let stage: Stage;
let empty: Stage;

beforeAll(async () => {
  stage = openStage();
  empty = openStage();
  await Promise.all([stage.up(), empty.ask('up')]);
});

afterAll(async () => {
  await stage.close();
  await empty.close();
});

type Case = readonly [line: string, code: string, status: number];

/** Runs the words both ways, at once. */
async function complain(
  run: (args: readonly string[]) => Promise<VerbResult>,
  line: string,
  complaint: Complaint,
): Promise<void> {
  const args = line === '' ? [] : line.split(' ');
  const [said, json] = await Promise.all([run(args), run(withJson(args))]);
  expectSaid(said, complaint);
  expectJson(json, complaint);
}

describe('usage', () => {
  const cases: readonly Case[] = [
    ['frobnicate', 'USAGE_VERB', 2],
    ['--frobnicate', 'USAGE_VERB', 2],
    ['team --frob', 'USAGE_FLAG', 2],
    ['wait J1 --timeout', 'USAGE_FLAG', 2],
    ['job', 'USAGE_ARGUMENT', 2],
    ['job J1 J2', 'USAGE_ARGUMENT', 2],
    ['job hello', 'USAGE_ARGUMENT', 2],
    ['dispatch --', 'USAGE_ARGUMENT', 2],
    ['dispatch --deadline soon -- true', 'USAGE_ARGUMENT', 2],
    ['dispatch --cwd relative/path -- true', 'USAGE_ARGUMENT', 2],
    ['dispatch --all --on alice -- true', 'USAGE_ARGUMENT', 2],
    ['logs J1 --since -3', 'USAGE_FLAG', 2],
    ['invite --ttl 25h', 'USAGE_ARGUMENT', 2],
    ['logs J1 --tail some', 'USAGE_ARGUMENT', 2],
    ['doctor --only home-modes', 'USAGE_ARGUMENT', 2],
    ['doctor --fix --only nothing', 'USAGE_ARGUMENT', 2],
    ['--hub nowhere team', 'HUB_UNKNOWN', 2],
    ['--hub /nowhere team', 'HUB_UNREACHABLE', 3],
  ];
  test.concurrent.each(cases)('wally %s: %s, status %i', (line, code, status) =>
    complain((args) => stage.wally(args), line, { code, status }),
  );

  test('usage: a verb that is nearly right is named', async () => {
    const { stderr } = await stage.wally(['dispach']);
    expect(stderr).toMatch(/Did you mean "dispatch"\?/);
  });
});

describe('unknown', () => {
  const cases: readonly Case[] = [
    ['team show nobody', 'WORKER_UNKNOWN', 2],
    ['dispatch --on nobody -- true', 'WORKER_UNKNOWN', 2],
    ['job J99', 'JOB_UNKNOWN', 2],
    ['logs J99 -f', 'JOB_UNKNOWN', 2],
    ['cancel J99', 'JOB_UNKNOWN', 2],
    ['retry J99', 'JOB_UNKNOWN', 2],
    ['wait J99', 'JOB_UNKNOWN', 2],
    ['dispatch --need unobtainium -- true', 'WORKER_NO_MATCH', 4],
  ];
  test.concurrent.each(cases)('wally %s: %s, status %i', (line, code, status) =>
    complain((args) => stage.wally(args), line, { code, status }),
  );

  test('dispatch: without any worker it is refused, and nothing is left behind', async () => {
    const run = (args: readonly string[]) => empty.wally(args);
    await complain(run, 'dispatch -- true', { code: 'WORKER_NONE', status: 4 });
    expect(await empty.ask('jobs')).toEqual([]);
  });
});

describe('no hub', () => {
  const lines = ['team', 'dispatch -- true', 'logs J1 -f'];
  test.concurrent.each(lines)(
    'wally %s: without a hub, HUB_UNREACHABLE, status 3',
    async (line) => {
      await using none = openStage();
      await complain((args) => none.wally(args), line, { code: 'HUB_UNREACHABLE', status: 3 });
      expect(none.homes.listProcesses()).toEqual([]);
    },
  );
});

describe('odally', () => {
  const cases: readonly Case[] = [
    ['frobnicate', 'USAGE_VERB', 2],
    ['run --frob', 'USAGE_FLAG', 2],
    ['stop --background', 'USAGE_FLAG', 2],
    ['leave --kind systemd', 'USAGE_FLAG', 2],
    ['join', 'USAGE_ARGUMENT', 2],
    ['run now', 'USAGE_ARGUMENT', 2],
    ['join nonsense', 'INVITE_MALFORMED', 2],
    ['run', 'PAIR_MISSING', 4],
    ['run --background', 'PAIR_MISSING', 4],
    ['status', 'PAIR_MISSING', 4],
    ['stop', 'AGENT_UNREACHABLE', 3],
  ];
  test.concurrent.each(cases)('odally %s: %s, status %i', (line, code, status) =>
    complain((args) => stage.odally('fresh', args), line, { code, status }),
  );

  test('odally: a flag that is unknown is named once, with the verb where there is one', async () => {
    const [alone, run] = await Promise.all([
      stage.odally('fresh', ['--frob']),
      stage.odally('fresh', ['run', '--frob']),
    ]);
    expect(alone.stderr).toMatch(/^odally: there is no flag --frob\. \[USAGE_FLAG\]\n/);
    expect(run.stderr).toMatch(/^odally: run: there is no flag --frob\. \[USAGE_FLAG\]\n/);
  });

  test('odally run: an agent that runs already is not started twice', async () => {
    const complaint = { code: 'AGENT_RUNNING', status: 4 };
    await complain((args) => stage.odally('local', args), 'run', complaint);
    await complain((args) => stage.odally('local', args), 'run --background', complaint);
    expect((await stage.odally('local', ['status', '--json'])).json()).toMatchObject({
      link: 'linked',
    });
  });
});

test('help: every verb has one, on stdout, with status 0', async () => {
  const { stdout, stderr, status } = await stage.wally(['help']);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const verbs = [...stdout.matchAll(/^ {2}wally ([a-z]+(?: (?:show|rename|revoke))?)/gm)];
  expect(verbs.length).toBeGreaterThan(15);
  for (const line of ['dispatch --help', 'team -h', 'help retry', 'up --help']) {
    const help = await stage.wally(line.split(' '));
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(/^wally \w+/);
    expectNoInsides(help.stdout);
  }
});
