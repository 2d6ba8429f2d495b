/*
 * Two stores of the hub in turns: what an older link still brings of the one changes nothing of the other's streams.
 */
import { describe, expect, test } from 'vitest';
import { encodeMessage } from '../../protocol/messages.ts';
import { openAgent } from './agent-bench.ts';
import { assign } from './desk-bench.ts';

const [older, newer] = ['c'.repeat(32), 'd'.repeat(32)];

const give = { seq: 1, bytes: encodeMessage(assign('J1.1')) };

describe('hub streams', () => {
  test('hub streams: an ack of an older store moves nothing in the streams of the present one', async () => {
    const { agent } = await openAgent();
    await agent.adopt(older);
    await agent.adopt(newer);
    agent.acked(older, 7);
    // A cursor beyond what was ever queued would have the hub refused for ever.
    expect(await agent.adopt(newer)).toEqual({ acked: 0, queued: 0, received: 0 });
  });

  test('hub streams: what is queued for the present store is read for no other', async () => {
    const { agent } = await openAgent();
    await agent.adopt(older);
    await agent.adopt(newer);
    await agent.apply(newer, [give]);
    expect(await agent.readOutbox(newer, 0, 9)).toHaveLength(1);
    expect(await agent.readOutbox(older, 0, 9)).toEqual([]);
  });

  test('hub streams: what comes of a store that was given up is not taken, and not called applied', async () => {
    const { agent } = await openAgent();
    await agent.adopt(older);
    await agent.adopt(newer);
    await expect(agent.apply(older, [give])).rejects.toMatchObject({ code: 'LINK_LOST' });
    expect(agent.status).toMatchObject({ life: 'serving', attempts: [] });
    // It comes again once that store is back, and is taken then.
    expect(await agent.adopt(older)).toMatchObject({ received: 0 });
    await agent.apply(older, [give]);
    expect(agent.status.attempts).toEqual([{ attempt: 'J1.1', state: 'accepted' }]);
  });
});
