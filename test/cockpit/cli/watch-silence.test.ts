/*
 * What is said of a hub from which nothing comes, and what is not.
 */
import { describe, expect, test } from 'vitest';
import { watchSilence } from '../../../cockpit/cli/watch-silence.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

function watch(answer: () => Promise<unknown>) {
  const ports = new FakePorts();
  const said: string[] = [];
  let asks = 0;
  const call = () => {
    asks += 1;
    return answer();
  };
  const { timers } = ports;
  const stop = watchSilence({ client: { call }, timers, say: (line) => said.push(line) });
  return { ports, said, stop, countAsks: () => asks };
}

const sound = { disk: { store: 'sound' } };
const full = { disk: { store: 'reopening', code: 'DISK_FULL', message: 'The disk is full.' } };

describe('silence', () => {
  test('silence: a hub that answers nothing is named once, after eight seconds', async () => {
    const { ports, said } = watch(() => new Promise(() => undefined));
    await ports.advance(7900);
    expect(said).toEqual([]);
    await ports.advance(60_000);
    expect(said).toEqual([expect.stringContaining('The hub does not answer.')]);
  });

  test('silence: a hub whose store takes nothing says so itself', async () => {
    const { ports, said } = watch(() => Promise.resolve(full));
    await ports.advance(60_000);
    expect(said).toEqual([expect.stringContaining('The disk is full. [DISK_FULL]')]);
  });

  test('silence: of a hub that is well nothing is said, and it is asked ever more seldom', async () => {
    const { ports, said, countAsks } = watch(() => Promise.resolve(sound));
    await ports.advance(80_000);
    expect(said).toEqual([]);
    expect(countAsks()).toBe(4);
  });

  test('silence: once the answer is here nothing is said or asked any more', async () => {
    const { ports, said, stop, countAsks } = watch(() => new Promise(() => undefined));
    await ports.advance(6000);
    stop();
    await ports.advance(60_000);
    expect(said).toEqual([]);
    expect(countAsks()).toBe(1);
  });

  test('silence: a connection that ends is left to the call that is waited for', async () => {
    const { ports, said } = watch(() => Promise.reject(new Error('gone')));
    await ports.advance(60_000);
    expect(said).toEqual([]);
  });
});
