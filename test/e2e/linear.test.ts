/*
 * `wally --linear` as a reader hears it: what is typed is answered in its own words.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runVerb } from '../kit/processes.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = openStage();
  await stage.up();
});

afterAll(() => stage.close());

/** What is said to these lines, after what there is at first. */
async function hear(...lines: readonly string[]): Promise<string> {
  const input = `${lines.join('\n')}\nq\n`;
  const { stdout } = await runVerb({
    program: 'wally',
    args: ['--linear'],
    env: stage.homes.hub(),
    input,
  });
  return stdout;
}

test('linear: help names the verbs, and one with its flags', async () => {
  const all = await hear('help', '? job');
  expect(all).toContain('retry JOB: try an ended job again, as a new attempt.\n');
  expect(all).toContain('help and a verb tells its flags; q leaves.\n');
  expect(all).toContain('wally job JOB\n');
});

test('linear: --help tells about the verb and does not run it', async () => {
  const said = await hear('invite --help');
  expect(said).toContain('print a pairing code');
  expect(said).not.toContain('odally join');
});

test('linear: what streams is left to a shell, a strange verb leads to help', async () => {
  const said = await hear('logs J1 -f', 'frobnicate');
  expect(said).toContain('logs streams; wally logs J1 -f in a shell has it.\n');
  expect(said).toContain(
    'There is no verb "frobnicate". USAGE_VERB. Say help to hear the verbs.\n',
  );
  expect(said).not.toContain('Run `wally help`');
});
