/*
 * Keeping the audit trail: its newest entries in rows, older ones in files, the oldest not at all.
 *
 * Lines go to a file as they are, before the batch that removes their rows; a crash between the two leaves
 * a surplus that is cut off (`archive.ts`). A file is followed by another when it is large or its month
 * is over; its name says the number of its first entry. What the chain must begin with after the oldest
 * files went is written down before they go (`meta/audit-from`), so that nobody else can take them away
 * unnoticed. One look or reading at a time. Errors: STORE_*.
 */
import { z } from 'zod';
import { AppError, wrapError } from '../protocol/errors.ts';
import type { CancelTimer, Ports } from '../protocol/ports.ts';
import { Archive, type ArchivePort } from './archive.ts';
import {
  type AuditEntry,
  type AuditTail,
  auditStart,
  findAuditTail,
  hashAuditLine,
  parseAuditLine,
} from './audit.ts';
import { KeptClock } from './kept-clock.ts';
import { auditKey, auditTailKey, getSeq, metaKey, prefixRange } from './keys.ts';
import type { Kv, KvRow } from './kv.ts';
import { createLane } from './lane.ts';
import { auditFileBytesMax, auditLookMs, auditMoveRowsMax, auditRowsEntriesMin } from './limits.ts';
import { findRow, planRow } from './row-codec.ts';

/** The files of an audit trail. */
export interface AuditPort extends ArchivePort {
  /** Names, in the order of the chain. */
  list(): Promise<readonly string[]>;
  /** The lines in the first `bytesMax` bytes. Errors: STORE_DAMAGED after those that could be read. */
  readLines(file: string, bytesMax: number): AsyncIterable<string>;
  remove(file: string): Promise<void>;
}

/** How long files are kept. */
export interface AuditPolicy {
  readonly keepMs: number;
  readonly bytesMax: number;
}

/** What the keeper works on. */
export interface AuditKeepParts {
  readonly kv: Kv;
  readonly port: AuditPort;
  readonly policy: AuditPolicy;
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly noticed: (line: string) => void;
}

const fromKey = metaKey('audit-from');
const fromSchema = z.object({ n: z.number().int().positive(), prev: z.string() });

/** With which entry the chain begins, and the hash that this one holds. */
export type AuditFrom = z.infer<typeof fromSchema>;

/** Where the chain must begin; undefined for the first entry of all. */
export function findAuditFrom(kv: Kv): Promise<AuditFrom | undefined> {
  return findRow(kv, fromKey, fromSchema);
}

/**
 * Where the next entry goes on: at the end of the rows; for a store that was made anew in this home, at
 * the end of the files that its predecessor left, which is then written down. Errors: STORE_*.
 */
export async function openAuditTail(kv: Kv, port: AuditPort): Promise<AuditTail> {
  const known = await findAuditTail(kv);
  if (known !== undefined) return known;
  const files = await port.list();
  const [first] = await readEnds(port, files[0]);
  const [, last] = await readEnds(port, files.at(-1));
  const from = parseAuditLine(first ?? '');
  const end = parseAuditLine(last ?? '');
  if (from === undefined || end === undefined) return { n: 0, hash: auditStart };
  const tail = { n: end.n, hash: hashAuditLine(last ?? '') };
  const begin = { n: from.n, prev: from.prev };
  await kv.batch([planRow(fromKey, begin), planRow(auditTailKey, tail)], 'synced');
  return tail;
}

/** The first and the last line that can be read. Damage is for who verifies; the chain goes on. */
async function readEnds(
  port: AuditPort,
  file: string | undefined,
): Promise<readonly [first: string | undefined, last: string | undefined]> {
  const ends: string[] = [];
  if (file === undefined) return [undefined, undefined];
  try {
    for await (const line of port.readLines(file, await port.findSize(file))) {
      ends[Math.min(1, ends.length)] = line;
    }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
  }
  return [ends[0], ends.at(-1)];
}

/** Life cycle: `start`, `stop`; both safe to repeat. */
export class AuditKeep {
  readonly #parts: AuditKeepParts;
  readonly #archive: Archive;
  readonly #clock: KeptClock;
  readonly #lane = createLane();
  #cancelTimer: CancelTimer | undefined;
  #failure: string | null = null;
  #isStopped = false;

  constructor(parts: AuditKeepParts) {
    this.#parts = parts;
    this.#archive = new Archive(parts.kv, parts.port, 'audit-file');
    this.#clock = new KeptClock({ ...parts, ...parts.ports, name: 'audit-clock' });
  }

  /** Why the last look failed; null where it did not. */
  get failure(): string | null {
    return this.#failure;
  }

