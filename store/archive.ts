/*
 * The archive: what retention takes out of the store, as JSON lines, one gzip file a month.
 *
 * Lines are on the disk before the batch that removes their rows is written, and that batch says how long
 * the file is. So after a crash between the two the surplus is cut off and exported again: nothing is
 * missing and nothing is there twice. Each append is a gzip member of its own; readers of gzip take a
 * run of members as one file. It owns its mark, `meta/archive`; the files are a port's.
 * Errors: STORE_IO. Source: RFC 1952, section 2.2.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { metaKey } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { findRow, planRow } from './row-codec.ts';

/** Files that only grow, and can be cut. Names are plain. */
export interface ArchivePort {
  /** 0 where there is none. */
  findSize(file: string): Promise<number>;
  cut(file: string, bytes: number): Promise<void>;
  /** Appends; resolves when the bytes and the file's name survive the loss of power. */
  append(file: string, bytes: Uint8Array): Promise<void>;
}

const markSchema = z.object({ file: z.string(), bytes: z.number().int().nonnegative() });

/** How far a file of an archive counts. */
export type ArchiveMark = z.infer<typeof markSchema>;

const compress = promisify(gzip);

/** Life cycle: it lives as long as its store; one writer at a time is its owner's affair. */
export class Archive {
  readonly #kv: Kv;
  readonly #port: ArchivePort;
  readonly #markKey: string;

  /** `name`: of its mark in the store, `meta/NAME`; each archive of a store has its own. */
  constructor(kv: Kv, port: ArchivePort, name: 'archive' | 'audit-file' = 'archive') {
    this.#kv = kv;
    this.#port = port;
    this.#markKey = metaKey(name);
  }

  /**
   * Writes the values as lines into the file of the month of `at`. The op that it resolves with must go
   * into the batch that removes what was exported.
   */
  async export(values: readonly unknown[], at: number): Promise<KvOp> {
    const file = await this.#chooseFile(new Date(at).toISOString().slice(0, 7));
    return this.append(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  }

  /** The same for whole lines and a file of the caller's choice. */
  async append(file: string, lines: string): Promise<KvOp> {
    const before = await this.#prepare(file);
    const member = await compress(lines);
    await this.#port.append(file, member);
    return planRow(this.#markKey, { file, bytes: before + member.length });
  }

  /** The file that was written last, and how much of it counts. */
  findMark(): Promise<ArchiveMark | undefined> {
    return findRow(this.#kv, this.#markKey, markSchema);
  }

  /**
   * The file of a month. Where nothing says how much of it counts, as in a store that was restored or mended, it is
   * left as it is, for its end may be torn, and another begun beside it.
   */
  async #chooseFile(month: string): Promise<string> {
    const first = `${month}.jsonl.gz`;
    const mark = await this.findMark();
    if (mark !== undefined) return mark.file.startsWith(month) ? mark.file : first;
    for (let number = 2, file = first; ; number += 1) {
      if ((await this.#port.findSize(file)) === 0) return file;
      file = `${month}.${number}.jsonl.gz`;
    }
  }

  /** Cuts what an earlier export left without its batch; resolves with the file's size. */
  async #prepare(file: string): Promise<number> {
    const mark = await this.findMark();
    if (mark !== undefined) {
      const size = await this.#port.findSize(mark.file);
      if (size > mark.bytes) await this.#port.cut(mark.file, mark.bytes);
      // One that a person took away, or shortened, is simply begun again.
      if (mark.file === file) return Math.min(size, mark.bytes);
    }
    const bytes = await this.#port.findSize(file);
    // Before the first byte, so that a crash in the middle of it is known as such.
    await this.#kv.batch([planRow(this.#markKey, { file, bytes })], 'synced');
    return bytes;
  }
}
