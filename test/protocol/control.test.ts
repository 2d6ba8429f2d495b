/*
 * The control conversation: calls and streams over one link, with room for a slow reader and an end.
 */
import { describe, expect, test } from 'vitest';
import { encodeValue } from '../../protocol/codec.ts';
import {
  type ControlCall,
  itemsUnderWayMax,
  serveControl,
  valueBytesMax,
} from '../../protocol/control.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { AppError } from '../../protocol/errors.ts';
import { giveBytesMax, givesUnderWayMax } from '../../protocol/given-values.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { settle } from './fake-ports.ts';

function connect(handler: (call: ControlCall) => Promise<unknown>) {
  const [link, far] = createLinkPair('a', 'b');
  serveControl(far, handler);
  return { client: new ControlClient(link, 'HUB_UNREACHABLE'), far };
}

function makeGate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('control', () => {
  test('control: calls at once are each given their own answer, in any order', async () => {
    const gate = makeGate();
    const { client } = connect(async ({ verb, args }) => {
      if (verb === 'slow') await gate.opened;
      return { verb, args };
    });
    const slow = client.call('slow', { n: 1 });
    expect(await client.call('fast', { n: 2 })).toEqual({ verb: 'fast', args: { n: 2 } });
    gate.open();
    expect(await slow).toEqual({ verb: 'slow', args: { n: 1 } });
  });

  test('control: a handler’s error comes with its code and words, any other as HUB_INTERNAL', async () => {
    const { client } = connect(async ({ verb }) => {
      if (verb === 'coded') throw new AppError('JOB_UNKNOWN', 'There is no job J9.');
      throw new TypeError('x is undefined');
    });
    await expect(client.call('coded', {})).rejects.toMatchObject({
      code: 'JOB_UNKNOWN',
      message: 'There is no job J9.',
    });
    await expect(client.call('bug', {})).rejects.toMatchObject({ code: 'HUB_INTERNAL' });
  });

  test('control: answers and items far larger than a frame come whole', async () => {
    const rows = Array.from({ length: 8000 }, (_, n) => ({
      id: `J${n}`,
      command: ['é'.repeat(50)],
      n,
    }));
    const { client } = connect(async (call) => {
      await call.item(rows);
      return rows;
    });
    const items: unknown[] = [];
    const { done } = client.stream('jobs', {}, (item) => void items.push(item));
    expect(await done).toEqual(rows);
    expect(items).toEqual([rows]);
  });

  test('control: an answer beyond its limit fails that call, not the link', async () => {
    const { client } = connect(async ({ verb }) =>
      verb === 'huge' ? 'x'.repeat(valueBytesMax) : 'small',
    );
    await expect(client.call('huge', {})).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    expect(await client.call('other', {})).toBe('small');
  });

  test('control: parts without an end are not hoarded', async () => {
    const [link, far] = createLinkPair('a', 'b');
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    const code = client.call('any', {}).catch((error) => error.code);
    const part = encodeValue({ t: 'part', id: 1, json: new Uint8Array(512 * 1024) });
    far.open({ frame: () => undefined, drain: () => undefined, closed: () => undefined });
    for (let sent = 0; sent < 18; sent += 1) {
      far.send(part);
      await settle();
    }
    expect(await code).toBe('HUB_UNREACHABLE');
  });

  test('control: an answer of nothing is null', async () => {
    const { client } = connect(async () => undefined);
    expect(await client.call('any', {})).toBeNull();
  });

  test('control: a question too large for a frame is refused before it leaves', async () => {
    const { client } = connect(async () => 'answer');
    const huge = client.call('any', { text: 'x'.repeat(2 ** 21) });
    await expect(huge).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    expect(await client.call('any', {})).toBe('answer');
  });

  test('control: items come in order, the answer after the last was taken', async () => {
    const { client } = connect(async (call) => {
      for (let n = 1; n <= 200; n += 1) expect(await call.item(n)).toBe(true);
      return 'end';
    });
    const items: unknown[] = [];
    const { done } = client.stream('count', {}, async (item) => {
      await Promise.resolve();
      items.push(item);
    });
    expect(await done).toBe('end');
    expect(items).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  });

  test('control: a slow reader holds the writer at its window', async () => {
    const gate = makeGate();
    let sentCount = 0;
    const { client } = connect(async (call) => {
      for (; sentCount < 500; sentCount += 1) await call.item(sentCount);
    });
    let takenCount = 0;
    const { done } = client.stream('flood', {}, async () => {
      takenCount += 1;
      await gate.opened;
    });
    await settle();
    expect([sentCount, takenCount]).toEqual([itemsUnderWayMax - 1, 1]);
    gate.open();
    await done;
    expect([sentCount, takenCount]).toEqual([500, 500]);
  });

  test('control: items that nobody waits for keep to the window too, and come before the answer', async () => {
    const gate = makeGate();
    const count = 3 * itemsUnderWayMax;
    const { client } = connect(async (call) => {
      for (let n = 0; n < count; n += 1) void call.item(n);
      return 'end';
    });
    const items: unknown[] = [];
    const { done } = client.stream('news', {}, async (item) => {
      await gate.opened;
      items.push(item);
    });
    await settle();
    gate.open();
    expect(await done).toBe('end');
    expect(items).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  test('control: of several who wait for room none is forgotten', async () => {
    const gate = makeGate();
    let wentOnCount = 0;
    const { client } = connect(async (call) => {
      const say = async (count: number) => {
        for (let n = 0; n < count; n += 1) await call.item(n);
        wentOnCount += 1;
      };
      await Promise.all([say(itemsUnderWayMax), say(2), say(itemsUnderWayMax)]);
    });
    const { done } = client.stream('news', {}, () => gate.opened);
    await settle();
    gate.open();
    await done;
    expect(wentOnCount).toBe(3);
  });

  test('control: items that wait for room when the asker leaves are let go', async () => {
    const answers: boolean[] = [];
    const { client } = connect(async (call) => {
      for (let n = 0; n < itemsUnderWayMax; n += 1) void call.item(n);
      answers.push(...(await Promise.all([call.item('a'), call.item('b')])));
    });
    const { cancel } = client.stream('news', {}, () => new Promise<void>(() => undefined));
    await settle();
    expect(answers).toEqual([]);
    cancel();
    await settle();
    expect(answers).toEqual([false, false]);
  });

  test('control: a stream that is cancelled frees the writer at once and hands over nothing more', async () => {
    const answers: boolean[] = [];
    let dropCount = 0;
    const { client } = connect(async (call) => {
      call.onDrop(() => {
        dropCount += 1;
      });
      for (let n = 0; n < 500 && answers.at(-1) !== false; n += 1) answers.push(await call.item(n));
    });
    const gate = makeGate();
    let takenCount = 0;
    const stream = client.stream('flood', {}, async () => {
      takenCount += 1;
      await gate.opened;
    });
    await settle();
    stream.cancel();
    stream.cancel();
    expect(await stream.done).toBeUndefined();
    gate.open();
    await settle();
    expect(answers.at(-1)).toBe(false);
    expect([takenCount, dropCount]).toEqual([1, 1]);
  });

  test('control: a taker that throws ends its stream with its error', async () => {
    const { client } = connect(async (call) => {
      while (await call.item(1));
    });
    const { done } = client.stream('flood', {}, () => {
      throw new AppError('TERMINAL_MISSING');
    });
    await expect(done).rejects.toMatchObject({ code: 'TERMINAL_MISSING' });
  });

  test('control: given values are taken one after the other, in order, also those that came early', async () => {
    const gate = makeGate();
    const taken: unknown[] = [];
    const { client } = connect(async (call) => {
      await gate.opened;
      await new Promise<void>((resolve) => {
        call.onGive(async (value) => {
          await Promise.resolve();
          taken.push(value);
          if (taken.length === 200) resolve();
        });
      });
      return 'end';
    });
    const stream = client.stream('eat', {}, () => undefined);
    const early = stream.give({ n: 0 });
    await settle();
    gate.open();
    expect(await early).toBe(true);
    for (let n = 1; n < 200; n += 1) await stream.give({ n });
    expect(await stream.done).toBe('end');
    expect(taken).toEqual(Array.from({ length: 200 }, (_, n) => ({ n })));
  });

  test('control: who gives to a slow taker waits at the room’s end, and is told when the call is over', async () => {
    const { client, far } = connect((call) => {
      call.onGive(() => new Promise(() => undefined));
      return new Promise(() => undefined);
    });
    const stream = client.stream('full', {}, () => undefined);
    stream.done.catch(() => undefined);
    let givenCount = 0;
    const giving = (async () => {
      while (await stream.give('x')) givenCount += 1;
      return 'over';
    })();
    await settle();
    expect(givenCount).toBe(givesUnderWayMax - 1);
    far.close('gone');
    expect(await giving).toBe('over');
    expect(await stream.give('more')).toBe(false);
  });

  test('control: a cancelled stream takes nothing more', async () => {
    const taken: unknown[] = [];
    const { client } = connect((call) => {
      call.onGive((value) => void taken.push(value));
      return new Promise(() => undefined);
    });
    const stream = client.stream('eat', {}, () => undefined);
    expect(await stream.give(1)).toBe(true);
    stream.cancel();
    expect(await stream.give(2)).toBe(false);
    await settle();
    expect(taken).toEqual([1]);
  });

  test('control: a given value that its taker refuses fails the call with its code', async () => {
    let dropCount = 0;
    const { client } = connect((call) => {
      call.onGive(() => {
        throw new AppError('USAGE_ARGUMENT', 'That is no size.');
      });
      call.onDrop(() => {
        dropCount += 1;
      });
      return new Promise(() => undefined);
    });
    const stream = client.stream('eat', {}, () => undefined);
    void stream.give('bad');
    await expect(stream.done).rejects.toMatchObject({ message: 'That is no size.' });
    expect(dropCount).toBe(1);
  });

  test('control: a value too large to be given is refused before it leaves', async () => {
    const { client } = connect(() => new Promise(() => undefined));
    const stream = client.stream('eat', {}, () => undefined);
    const huge = stream.give('x'.repeat(giveBytesMax));
    await expect(huge).rejects.toMatchObject({ code: 'USAGE_ARGUMENT' });
    expect(await stream.give('x'.repeat(giveBytesMax - 2))).toBe(true);
  });

  test('control: a peer that gives beyond the room, or too much at once, ends its link', async () => {
    const give = (json: Uint8Array) => encodeValue({ t: 'give', id: 1, json });
    const small = Array.from({ length: givesUnderWayMax + 1 }, () => give(Buffer.from('1')));
    for (const gives of [small, [give(new Uint8Array(giveBytesMax + 1))]]) {
      const [link, far] = createLinkPair('a', 'b');
      serveControl(far, () => new Promise(() => undefined));
      const client = new ControlClient(link, 'HUB_UNREACHABLE');
      link.send(encodeValue({ t: 'ask', id: 1, verb: 'a', args: {} }));
      for (const bytes of gives) link.send(bytes);
      expect(await client.closed).toBe('closed by peer');
    }
  });

  test('control: when the link ends, open and later calls fail with the code given', async () => {
    let dropCount = 0;
    const { client, far } = connect((call) => {
      call.onDrop(() => {
        dropCount += 1;
      });
      return new Promise(() => undefined);
    });
    const calls = [client.call('a', {}), client.call('b', {})].map((call) =>
      call.catch((error) => error.code),
    );
    await settle();
    far.close('gone');
    expect(await Promise.all(calls)).toEqual(['HUB_UNREACHABLE', 'HUB_UNREACHABLE']);
    expect(await client.closed).toBe('closed by peer');
    await expect(client.call('c', {})).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
    expect(dropCount).toBe(2);
  });

  test('control: closing fails what is open and may be repeated', async () => {
    const { client } = connect(() => new Promise(() => undefined));
    const call = client.call('a', {});
    client.close();
    client.close();
    await expect(call).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
  });
});
