/*
 * The hub between an asker and a worker: what it relays, whom it refuses, and what it does when either goes.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runVerb } from '../../../cockpit/hub/control.ts';
import { byeLingerMs } from '../../../cockpit/hub/limits.ts';
import type { TerminalItem } from '../../../cockpit/verbs/terminal-shapes.ts';
import { serveControl } from '../../../protocol/control.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import {
  terminalAwayMsMax,
  terminalChunkBytesMax,
  terminalOpenMsMax,
  terminalsPerWorkerMax,
  terminalWindowBytesMax,
} from '../../../protocol/limits.ts';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { readEvents } from '../../../store/journal.ts';
import type { RawPeer } from '../../protocol/raw-peer.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { alice } from './hub-bench.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

let inHand: HubInHand;
let peer: RawPeer;

beforeEach(async () => {
  inHand = await openHubInHand();
  peer = await inHand.join(alice);
});

afterEach(() => inHand.hub.stop());

/** An asker with a connection of its own. `take` may hold it up. */
function ask(args: Record<string, unknown>, take: () => unknown = () => undefined) {
  const [near, far] = createLinkPair('a', 'b');
  const { hub } = inHand;
  const scene = { hub, home: '', pid: 1, box: bareBox, stopHub: () => undefined };
  serveControl(far, (call) => runVerb(scene, call));
  const client = new ControlClient(near, 'HUB_UNREACHABLE');
  const items: TerminalItem[] = [];
  const stream = client.stream('terminal', args, async (item) => {
    items.push(item as TerminalItem);
    await take();
  });
  const done = stream.done.catch((error: unknown) => error);
  const text = () =>
    items
      .map((item) => ('base64' in item ? Buffer.from(item.base64, 'base64').toString() : ''))
      .join('');
  const type = (typed: string) => stream.give({ base64: Buffer.from(typed).toString('base64') });
  return { client, stream, done, items, text, type };
}

/** An asker whose terminal the worker has opened. */
async function openTerminal(take?: () => unknown) {
  const asker = ask({ target: 'alice', columns: 100, rows: 40, term: 'tmux' }, take);
  await inHand.rest();
  const id = peer.pick('terminal-open').at(-1)?.id ?? -1;
  peer.say({ t: 'terminal-opened', id, directory: '/srv' });
  await inHand.rest();
  return { ...asker, id };
}

const output = (id: number, from: number, bytes: Uint8Array) =>
  peer.say({ t: 'terminal-data', id, from, bytes });

