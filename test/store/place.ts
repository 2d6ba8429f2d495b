/*
 * Temporary directories for the tests of the store.
 *
 * Each test has its own and removes it at its end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh directory and how to be rid of it. */
export async function createDirectory(): Promise<{
  readonly path: string;
  readonly remove: () => Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), 'wally-store-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
