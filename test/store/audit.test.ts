/*
 * The audit trail: a chain in rows and files, in which every change, gap and swap is found.
 */
import { describe, expect, test } from 'vitest';
import { MemoryArchive } from '../../store/archive-memory.ts';
import { AuditPage } from '../../store/audit.ts';
import { AuditKeep, openAuditTail } from '../../store/audit-keep.ts';
import { type AuditWish, listAudit } from '../../store/audit-list.ts';
import { type AuditSource, planAuditMended, verifyAudit } from '../../store/audit-read.ts';
import { showAuditProof } from '../../store/audit-text.ts';
import { describeArgs } from '../../store/audit-words.ts';
import { auditKey, auditTailKey } from '../../store/keys.ts';
import { auditLeapCount, auditRowsEntriesMin } from '../../store/limits.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

const dayMs = 24 * 60 * 60 * 1000;
const november = Date.UTC(2026, 10, 25);

async function openTrail() {
  const disk = instantDisk();
  const kv = await openMemoryKv(disk);
  const port = new MemoryArchive();
  const ports = new FakePorts();
  const policy = { keepMs: 400 * dayMs, bytesMax: 2 ** 30 };
  const noticed: string[] = [];
  const parts = { kv, port, ports, policy, noticed: (line: string) => noticed.push(line) };
  const page = new AuditPage(await openAuditTail(kv, port));
  /** So many asks, with their results, in batches of ten entries. */
  const ask = async (count: number, at = november) => {
    for (let made = 0; made < count; made += 1) {
      const asked = { who: 'owner', surface: 'cli', verb: made % 2 ? 'cancel' : 'dispatch' };
      const of = page.add({ ...asked, args: { made } }, at + made);
      page.add({ ...asked, result: 'done', of }, at + made);
      if (made % 5 === 4 || made === count - 1) await kv.batch(page.seal(), 'synced');
    }
  };
  const keep = new AuditKeep(parts);
  const source = (): Promise<AuditSource> =>
    keep.reading(async (archive) => ({ kv, port, mark: await archive.findMark() }));
  const verify = async (known?: { n: number; hash: string }) => verifyAudit(await source(), known);
  const list = async (wish: Partial<AuditWish> = {}) =>
    listAudit(await source(), { countMax: 50, isWanted: () => true, ...wish });
  return { disk, kv, port, page, parts, keep, ask, verify, list, noticed, source };
}

/** Some other text of the same length in a row. */
async function forge(
  { kv }: Awaited<ReturnType<typeof openTrail>>,
  change: (lines: string[]) => string[],
): Promise<void> {
  const [row] = await kv.range({ gte: 'au/', lt: 'au0', countMax: 1, order: 'ascending' });
  const lines = new TextDecoder().decode(row?.value).split('\n');
  const value = new TextEncoder().encode(change(lines).join('\n'));
  await kv.batch([{ type: 'put', key: row?.key ?? '', value }], 'synced');
}

