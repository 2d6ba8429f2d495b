/*
 * What every provider at work does: the suite that each implementation of the contract passes.
 *
 * Getting an agent onto a box is tried end to end, with real agents; here is what makes boxes and lets them go.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BoxOrder, KnownBoxes, Maker } from '../../cockpit/fleet/spawn/maker.ts';
import { formatTag } from '../../cockpit/manager/spawn-box.ts';

/** The key of the hub whose boxes they are, and of another that shares the provider. */
export const makerKeys = {
  own: 'abcdef'.padEnd(64, '0'),
  other: '123456'.padEnd(64, '0'),
} as const;

/** A provider under test, with room for three boxes. */
export interface MakerInHand {
  /** The same provider as the hub of this key sees it. */
  open(hubKey: string): Maker;
  close(): Promise<void>;
}

const none: KnownBoxes = { boxes: [], sought: [] };

function order(name: string, hubKey: string = makerKeys.own): BoxOrder {
  const others = ['alice', 'bob'].map((one) => formatTag(hubKey, one));
  return { name, tag: formatTag(hubKey, name), madeAt: 1, others };
}

/** Runs the suite. */
export function testMaker(name: string, openProvider: () => Promise<MakerInHand>): void {
  describe(`maker: ${name}`, () => {
    let provider: MakerInHand;
    let maker: Maker;

    beforeEach(async () => {
      provider = await openProvider();
      maker = provider.open(makerKeys.own);
    });

    afterEach(() => provider.close());

    const tags = async () => (await maker.list(none)).map(({ tag }) => tag).sort();

    test('has no box at first', async () => {
      expect(await tags()).toEqual([]);
    });

    test('lists what it made under its tag, once, with an id of its own', async () => {
      await maker.up(order('alice'));
      await maker.up(order('bob'));
      expect(await tags()).toEqual([order('alice').tag, order('bob').tag]);
      const ids = (await maker.list(none)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(2);
    });

    test('is the same for a hub that was started again', async () => {
      await maker.up(order('alice'));
      const [before] = await maker.list(none);
      maker = provider.open(makerKeys.own);
      expect(await maker.list(none)).toEqual([before]);
    });

    test('lets go of what it is told, and of nothing else', async () => {
      await maker.up(order('alice'));
      await maker.up(order('bob'));
      const alice = (await maker.list(none)).find(({ tag }) => tag === order('alice').tag);
      if (alice === undefined) throw new Error('alice is not listed');
      await maker.down({ ...alice, name: 'alice' });
      expect(await tags()).toEqual([order('bob').tag]);
    });

    test('shows a hub its own boxes only', async () => {
      const other = provider.open(makerKeys.other);
      await maker.up(order('alice'));
      await other.up(order('bob', makerKeys.other));
      expect(await tags()).toEqual([order('alice').tag]);
      expect((await other.list(none)).map(({ tag }) => tag)).toEqual([
        order('bob', makerKeys.other).tag,
      ]);
    });

    test('says what it would do without doing it', async () => {
      expect(maker.describe(order('alice')).length).toBeGreaterThan(1);
      expect(await tags()).toEqual([]);
    });
  });
}
