/*
 * An agent that stops leaves nothing running behind it.
 */
import { expect, test } from 'vitest';
import { stopMsMax } from '../../agent/limits.ts';
import type { Work } from '../../agent/work/work.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { settle } from '../protocol/fake-ports.ts';
import { makeHello } from '../protocol/raw-peer.ts';
import { openAgent } from './agent-bench.ts';
import { assign, hubStore, processMark } from './desk-bench.ts';

test('agent stop: work that outlives the time of a stop is killed, and the stop is no failure', async () => {
  const ends: (string | undefined)[] = [];
  const start = async (): Promise<Work> => {
    let exit: () => void = () => undefined;
    const ended = new Promise<Awaited<Work['exit']>>((resolve) => {
      exit = () => resolve({ usage: { signal: 'SIGKILL' }, finishedAt: 9 });
    });
    const end: Work['end'] = (how) => {
      ends.push(how);
      if (how === 'at-once') exit();
    };
    return { process: processMark, exit: ended, end };
  };
  const { agent, ports } = await openAgent({ start });
  await agent.adopt(hubStore);
  agent.opened(makeHello({ role: 'hub' }));
  await agent.apply(hubStore, [{ seq: 1, bytes: encodeMessage(assign('J1.1')) }]);
  await ports.advance(100);
  expect(agent.status.attempts).toEqual([{ attempt: 'J1.1', state: 'running' }]);
  const stopped = agent.stop();
  await ports.advance(stopMsMax - 1);
  expect(ends).toEqual([undefined]);
  await ports.advance(1);
  await stopped;
  await settle();
  expect(ends).toEqual([undefined, undefined, 'at-once']);
  expect(await agent.ended).toBeUndefined();
});
