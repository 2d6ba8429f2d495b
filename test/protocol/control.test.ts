/*
 * The control conversation: calls and streams over one link, with room for a slow reader and an end.
 */
import { describe, expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../../protocol/codec.ts';
import {
  type ControlCall,
  ControlClient,
  callsOpenMax,
  itemsUnderWayMax,
  serveControl,
  valueBytesMax,
} from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import { giveBytesMax, givesUnderWayMax } from '../../protocol/given-values.ts';
import type { Link, LinkHandlers } from '../../protocol/transports/link.ts';
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

  test.each([
    ['rubbish', Uint8Array.of(0xc1)],
    ['a frame of no known kind', encodeValue({ t: 'hug', id: 1 })],
    ['an id below nothing', encodeValue({ t: 'ask', id: -1, verb: 'a', args: {} })],
  ])('control: %s ends the link', async (_what, bytes) => {
    const [link, far] = createLinkPair('a', 'b');
    serveControl(far, async () => 'never');
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    link.send(bytes);
    expect(await client.closed).toBe('closed by peer');
  });

  test('control: an answer that is no JSON fails the call', async () => {
    const [link, far] = createLinkPair('a', 'b');
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    const code = client.call('any', {}).catch((error) => error.code);
    far.send(encodeValue({ t: 'done', id: 1, json: Buffer.from('{') }));
    expect(await code).toBe('HUB_UNREACHABLE');
  });

  test('control: an id that is in use, or a call too many, ends the link', async () => {
    const ask = (id: number) => encodeValue({ t: 'ask', id, verb: 'a', args: {} });
    for (const ids of [[1, 1], Array.from({ length: callsOpenMax + 1 }, (_, index) => index)]) {
      const [link, far] = createLinkPair('a', 'b');
      serveControl(far, () => new Promise(() => undefined));
      const client = new ControlClient(link, 'HUB_UNREACHABLE');
      for (const id of ids.slice(0, -1)) link.send(ask(id));
      await settle();
      const stillOpen = await Promise.race([client.closed, Promise.resolve('open')]);
      expect(stillOpen).toBe('open');
      link.send(ask(ids.at(-1) ?? 0));
      expect(await client.closed).toBe('closed by peer');
    }
  });

  test('control: a link that is full is sent nothing more until it drains, whatever was asked', async () => {
    const link = makeSlowLink();
    const whole = 'x'.repeat(3 * 1024 * 1024);
    serveControl(link, async () => whole);
    link.say({ t: 'ask', id: 1, verb: 'a', args: {} });
    link.say({ t: 'ask', id: 2, verb: 'a', args: {} });
    await settle();
    expect(link.sent.map(({ t, id }) => `${t} ${id}`)).toEqual(['part 1']);
    for (let drains = 0; drains < 20; drains += 1) {
      link.drain();
      await settle();
      expect(link.sent.length).toBeLessThanOrEqual(drains + 2);
    }
    const ofEach = [1, 2].map((id) => link.sent.filter((frame) => frame.id === id));
    expect(ofEach.map((frames) => frames.at(-1)?.t)).toEqual(['done', 'done']);
    expect(ofEach.map((frames) => Buffer.concat(frames.map(({ json }) => json)).length)).toEqual([
      whole.length + 2,
      whole.length + 2,
    ]);
  });

  test('control: the end of a served link fails what is open with its code, and drops it', async () => {
    const [link, far] = createLinkPair('a', 'b');
    const dropped: string[] = [];
    const served = serveControl(far, (call) => {
      call.onDrop(() => dropped.push(call.verb));
      return new Promise(() => undefined);
    });
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    const calls = ['a', 'b'].map((verb) => client.call(verb, {}).catch((error) => error.code));
    await settle();
    served.end('HUB_STOPPING');
    served.end('HUB_STOPPING');
    expect(await Promise.all(calls)).toEqual(['HUB_STOPPING', 'HUB_STOPPING']);
    expect(dropped).toEqual(['a', 'b']);
    expect(await client.closed).toBe('closed by peer');
  });

  test('control: a hub that says more items than there is room for loses the link', async () => {
    const [link, far] = createLinkPair('a', 'b');
    const json = new TextEncoder().encode('1');
    const closed: string[] = [];
    far.open({
      frame: (bytes) => {
        const frame = decodeValue(bytes) as { readonly t: string; readonly id: number };
        if (frame.t !== 'ask') return;
        for (let at = 0; at <= itemsUnderWayMax; at += 1) {
          far.send(encodeValue({ t: 'item', id: frame.id, json }));
        }
      },
      drain: () => undefined,
      closed: (reason) => closed.push(reason),
    });
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    // Whoever takes them is slow, so none was taken when the last one comes.
    const { done } = client.stream('logs', {}, () => new Promise(() => undefined));
    await expect(done).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
    await settle();
    expect(closed).toHaveLength(1);
  });
});

/** A link that is full after every frame, until the test says that it has drained. */
function makeSlowLink(): Link & {
  readonly sent: { readonly t: string; readonly id: number; readonly json: Uint8Array }[];
  say(frame: unknown): void;
  drain(): void;
} {
  let handlers: LinkHandlers | undefined;
  const sent: { readonly t: string; readonly id: number; readonly json: Uint8Array }[] = [];
  return {
    carrier: 'memory',
    peerKey: 'b',
    sent,
    open(given: LinkHandlers) {
      handlers = given;
    },
    send(bytes: Uint8Array) {
      sent.push(decodeValue(bytes) as (typeof sent)[number]);
      return 'full';
    },
    close: () => undefined,
    say: (frame: unknown) => handlers?.frame(encodeValue(frame)),
    drain: () => handlers?.drain(),
  };
}
