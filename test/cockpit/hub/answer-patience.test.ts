/*
 * A worker that takes commands and says nothing of them: when its link is made anew, and what comes of that.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { AnswerPatience, type CommandSpan } from '../../../cockpit/hub/answer-patience.ts';
import { answerMsMax } from '../../../cockpit/hub/limits.ts';
import { findEnd } from '../../../cockpit/manager/job.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { alice, makeJob } from './hub-bench.ts';
import { factFrame, type HubInHand, openHubInHand } from './hub-in-hand.ts';

function openPatience() {
  const ports = new FakePorts();
  const asked: CommandSpan[] = [];
  const answer = { isUnanswered: false, anewCount: 0 };
  const patience = new AnswerPatience({
    timers: ports.timers,
    isUnanswered: (span) => {
      asked.push(span);
      return answer.isUnanswered;
    },
    askAnew: () => {
      answer.anewCount += 1;
    },
  });
  return { ports, asked, answer, patience };
}

describe('answer patience', () => {
  test('patience: it looks once all that was taken has had its time, and only while commands come', async () => {
    const { ports, asked, patience } = openPatience();
    patience.acked(2);
    patience.linked(2);
    patience.acked(2);
    expect(ports.timerCount).toBe(0);
    patience.acked(3);
    await ports.advance(answerMsMax - 1);
    patience.acked(5);
    expect(asked).toEqual([]);
    await ports.advance(1);
    expect(asked).toEqual([{ after: 2, through: 3 }]);
    await ports.advance(answerMsMax);
    expect(asked.at(-1)).toEqual({ after: 3, through: 5 });
    expect(ports.timerCount).toBe(0);
  });

  test('patience: a link that is gone is not asked about, and none is made anew twice for one command', async () => {
    const { ports, answer, patience } = openPatience();
    answer.isUnanswered = true;
    patience.linked(0);
    patience.acked(1);
    patience.unlinked();
    await ports.advance(answerMsMax);
    expect(answer.anewCount).toBe(0);
    patience.linked(0);
    patience.acked(1);
    await ports.advance(answerMsMax);
    expect(answer.anewCount).toBe(1);
    patience.linked(1);
    patience.acked(1);
    await ports.advance(10 * answerMsMax);
    expect(answer.anewCount).toBe(1);
  });
});

describe('answer patience of a hub', () => {
  let field: HubInHand;

  afterEach(() => field.hub.stop());

  /** Time passes, and alice is heard meanwhile. */
  async function pass(peer: Awaited<ReturnType<HubInHand['join']>>, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      if (peer.closedBecause === undefined) peer.say({ t: 'ping', at: 0 });
      await field.ports.advance(Math.min(1000, ms - passed));
    }
  }

  const find = async (id: 'J1' | 'J2') => {
    const job = await field.hub.desk.get(id);
    return job.kind === 'command' ? findEnd(job)?.outcome : undefined;
  };

  test('patience: what a linked worker took and forgot is lost within a minute; what it reported goes on', async () => {
    field = await openHubInHand();
    const peer = await field.join(alice);
    for (let count = 0; count < 2; count += 1) await field.hub.desk.dispatch(makeJob([alice]));
    await field.rest();
    peer.say({ t: 'ack', received: 2, need: [] });
    peer.say(factFrame(1, { kind: 'accepted', attempt: 'J2.1', at: 5 }));
    await field.rest();
    await pass(peer, answerMsMax - 2000);
    expect(peer.closedBecause).toBeUndefined();
    await pass(peer, 2000);
    expect(field.noticed).toContain('link to alice closed: unanswered');
    expect(await find('J1')).toBeUndefined();
    const inventory = [{ attempt: 'J2.1', state: 'accepted' } as const];
    const again = await field.join(alice, { received: 2, queued: 1, inventory });
    expect([await find('J1'), await find('J2')]).toEqual(['lost', undefined]);
    await pass(again, 2 * answerMsMax);
    expect(again.closedBecause).toBeUndefined();
  });
});
