/*
 * A question that outlives its connection: asked again where the hub comes back, given up where it stays away.
 */
import { beforeEach, expect, test } from 'vitest';
import { awayMsMax, SteadyHub } from '../../../cockpit/cli/steady-hub.ts';
import type { HubClient } from '../../../cockpit/hub/client.ts';
import { AppError } from '../../../protocol/errors.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

let ports: FakePorts;
let said: string[];
let tries: number;
let isBack: boolean;
let hub: SteadyHub;
let lose: (() => void)[];
let made: number;

/** A hub that never answers; `lose` ends its connections. */
function makeClient(): HubClient {
  const lost = new Promise<never>((_, reject) => {
    // One that stops may say so before its connections end.
    const code = made === 0 ? 'HUB_STOPPING' : 'HUB_UNREACHABLE';
    made += 1;
    lose.push(() => reject(new AppError(code)));
  });
  lost.catch(() => undefined);
  return { call: () => lost, close: () => undefined } as unknown as HubClient;
}

beforeEach(() => {
  ports = new FakePorts();
  said = [];
  tries = 0;
  isBack = false;
  lose = [];
  made = 0;
  const reach = async () => {
    tries += 1;
    if (!isBack) throw new AppError('HUB_UNREACHABLE');
    return makeClient();
  };
  hub = new SteadyHub({ client: makeClient(), reach, ports, say: (line) => said.push(line) });
});

function ask(): { asked: () => number; answer: Promise<unknown> } {
  let count = 0;
  const answer = hub.ask((client) => {
    count += 1;
    return client.call('wait', {});
  });
  answer.catch(() => undefined);
  return { asked: () => count, answer };
}

test('steady hub: what is asked when the connection ends is asked again once the hub is back', async () => {
  const both = [ask(), ask()];
  lose[0]?.();
  await ports.advance(awayMsMax / 2);
  expect(both.map(({ asked }) => asked())).toEqual([1, 1]);
  isBack = true;
  await ports.advance(1000);
  expect(both.map(({ asked }) => asked())).toEqual([2, 2]);
  // One connection serves both, and one line tells of it.
  expect([lose.length, said.length]).toEqual([2, 1]);
});

test('steady hub: a hub that stays away is given up in time, with what the question failed with', async () => {
  const { answer } = ask();
  lose[0]?.();
  await ports.advance(awayMsMax + 1000);
  await expect(answer).rejects.toMatchObject({ code: 'HUB_STOPPING' });
  const before = tries;
  await ports.advance(awayMsMax);
  expect(tries).toBe(before);
});

test('steady hub: one that comes back and is lost at once, again and again, is given up all the same', async () => {
  isBack = true;
  const { answer, asked } = ask();
  for (let second = 0; second < 30; second += 1) {
    for (const end of lose.splice(0)) end();
    await ports.advance(1000);
  }
  await expect(answer).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
  expect([asked() > 3, said.length]).toEqual([true, 1]);
});

test('steady hub: what the hub refuses is not asked again', async () => {
  const refused = hub.ask(async () => {
    throw new AppError('JOB_UNKNOWN');
  });
  await expect(refused).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  expect([tries, said]).toEqual([0, []]);
});

test('steady hub: who closes it is not told that the hub is gone, and nothing is looked for', async () => {
  const { answer } = ask();
  hub.close();
  lose[0]?.();
  await ports.advance(awayMsMax);
  await expect(answer).rejects.toMatchObject({ code: 'HUB_STOPPING' });
  expect([said, tries]).toEqual([[], 0]);
});