describe('hub terminals', () => {
  test('hub terminals: bytes go both ways, sizes there, and the end comes after the last byte', async () => {
    const { id, items, type, text, stream, done } = await openTerminal();
    expect(peer.pick('terminal-open')[0]).toMatchObject({ columns: 100, rows: 40, term: 'tmux' });
    expect(items[0]).toMatchObject({ worker: 'alice', directory: '/srv' });
    await type('ls\r');
    await stream.give({ columns: 50, rows: 20 });
    output(id, 0, Buffer.from('file\r\n'));
    peer.say({ t: 'terminal-ack', id, offset: 3 });
    await inHand.rest();
    expect(Buffer.from(peer.pick('terminal-data')[0]?.bytes ?? []).toString()).toBe('ls\r');
    expect(peer.pick('terminal-size').at(-1)).toMatchObject({ id, columns: 50, rows: 20 });
    expect(peer.pick('terminal-ack').at(-1)).toMatchObject({ id, offset: 6 });
    peer.say({ t: 'terminal-end', id, at: 6, exitCode: 3 });
    await inHand.rest();
    expect(await done).toEqual({ worker: 'alice', exitCode: 3, signal: null });
    expect(text()).toBe('file\r\n');
    expect(peer.pick('terminal-close')).toEqual([{ t: 'terminal-close', id }]);
  });

  test('hub terminals: who opened where and for how long is in the journal, not what passed', async () => {
    const { id, type } = await openTerminal();
    await type('secret');
    await inHand.ports.advance(2000);
    peer.say({ t: 'terminal-end', id, at: 0, signal: 'SIGKILL' });
    await inHand.rest();
    const events = await readEvents(inHand.hub.kv, { afterSeq: 0, countMax: 100 });
    const told = events.filter(({ kind }) => kind.startsWith('terminal-'));
    expect(told).toMatchObject([
      { kind: 'terminal-opened', worker: alice },
      { kind: 'terminal-closed', worker: alice, note: 'after 2 s: SIGKILL' },
    ]);
    expect(JSON.stringify(events) + inHand.noticed.join('')).not.toContain('secret');
  });

  test('hub terminals: one that was left is not called lost', async () => {
    const { stream } = await openTerminal();
    stream.cancel();
    await inHand.rest();
    const events = await readEvents(inHand.hub.kv, { afterSeq: 0, countMax: 100 });
    expect(events.at(-1)).toMatchObject({ kind: 'terminal-closed', note: 'after 0 s: left' });
  });

  test('hub terminals: an asker who takes nothing leaves the worker’s window shut', async () => {
    const { id } = await openTerminal(() => new Promise(() => undefined));
    const chunk = new Uint8Array(1024);
    for (let n = 0; n < 200; n += 1) output(id, n * 1024, chunk);
    await inHand.rest();
    const acked = peer.pick('terminal-ack').at(-1)?.offset ?? 0;
    // The asker's connection holds 64 items.
    expect(acked).toBeLessThanOrEqual(64 * 1024);
  });

  test('hub terminals: a worker that takes nothing stops the asker, within the window', async () => {
    const { type } = await openTerminal();
    let givenCount = 0;
    void (async () => {
      while (await type('x'.repeat(terminalChunkBytesMax))) givenCount += 1;
    })();
    await inHand.rest();
    const sent = peer.pick('terminal-data').reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(sent).toBe(terminalWindowBytesMax);
    expect(givenCount).toBeLessThan(80);
  });

  test('hub terminals: an agent that does not know them, refuses or is silent gives one clear error', async () => {
    const old = ask({ target: 'alice' });
    await inHand.rest();
    peer.say({ t: 'nak', code: 'FRAME_UNKNOWN', message: 'I do not know "terminal-open".' });
    await inHand.rest();
    expect(await old.done).toMatchObject({ code: 'TERMINAL_UNSUPPORTED' });
    const refused = ask({ target: 'alice' });
    await inHand.rest();
    const id = peer.pick('terminal-open').at(-1)?.id ?? -1;
    peer.say({ t: 'terminal-end', id, at: 0, code: 'TERMINAL_REFUSED', message: 'No.' });
    await inHand.rest();
    expect(await refused.done).toMatchObject({ code: 'TERMINAL_REFUSED', message: 'No.' });
    const silent = ask({ target: 'alice' });
    await inHand.rest();
    for (let ms = 0; ms < terminalOpenMsMax; ms += 1000) {
      peer.say({ t: 'ping', at: ms });
      await inHand.ports.advance(1000);
    }
    expect(await silent.done).toMatchObject({ code: 'TERMINAL_LOST' });
  });

  test('hub terminals: one too many, and one on a worker or of a job that is not there, are refused', async () => {
    for (let n = 0; n < terminalsPerWorkerMax; n += 1) await openTerminal();
    expect(await ask({ target: 'alice' }).done).toMatchObject({ code: 'TERMINAL_FULL' });
    expect(await ask({ target: 'bob' }).done).toMatchObject({ code: 'WORKER_AWAY' });
    expect(await ask({ target: 'zoe' }).done).toMatchObject({ code: 'WORKER_UNKNOWN' });
    expect(await ask({ target: 'J9' }).done).toMatchObject({ code: 'JOB_UNKNOWN' });
  });

  test('hub terminals: an asker who leaves, or whose connection goes, closes the terminal', async () => {
    const left = await openTerminal();
    left.stream.cancel();
    const gone = await openTerminal();
    gone.client.close();
    await inHand.rest();
    expect(peer.pick('terminal-close').map(({ id }) => id)).toEqual([left.id, gone.id]);
  });

  test('hub terminals: what is no input fails the call and closes the terminal', async () => {
    const { stream, done, id } = await openTerminal();
    await stream.give({ columns: 0, rows: -1 });
    await inHand.rest();
    expect(await done).toMatchObject({ code: 'USAGE_ARGUMENT' });
    expect(peer.pick('terminal-close')).toEqual([{ t: 'terminal-close', id }]);
  });

  test('hub terminals: a short loss of the link is shown, and nothing of either direction is lost', async () => {
    const { id, items, text, type } = await openTerminal();
    await type('one ');
    await inHand.rest();
    peer.close();
    await inHand.rest();
    expect(items.at(-1)).toEqual({ worker: 'alice', is: 'away' });
    await type('two');
    peer = await inHand.join(alice);
    expect(items.at(-1)).toEqual({ worker: 'alice', is: 'back' });
    expect(peer.pick('terminal-held')).toEqual([{ t: 'terminal-held', ids: [id] }]);
    const typed = peer.pick('terminal-data').map(({ bytes }) => Buffer.from(bytes).toString());
    expect(typed.join('')).toBe('one two');
    output(id, 0, Buffer.from('seen'));
    await inHand.ports.advance(terminalAwayMsMax / 2);
    expect(text()).toBe('seen');
  });

  test('hub terminals: a worker that stays away, or started anew, loses them', async () => {
    const away = await openTerminal();
    peer.close();
    await inHand.rest();
    await inHand.ports.advance(terminalAwayMsMax);
    expect(await away.done).toMatchObject({ code: 'TERMINAL_LOST' });
    peer = await inHand.join(alice);
    const anew = await openTerminal();
    peer = await inHand.join(alice, { incarnation: 2 });
    expect(await anew.done).toMatchObject({ code: 'TERMINAL_LOST' });
  });

  test('hub terminals: what a worker still has and nobody here looks at is closed on the next link', async () => {
    const { id } = await openTerminal();
    peer.say({ t: 'terminal-held', ids: [id, id + 1] });
    await inHand.rest();
    expect(peer.pick('terminal-close')).toEqual([{ t: 'terminal-close', id: id + 1 }]);
  });

  test('hub terminals: a worker that sends beyond the window, or takes what it never got, loses that terminal alone', async () => {
    const flood = await openTerminal();
    output(flood.id, terminalWindowBytesMax, new Uint8Array(1));
    const liar = await openTerminal();
    peer.say({ t: 'terminal-ack', id: liar.id, offset: 1 });
    const sound = await openTerminal();
    await inHand.rest();
    expect(await flood.done).toMatchObject({ code: 'TERMINAL_LOST' });
    expect(await liar.done).toMatchObject({ code: 'TERMINAL_LOST' });
    output(sound.id, 0, Buffer.from('fine'));
    await inHand.rest();
    expect(sound.text()).toBe('fine');
    expect(peer.closedBecause).toBeUndefined();
  });

  test('hub terminals: ended trust, and the end of the hub, end them', async () => {
    const revoked = await openTerminal();
    const worker = inHand.hub.workers.find(alice);
    const revoking = worker === undefined ? undefined : inHand.hub.revoke(worker);
    await inHand.rest();
    await inHand.ports.advance(byeLingerMs);
    await revoking;
    expect(await revoked.done).toMatchObject({ code: 'WORKER_REVOKED' });
    expect(await ask({ target: 'alice' }).done).toMatchObject({ code: 'WORKER_REVOKED' });
    await inHand.hub.stop();
    inHand = await openHubInHand();
    peer = await inHand.join(alice);
    const stopped = await openTerminal();
    await inHand.hub.stop();
    expect(await stopped.done).toMatchObject({ code: 'HUB_STOPPING' });
  });

  test('hub terminals: a link that ends after the end of all terminals leaves no timer behind', async () => {
    await openTerminal();
    const { terminals } = inHand.hub;
    const before = inHand.ports.timerCount;
    terminals.stop();
    terminals.unlinked(alice);
    expect(inHand.ports.timerCount).toBe(before);
  });
});
