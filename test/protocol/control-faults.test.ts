/*
 * The control conversation with an end that breaks its rules, or goes away in the middle.
 */
import { describe, expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../../protocol/codec.ts';
import {
  type ControlCall,
  callsOpenMax,
  itemsUnderWayMax,
  serveControl,
} from '../../protocol/control.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import type { Link, LinkHandlers } from '../../protocol/transports/link.ts';
import { createLinkPair } from '../../protocol/transports/memory.ts';
import { settle } from './fake-ports.ts';

function _connect(handler: (call: ControlCall) => Promise<unknown>) {
  const [link, far] = createLinkPair('a', 'b');
  serveControl(far, handler);
  return { client: new ControlClient(link, 'HUB_UNREACHABLE'), far };
}

function _makeGate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('control faults', () => {
  test.each([
    ['rubbish', Uint8Array.of(0xc1)],
    ['a frame of no known kind', encodeValue({ t: 'hug', id: 1 })],
    ['an id below nothing', encodeValue({ t: 'ask', id: -1, verb: 'a', args: {} })],
  ])('control faults: %s ends the link', async (_what, bytes) => {
    const [link, far] = createLinkPair('a', 'b');
    serveControl(far, async () => 'never');
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    link.send(bytes);
    expect(await client.closed).toBe('closed by peer');
  });

  test('control faults: an answer that is no JSON fails the call', async () => {
    const [link, far] = createLinkPair('a', 'b');
    const client = new ControlClient(link, 'HUB_UNREACHABLE');
    const code = client.call('any', {}).catch((error) => error.code);
    far.send(encodeValue({ t: 'done', id: 1, json: Buffer.from('{') }));
    expect(await code).toBe('HUB_UNREACHABLE');
  });

  test('control faults: an id that is in use, or a call too many, ends the link', async () => {
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

  test('control faults: a link that is full is sent nothing more until it drains, whatever was asked', async () => {
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

  test('control faults: the end of a served link fails what is open with its code, and drops it', async () => {
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

  test('control faults: a hub that says more items than there is room for loses the link', async () => {
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
    arrivedBytes: 0,
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
