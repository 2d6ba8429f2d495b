/*
 * Stores that a peer speaks from are adopted one at a time, and the newest wins.
 */
import { describe, expect, test } from 'vitest';
import { Adoptions } from '../../protocol/adoptions.ts';
import type { StreamMarks } from '../../protocol/session-host.ts';
import { settle } from './fake-ports.ts';

const marks: StreamMarks = { acked: 0, queued: 0, received: 0 };

/** A host whose disk is waited for: each adoption ends when the test says so. */
function makeHost() {
  const begun: string[] = [];
  const ends: { readonly done: () => void; readonly fail: () => void }[] = [];
  const adoptions = new Adoptions((store) => {
    begun.push(store);
    return new Promise((resolve, reject) => {
      ends.push({ done: () => resolve(marks), fail: () => reject(new Error('no disk')) });
    });
  });
  return { adoptions, begun, ends };
}

describe('adoptions', () => {
  test('adoptions: a store that two links bring at once is adopted once, for both', async () => {
    const { adoptions, begun, ends } = makeHost();
    const both = [adoptions.adopt('b'), adoptions.adopt('b')];
    ends[0]?.done();
    expect(await Promise.all(both)).toEqual([marks, marks]);
    expect(begun).toEqual(['b']);
  });

  test('adoptions: a newer store waits for the one before, which is told that it is no more', async () => {
    const { adoptions, begun, ends } = makeHost();
    const older = adoptions.adopt('b');
    const newer = adoptions.adopt('c');
    await settle();
    expect(begun).toEqual(['b']);
    ends[0]?.done();
    expect(await older).toBeUndefined();
    await settle();
    expect(begun).toEqual(['b', 'c']);
    ends[1]?.done();
    expect(await newer).toEqual(marks);
  });

  test('adoptions: a link that comes as an older one ends shares what goes on', async () => {
    const { adoptions, begun, ends } = makeHost();
    void adoptions.adopt('b');
    const first = adoptions.adopt('c');
    ends[0]?.done();
    await settle();
    const second = adoptions.adopt('c');
    ends[1]?.done();
    expect(await Promise.all([first, second])).toEqual([marks, marks]);
    expect(begun).toEqual(['b', 'c']);
  });

  test('adoptions: one that the host refused is tried again by the next link', async () => {
    const { adoptions, begun, ends } = makeHost();
    const refused = adoptions.adopt('b');
    ends[0]?.fail();
    await expect(refused).rejects.toThrow('no disk');
    const again = adoptions.adopt('b');
    ends[1]?.done();
    expect(await again).toEqual(marks);
    expect(begun).toEqual(['b', 'b']);
  });

  test('adoptions: a newer store is adopted also where the one before was refused', async () => {
    const { adoptions, ends } = makeHost();
    const refused = adoptions.adopt('b');
    const newer = adoptions.adopt('c');
    ends[0]?.fail();
    await expect(refused).rejects.toThrow('no disk');
    await settle();
    ends[1]?.done();
    expect(await newer).toEqual(marks);
  });
});
