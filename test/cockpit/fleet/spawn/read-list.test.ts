/*
 * What a provider’s list says, and what of it is never let in.
 * Ids and addresses go into commands.
 */
import { describe, expect, test } from 'vitest';
import { type ListPlaces, readBoxList } from '../../../../cockpit/fleet/spawn/read-list.ts';

const places: ListPlaces = {
  boxes: 'data.boxes',
  id: 'id',
  tag: 'labels.0',
  address: 'net.ip',
  state: 'state',
  ready: ['up'],
  gone: ['dead'],
};
const prefix = 'wally-abcdef-';

function read(boxes: unknown, over: Partial<ListPlaces> = {}) {
  const text = JSON.stringify({ data: { boxes } });
  return readBoxList(text, { places: { ...places, ...over }, prefix });
}

const alice = { id: 7, labels: ['wally-abcdef-alice'], net: { ip: '10.0.0.1' }, state: 'up' };

describe('a provider’s list', () => {
  test('is read by its places; boxes of others are passed over', () => {
    expect(read([alice, { id: 8, labels: ['theirs'] }, { labels: [] }, null, 5])).toEqual([
      { id: '7', tag: 'wally-abcdef-alice', address: '10.0.0.1', state: 'ready' },
    ]);
  });

  test('says how a box stands by the words that the config names', () => {
    const states = ['up', 'booting', 'dead', undefined].map((state) => ({ ...alice, state }));
    expect(read(states).map(({ state }) => state)).toEqual(['ready', 'coming', 'gone', 'ready']);
    expect(read([{ ...alice, state: 'odd' }], { ready: undefined as never })).toMatchObject([
      { state: 'ready' },
    ]);
  });

  test('without addresses is as good', () => {
    expect(read([{ ...alice, net: {} }])[0]).not.toHaveProperty('address');
  });

  test.each(['-rf', '$(reboot)', 'a b', 'a;b', '', 'x'.repeat(300), null, {}])(
    'with an id that is no plain word is refused: %s',
    (id) => {
      expect(() => read([{ ...alice, id }])).toThrow(/no usable id or address/);
    },
  );

  test('with an address that is no plain word is refused', () => {
    expect(() => read([{ ...alice, net: { ip: '-oProxyCommand=x' } }])).toThrow(/no usable id/);
  });

  test('that is no list, or no JSON, is refused', () => {
    expect(() => read({})).toThrow(/"data\.boxes" is no array/);
    expect(() => readBoxList('Error: login', { places, prefix })).toThrow(
      /not JSON: "Error: login"/,
    );
    expect(() => readBoxList('{}', { places: { ...places, boxes: '' }, prefix })).toThrow(
      /the answer is no array/,
    );
  });
});