describe('audit', () => {
  test('a chain: one that nobody touched is whole, and ends where it says', async () => {
    const trail = await openTrail();
    expect(await trail.verify()).toMatchObject({ isWhole: true, entries: 0, tail: null });
    await trail.ask(12);
    expect(await trail.verify(trail.page.tail)).toEqual({
      ...{ isWhole: true, entries: 24, first: 1, broken: null, gaps: [] },
      tail: trail.page.tail,
    });
  });

  test.each([
    [
      'a word is another',
      (lines: string[]) => lines.map((line) => line.replace('"made":1', '"made":7')),
      3,
    ],
    ['one is missing', (lines: string[]) => lines.toSpliced(4, 1), 4],
    [
      'two are swapped',
      (lines: string[]) => [lines[1], lines[0], ...lines.slice(2)] as string[],
      0,
    ],
    ['one is no entry', (lines: string[]) => lines.with(2, '{}'), 2],
    ['one is there twice', (lines: string[]) => lines.toSpliced(5, 0, lines[5] ?? ''), 6],
  ])('a chain: when %s, the place is named', async (_, change, after) => {
    const trail = await openTrail();
    await trail.ask(12);
    await forge(trail, change);
    const proof = await trail.verify();
    expect(proof).toMatchObject({ isWhole: false, broken: { after } });
    expect(proof.broken?.place).toMatch(/^the row au\//);
  });

  test('a chain: its last entries cannot go unnoticed, nor its first', async () => {
    const trail = await openTrail();
    await trail.ask(12);
    const rows = await trail.kv.range({ gte: 'au/', lt: 'au0', countMax: 9, order: 'ascending' });
    const [first, last] = [rows[0]?.key ?? '', rows.at(-1)?.key ?? ''];
    await trail.kv.batch([{ type: 'del', key: last }], 'synced');
    expect((await trail.verify()).broken?.why).toBe('it ends with 20 and not with 24');
    await trail.kv.batch([{ type: 'del', key: first }], 'synced');
    expect((await trail.verify()).broken?.why).toBe('it begins with 11 and not with 1');
  });

  test('a chain: one that was written anew as a whole is told by an end that was noted', async () => {
    const trail = await openTrail();
    await trail.ask(3);
    const noted = trail.page.tail;
    const other = await openTrail();
    await other.ask(4, november + 1);
    expect((await other.verify()).isWhole).toBe(true);
    expect((await other.verify(noted)).broken?.why).toBe('6 is not the entry that was noted');
    expect((await other.verify({ n: 99, hash: noted.hash })).broken?.why).toMatch(
      /before the entry 99/,
    );
  });

  test('keeping: old rows go to files, and rows and files are one chain', async () => {
    const trail = await openTrail();
    await trail.ask(auditRowsEntriesMin);
    await trail.ask(5, november + 10 * dayMs);
    const { tail } = trail.page;
    await trail.keep.look();
    const keys = trail.disk.rows.list({
      gte: 'au/',
      lt: 'au0',
      countMax: 9999,
      order: 'ascending',
    });
    expect(keys.length).toBeLessThan(auditRowsEntriesMin / 5);
    expect([...trail.port.files.keys()]).toEqual(['0000000000000001.2026-11.jsonl.gz']);
    expect(await trail.verify(tail)).toMatchObject({ isWhole: true, entries: tail.n, first: 1 });
    await trail.keep.flush();
    expect(await trail.verify(tail)).toMatchObject({ isWhole: true, entries: tail.n, first: 1 });
    expect((await trail.list()).at(-1)).toMatchObject({ n: tail.n - 1, result: 'done' });
  });

  test('keeping: a changed file is found, and a surplus that a crash left is not counted', async () => {
    const trail = await openTrail();
    await trail.ask(10);
    await trail.keep.flush();
    await trail.ask(10);
    const [file = ''] = trail.port.files.keys();
    const before = await trail.port.findSize(file);
    // A crash after the append and before its batch.
    const batch = trail.kv.batch.bind(trail.kv);
    const broken = {
      ...trail.kv,
      get: trail.kv.get.bind(trail.kv),
      range: trail.kv.range.bind(trail.kv),
    };
    const keep = new AuditKeep({
      ...trail.parts,
      kv: {
        ...broken,
        snapshot: () => trail.kv.snapshot(),
        close: () => trail.kv.close(),
        batch: (ops, how) =>
          ops.some(({ type }) => type === 'del')
            ? Promise.reject(new Error('power'))
            : batch(ops, how),
      },
    });
    await expect(keep.flush()).rejects.toThrow('power');
    expect(await trail.port.findSize(file)).toBeGreaterThan(before);
    expect(await trail.verify()).toMatchObject({ isWhole: true, entries: 40 });
    await trail.keep.flush();
    expect(await trail.verify()).toMatchObject({ isWhole: true, entries: 40 });
    await trail.port.remove(file);
    expect((await trail.verify()).broken?.why).toBe('it ends with 0 and not with 40');
  });

  test('keeping: the oldest files go when their time is over, and nobody else may take them', async () => {
    const trail = await openTrail();
    for (const month of [8, 9, 10]) {
      await trail.ask(5, Date.UTC(2026, month, 5));
      await trail.keep.flush();
    }
    const { size } = trail.port.files;
    expect(size).toBe(3);
    const now = trail.parts.ports.clock.wallMs();
    const keepMs = now - Date.UTC(2026, 9, 15);
    const strict = new AuditKeep({ ...trail.parts, policy: { keepMs, bytesMax: 2 ** 30 } });
    await strict.look();
    expect([...trail.port.files.keys()]).toHaveLength(2);
    expect(await trail.verify()).toMatchObject({ isWhole: true, first: 11, entries: 20 });
    const small = new AuditKeep({ ...trail.parts, policy: { keepMs: now, bytesMax: 1 } });
    await small.look();
    expect(await trail.verify()).toMatchObject({ isWhole: true, first: 21, entries: 10 });
    await trail.ask(5);
    await trail.keep.flush();
    await trail.port.remove([...trail.port.files.keys()].toSorted()[0] ?? '');
    expect((await trail.verify()).isWhole).toBe(false);
  });

  test('keeping: a clock that leaps ahead takes no file away until the leap has stood for a day', async () => {
    const trail = await openTrail();
    for (const month of [8, 9, 10]) {
      await trail.ask(5, Date.UTC(2026, month, 5));
      await trail.keep.flush();
    }
    const { ports } = trail.parts;
    await trail.keep.look();
    ports.wallStartMs += 3 * 365 * dayMs;
    await trail.keep.look();
    ports.wallStartMs -= 3 * 365 * dayMs;
    await trail.keep.look();
    ports.wallStartMs += 3 * 365 * dayMs;
    for (let hours = 0; hours < 24; hours += 1) {
      await trail.keep.look();
      expect(trail.port.files.size).toBe(3);
      await ports.advance(dayMs / 24);
    }
    await trail.keep.look();
    expect(trail.port.files.size).toBe(1);
    expect(await trail.verify()).toMatchObject({ isWhole: true, first: 21, entries: 10 });
  });

  test('keeping: a store that was made anew goes on where the files end', async () => {
    const trail = await openTrail();
    await trail.ask(6);
    await trail.keep.flush();
    const kv = await openMemoryKv(instantDisk());
    const page = new AuditPage(await openAuditTail(kv, trail.port));
    expect(page.tail).toEqual(trail.page.tail);
    page.add({ who: 'owner', surface: 'start', verb: 'new store' }, november);
    await kv.batch(page.seal(), 'synced');
    const proof = await verifyAudit({ kv, port: trail.port, mark: undefined }, trail.page.tail);
    expect(proof).toMatchObject({ isWhole: true, entries: 13 });
  });

  test('keeping: what a damaged store lost is a gap once it is written down, and what was changed is none', async () => {
    const trail = await openTrail();
    await trail.ask(30);
    await trail.kv.batch([{ type: 'del', key: auditKey(20) }], 'synced');
    expect(await trail.verify()).toMatchObject({ isWhole: false, broken: { after: 10 }, gaps: [] });
    await trail.kv.batch(
      await planAuditMended(await trail.source(), { isEndLost: false }),
      'synced',
    );
    const gaps = [{ after: 10, before: 21 }];
    const end = trail.page.tail;
    expect(await trail.verify(end)).toMatchObject({
      isWhole: false,
      broken: null,
      gaps,
      tail: end,
    });
    await forge(trail, (lines) => lines.map((line) => line.replace('cli', 'tui')));
    expect((await trail.verify()).broken).not.toBeNull();
  });

  test('keeping: a trail whose end was lost, and who wrote it down, goes on from where it is', async () => {
    const trail = await openTrail();
    await trail.ask(10);
    await trail.kv.batch([{ type: 'del', key: auditKey(20) }], 'synced');
    await trail.kv.batch(
      await planAuditMended(await trail.source(), { isEndLost: false }),
      'synced',
    );
    await trail.ask(5);
    expect(await trail.verify()).toMatchObject({ broken: null, gaps: [{ after: 10, before: 21 }] });
    await trail.kv.batch([{ type: 'del', key: auditTailKey }], 'synced');
    expect((await trail.verify()).broken).not.toBeNull();
    await trail.kv.batch(
      await planAuditMended(await trail.source(), { isEndLost: false }),
      'synced',
    );
    expect((await trail.verify()).broken).toBeNull();
    expect((await openAuditTail(trail.kv, trail.port)).n).toBe(30);
  });

  test('keeping: an end that was lost, nobody knows how far, is a gap, and no number is given twice', async () => {
    const trail = await openTrail();
    await trail.ask(5);
    const mend = async () =>
      trail.kv.batch(await planAuditMended(await trail.source(), { isEndLost: true }), 'synced');
    await mend();
    const lost = (count: number) => [
      { after: 10, before: 11 + count * auditLeapCount, isCountKnown: false },
    ];
    expect(await trail.verify()).toMatchObject({ isWhole: false, broken: null, gaps: lost(1) });
    // Twice before anything was written is one gap.
    await mend();
    expect(await trail.verify()).toMatchObject({ isWhole: false, broken: null, gaps: lost(2) });
    const page = new AuditPage(await openAuditTail(trail.kv, trail.port));
    expect(page.add({ who: 'owner', surface: 'cli', verb: 'stop' }, november)).toBe(
      11 + 2 * auditLeapCount,
    );
    await trail.kv.batch(page.seal(), 'synced');
    const proof = await trail.verify(page.tail);
    expect(proof).toMatchObject({ isWhole: false, broken: null, entries: 11, gaps: lost(2) });
    expect(showAuditProof(proof)).toContain(
      'lost of it what may have followed on entry 10, nobody knows how much (it goes on with entry 2000011)',
    );
    // Entries before the gap may be lost later; how many are in it is no better known then.
    await trail.kv.batch([{ type: 'del', key: auditKey(10) }], 'synced');
    await trail.kv.batch(
      await planAuditMended(await trail.source(), { isEndLost: false }),
      'synced',
    );
    expect((await trail.verify()).gaps).toEqual([{ ...lost(2)[0], after: 0 }]);
  });

  test('keeping: where the word of the end is older than the entries, the chain goes on behind them', async () => {
    const trail = await openTrail();
    await trail.ask(5);
    const older = await trail.kv.get(auditTailKey);
    await trail.ask(5);
    const value = older ?? new Uint8Array();
    await trail.kv.batch([{ type: 'put', key: auditTailKey, value }], 'synced');
    await trail.kv.batch(
      await planAuditMended(await trail.source(), { isEndLost: false }),
      'synced',
    );
    expect(await openAuditTail(trail.kv, trail.port)).toEqual(trail.page.tail);
  });

  test('keeping: the end of a trail that is lost as a whole is lost too', async () => {
    const trail = await openTrail();
    await trail.kv.batch(
      await planAuditMended(await trail.source(), { isEndLost: true }),
      'synced',
    );
    const gaps = [{ after: 0, before: 1 + auditLeapCount, isCountKnown: false }];
    expect(await trail.verify()).toMatchObject({ isWhole: false, broken: null, gaps });
  });

  test('listing: what is wanted comes with its result, also from a file, newest last', async () => {
    const trail = await openTrail();
    await trail.ask(4);
    const open = trail.page.add(
      { who: 'laptop', surface: 'screen', verb: 'terminal' },
      november + 9,
    );
    await trail.kv.batch(trail.page.seal(), 'synced');
    await trail.keep.flush();
    trail.page.add(
      { who: 'laptop', surface: 'screen', verb: 'terminal', result: 'done', of: open },
      november + 10,
    );
    await trail.kv.batch(trail.page.seal(), 'synced');
    const rows = await trail.list();
    expect(rows.map(({ verb, result }) => `${verb} ${result}`)).toEqual([
      ...['dispatch done', 'cancel done', 'dispatch done', 'cancel done'],
      'terminal done',
    ]);
    const cancels = await trail.list({ isWanted: ({ verb }) => verb === 'cancel', countMax: 1 });
    expect(cancels).toMatchObject([{ n: 7, args: { made: 3 } }]);
    expect(await trail.list({ since: november + 2, until: november + 4 })).toHaveLength(2);
  });
});

describe('audit words', () => {
  test('values of variables are never kept, long texts only as far as one can tell them', () => {
    const secret = 'hunter2hunter2';
    const args = {
      command: ['sh', '-c', `echo ${'x'.repeat(5000)}`],
      env: [`TOKEN=${secret}`, 'PLAIN'],
      all: false,
      on: [],
    };
    const words = JSON.stringify(describeArgs(args));
    expect(words).not.toContain(secret);
    expect(words).toContain('"env":["TOKEN","PLAIN"]');
    expect(words).toMatch(/\(5005 letters, sha256 [0-9a-f]{16}\)/);
    expect(words).not.toContain('all');
    expect(describeArgs({ env: { TOKEN: secret } })).toEqual({ env: ['TOKEN'] });
  });

  test('a token on a command line is not kept, even where the cut goes through it', () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const args = {
      command: ['curl', '-H', `Authorization: Bearer ${token}`, `https://me:${token}@host/`],
      prompt: `${'x '.repeat(60)}${token}${' y'.repeat(400)}`,
      title: `eyJ${'a'.repeat(300)}.eyJ${'b'.repeat(40)}.c ${token}`,
    };
    const words = JSON.stringify(describeArgs(args));
    expect(words).not.toMatch(/ghp_a1B2|aaaa|bbbb/);
    expect(words).toContain('"Authorization: Bearer [redacted bearer]"');
    expect(words).toContain('https://me:[redacted basic auth]@host/');
    expect(words).toMatch(/\(960 letters, sha256 [0-9a-f]{16}\)/);
  });

  test('whatever is asked with, an entry stays small', () => {
    const deep: Record<string, unknown> = {};
    deep.again = deep;
    const wide = Array.from({ length: 100_000 }, (_, index) => `word ${index}`);
    for (const args of [deep, wide, { wide }, 'x'.repeat(1e6), null, undefined, () => 1]) {
      expect((JSON.stringify(describeArgs(args)) ?? '').length).toBeLessThan(2100);
    }
    expect(describeArgs({})).toBeUndefined();
  });
});
