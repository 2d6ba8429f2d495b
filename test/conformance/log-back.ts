/*
 * What every implementation of the log contract must do when it is read backwards.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log, LogRecord, LogStore } from '../../store/log.ts';
import { type LogPlace, record } from './log.ts';

const capBytes = 64 * 1024;

/** Runs the suite against one implementation. */
export function describeLogBack(name: string, createPlace: () => Promise<LogPlace>): void {
  describe(`log read backwards (${name})`, () => {
    const bench = new Bench(createPlace);
    beforeEach(() => bench.open());
    afterEach(() => bench.dispose());
    testReadsBack(bench);
  });
}

class Bench {
  readonly #createPlace: () => Promise<LogPlace>;
  #place!: LogPlace;
  #logs!: LogStore;
  log!: Log;

  constructor(createPlace: () => Promise<LogPlace>) {
    this.#createPlace = createPlace;
  }

  async open(): Promise<void> {
    this.#place = await this.#createPlace();
    this.#logs = await this.#place.open(capBytes);
    this.log = await this.#logs.open('J1.1');
  }

  async reopen(): Promise<void> {
    await this.#logs.close();
    this.#logs = await this.#place.open(capBytes);
    this.log = await this.#logs.open('J1.1');
  }

  async dispose(): Promise<void> {
    await this.#logs.close();
    await this.#place.dispose();
  }
}

function testReadsBack(bench: Bench): void {
  it('readBack: what lies just before an offset comes in order, cut to fit at both ends', async () => {
    await bench.log.append([record(0, 'abcd'), record(4, 'efgh', { stream: 'stderr' })]);
    expect(await bench.log.readBack(6, 4)).toEqual([
      record(2, 'cd'),
      record(4, 'ef', { stream: 'stderr' }),
    ]);
    expect(await bench.log.readBack(99, 3)).toEqual([record(5, 'fgh', { stream: 'stderr' })]);
    expect(await bench.log.readBack(3, 99)).toEqual([record(0, 'abc')]);
    expect(await bench.log.readBack(0, 99)).toEqual([]);
  });

  it('readBack: jumps gaps, and finds nothing before a log that begins with one', async () => {
    await bench.log.append([record(1000, 'abc'), record(5000, 'def')]);
    await bench.log.skipTo(9000);
    expect(await bench.log.readBack(9000, 4)).toEqual([record(1002, 'c'), record(5000, 'def')]);
    expect(await bench.log.readBack(4000, 99)).toEqual([record(1000, 'abc')]);
    expect(await bench.log.readBack(1000, 99)).toEqual([]);
    await bench.reopen();
    expect(await bench.log.readBack(9000, 4)).toEqual([record(1002, 'c'), record(5000, 'def')]);
  });

  it('readBack: goes from the end to the start over every segment without losing a byte', async () => {
    const offset = 77;
    const bytes = Uint8Array.from({ length: 50_000 }, (_, index) => index % 251);
    await bench.log.append([{ offset, stream: 'stdout', at: 1, bytes }]);
    await bench.log.append([record(200_000, 'after a gap')]);
    for (const turn of ['as written', 'opened again']) {
      const found: LogRecord[] = [];
      for (let before = bench.log.end; ; before = found[0]?.offset ?? 0) {
        const records = await bench.log.readBack(before, 3001);
        if (records.length === 0) break;
        found.unshift(...records);
      }
      expect([turn, Buffer.concat(found.map((each) => each.bytes)).toString('latin1')]).toEqual([
        turn,
        Buffer.concat([bytes, Buffer.from('after a gap')]).toString('latin1'),
      ]);
      await bench.reopen();
    }
  });
}
