/*
 * The short main run of `npm run chaos`: real processes, bad links, kills, cuts and stepped clocks.
 *
 * One run is one test, because what it proves is a sum. Its size is a minute's; the whole one is
 * `npm run chaos`. What the machine does not allow is printed.
 */
import { expect, test } from 'vitest';
import { check } from '../chaos/a01.ts';
import { setOptions } from '../chaos/options.ts';

const runMsMax = 240_000;

test('chaos: jobs over a bad link end once, with every line, while hub and agents are killed', {
  timeout: runMsMax,
}, async () => {
  setOptions({ isShort: true, mayInstall: false });
  const outcome = await check.run((line) => console.log(line));
  expect(outcome.detail).toBe('one outcome each, none ran twice, no line lost');
  expect(outcome).toMatchObject({
    verdict: 'passed',
    figures: { jobs: 300, 'double executions': 0, 'lost log lines': 0, 'kill hub': 3 },
  });
});
