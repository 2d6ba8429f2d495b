/*
 * What every implementation of the artifact contract must do.
 *
 * `describeArtifactStore` is called once per implementation, with a way to open its place again and again.
 */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactId, ArtifactStore } from '../../store/artifact.ts';

/** One place that artifacts live in. */
export interface ArtifactPlace {
  open(): Promise<ArtifactStore>;
  dispose(): Promise<void>;
}

const id: ArtifactId = { attempt: 'J1.1', index: 0 };
const other: ArtifactId = { attempt: 'J1.1', index: 7 };

/** The hash that a report names. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Runs the suite against one implementation. */
export function describeArtifactStore(
  name: string,
  createPlace: () => Promise<ArtifactPlace>,
): void {
  describe(`artifact contract (${name})`, () => {
    let place: ArtifactPlace;
    let store: ArtifactStore;

    beforeEach(async () => {
      place = await createPlace();
      store = await place.open();
    });

    afterEach(async () => {
      await store.close();
      await place.dispose();
    });

    const reopen = async () => {
      await store.close();
      store = await place.open();
    };
    const readText = async (which: ArtifactId) =>
      new TextDecoder().decode(await store.read(which, 0, 1e6));

    it('look: what nothing is known of is a partial of no bytes', async () => {
      expect(await store.look(id)).toEqual({ is: 'partial', bytes: 0 });
      expect(await store.list()).toEqual([]);
      expect(await store.sync(id)).toBe(0);
    });

    it('append: pieces follow each other, also after a reopen', async () => {
      await store.append(id, 0, bytesOf('one '));
      await store.append(id, 4, bytesOf('two '));
      expect(await store.sync(id)).toBe(8);
      await reopen();
      expect(await store.look(id)).toEqual({ is: 'partial', bytes: 8 });
      await store.append(id, 8, bytesOf('three'));
      expect(await store.commit(id, hashOf('one two three'))).toBe('whole');
      expect(await readText(id)).toBe('one two three');
    });

    it('append: a piece that does not begin at the end is ARTIFACT_OFFSET and changes nothing', async () => {
      await store.append(id, 0, bytesOf('one '));
      for (const from of [0, 3, 5]) {
        const misplaced = store.append(id, from, bytesOf('x'));
        await expect(misplaced).rejects.toMatchObject({ code: 'ARTIFACT_OFFSET' });
      }
      expect(await store.look(id)).toEqual({ is: 'partial', bytes: 4 });
    });

    it('commit: a whole file is there after a reopen and can be read from anywhere', async () => {
      await store.append(id, 0, bytesOf('abcdef'));
      await store.commit(id, hashOf('abcdef'));
      await reopen();
      expect(await store.look(id)).toEqual({ is: 'whole', bytes: 6 });
      expect(new TextDecoder().decode(await store.read(id, 2, 3))).toBe('cde');
      expect(await store.read(id, 6, 3)).toHaveLength(0);
    });

    it('commit: an empty file is whole without an append', async () => {
      expect(await store.commit(id, hashOf(''))).toBe('whole');
      expect(await store.look(id)).toEqual({ is: 'whole', bytes: 0 });
      expect(await readText(id)).toBe('');
    });

    it('commit: with another hash it is damaged, and begins at its start again', async () => {
      await store.append(id, 0, bytesOf('abc'));
      expect(await store.commit(id, hashOf('abd'))).toBe('damaged');
      expect(await store.look(id)).toEqual({ is: 'partial', bytes: 0 });
      await store.append(id, 0, bytesOf('abd'));
      expect(await store.commit(id, hashOf('abd'))).toBe('whole');
    });

    it('read: what is not whole is ARTIFACT_UNKNOWN', async () => {
      await store.append(id, 0, bytesOf('abc'));
      await expect(store.read(id, 0, 3)).rejects.toMatchObject({ code: 'ARTIFACT_UNKNOWN' });
      await expect(store.read(other, 0, 3)).rejects.toMatchObject({ code: 'ARTIFACT_UNKNOWN' });
    });

    it('lose: it stays lost with its code, and nothing of a partial is left', async () => {
      await store.append(id, 0, bytesOf('abc'));
      await store.lose(id, 'ARTIFACT_GONE');
      await reopen();
      expect(await store.look(id)).toEqual({ is: 'lost', code: 'ARTIFACT_GONE' });
      await expect(store.read(id, 0, 3)).rejects.toMatchObject({ code: 'ARTIFACT_UNKNOWN' });
    });

    it('remove: all files of the attempt go, those of others stay', async () => {
      for (const which of [id, other, { attempt: 'J2.1', index: 0 } as const]) {
        await store.append(which, 0, bytesOf('abc'));
      }
      await store.commit(other, hashOf('abc'));
      expect(await store.list()).toEqual(['J1.1', 'J2.1']);
      await store.remove('J1.1');
      await store.remove('J9.1');
      expect(await store.list()).toEqual(['J2.1']);
      expect(await store.look(other)).toEqual({ is: 'partial', bytes: 0 });
    });

    it('close: every later call is STORE_IO', async () => {
      await store.close();
      await expect(store.look(id)).rejects.toMatchObject({ code: 'STORE_IO' });
      await expect(store.append(id, 0, bytesOf('x'))).rejects.toMatchObject({ code: 'STORE_IO' });
      await expect(store.list()).rejects.toMatchObject({ code: 'STORE_IO' });
    });
  });
}