  start(): void {
    if (this.#cancelTimer === undefined) this.#plan();
  }

  /** Resolves once a look that is under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    await this.#lane.idle();
  }

  /** One look; resolves when it is over. Never rejects. */
  look(): Promise<void> {
    return this.#lane.run(() => this.#look());
  }

  /** Moves every row into files: for a store that is about to be put aside. Errors: STORE_*. */
  flush(): Promise<void> {
    return this.#lane.run(async () => {
      await this.#move(Number.MAX_SAFE_INTEGER);
    });
  }

  /** Runs a reading of the trail while nothing is moved. */
  reading<T>(read: (archive: Archive) => Promise<T>): Promise<T> {
    return this.#lane.run(() => read(this.#archive));
  }

  #plan(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#parts.ports.timers.after(auditLookMs, () => {
      void this.look().then(() => this.#plan());
    });
  }

  async #look(): Promise<void> {
    try {
      // At every look, for how long a leap has stood is known by nothing else.
      const now = await this.#clock.read();
      const tail = await findAuditTail(this.#parts.kv);
      if (tail === undefined) return;
      // With fewer entries than are kept as rows there is nothing to move, so their rows are not read.
      const through = tail.n - auditRowsEntriesMin;
      if (through > 0) await this.#move(through);
      await this.#drop(now);
      this.#failure = null;
    } catch (thrown) {
      const failure = wrapError(thrown, 'STORE_IO').message;
      if (failure !== this.#failure && !this.#isStopped) {
        this.#parts.noticed(`the audit trail could not be put into files: ${failure}`);
      }
      this.#failure = failure;
    }
  }

  /** Moves the rows whose entries are all at or below this number, in full portions where they are many. */
  async #move(through: number): Promise<void> {
    const { kv } = this.#parts;
    const range = {
      ...prefixRange('au/'),
      countMax: auditMoveRowsMax,
      order: 'ascending',
    } as const;
    while (!this.#isStopped || through === Number.MAX_SAFE_INTEGER) {
      const rows = await kv.range(range);
      const old = rows.filter(({ key }) => getSeq(key) <= through);
      const isAll = through === Number.MAX_SAFE_INTEGER;
      // A few rows are not worth a synced append of their own.
      if (old.length === 0 || (!isAll && old.length < auditMoveRowsMax / 4)) return;
      await this.#moveRows(old);
    }
  }

  async #moveRows(rows: readonly KvRow[]): Promise<void> {
    const texts = rows.map(({ value }) => new TextDecoder().decode(value));
    const first = parseAuditLine(texts[0]?.split('\n')[0] ?? '');
    const file = await this.#chooseFile(first);
    const mark = await this.#archive.append(file, `${texts.join('\n')}\n`);
    const gone = rows.map(({ key }) => ({ type: 'del', key }) as const);
    await this.#parts.kv.batch([...gone, mark], 'buffered');
  }

  /** The file that is being written, or a new one after it. */
  async #chooseFile(first: AuditEntry | undefined): Promise<string> {
    const month = first?.at.slice(0, 7) ?? 'unread';
    const mark = await this.#archive.findMark();
    const isFull = mark === undefined || mark.bytes >= auditFileBytesMax;
    if (!isFull && readMonth(mark.file) === month) return mark.file;
    return `${auditKey(first?.n ?? 0).slice('au/'.length)}.${month}.jsonl.gz`;
  }

  /** Removes the oldest files beyond what is kept; never the newest. */
  async #drop(now: number): Promise<void> {
    const { kv, port, policy } = this.#parts;
    const files = await port.list();
    if (files.length < 2) return;
    const sizes = await Promise.all(files.map((file) => port.findSize(file)));
    let bytes = sizes.reduce((sum, size) => sum + size, 0);
    const oldest = new Date(now - policy.keepMs).toISOString().slice(0, 7);
    for (const [index, file] of files.slice(0, -1).entries()) {
      if (bytes <= policy.bytesMax && readMonth(file) >= oldest) return;
      const next = files[index + 1] ?? file;
      const begin = await this.#readFirst(next);
      if (begin === undefined) return;
      await kv.batch([planRow(fromKey, { n: begin.n, prev: begin.prev })], 'synced');
      await port.remove(file);
      bytes -= sizes[index] ?? 0;
    }
  }

  async #readFirst(file: string): Promise<AuditEntry | undefined> {
    const [first] = await readEnds(this.#parts.port, file);
    return parseAuditLine(first ?? '');
  }
}

function readMonth(file: string): string {
  return file.split('.')[1] ?? '';
}
