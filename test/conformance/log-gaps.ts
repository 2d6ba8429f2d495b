/*
 * What every implementation of the log contract must say of its gaps, while it is open and after it was opened again.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log, LogStore } from '../../store/log.ts';
import { fill, findGaps, type LogPlace, record } from './log.ts';

const capBytes = 64 * 1024;

/** Runs the suite against one implementation. */
export function describeLogGaps(name: string, createPlace: () => Promise<LogPlace>): void {
  describe(`gaps of a log (${name})`, () => {
    let place: LogPlace;
    let logs: LogStore;

    const open = async (): Promise<Log> => {
      logs = await place.open(capBytes);
      return logs.open('J1.1');
    };
    const reopen = async (): Promise<Log> => {
      await logs.close();
      return open();
    };

    beforeEach(async () => {
      place = await createPlace();
    });

    afterEach(async () => {
      await logs.close();
      await place.dispose();
    });

    it('explainGap: what was not appended was dropped, also where a log or a segment begins with it', async () => {
      const log = await open();
      await log.append([record(1000, 'abc'), record(2000, 'def')]);
      await fill(log, { bytes: capBytes / 8 - 100, recordBytes: 100 });
      await log.append([record(log.end + 50, 'x'.repeat(1000))]);
      await log.skipTo(log.end + 100);
      const dropped = Array.from({ length: 4 }, () => 'dropped');
      expect(await explainAll(log)).toEqual(dropped);
      expect(await explainAll(await reopen())).toEqual(dropped);
    });

    it('explainGap: what fell out at the cap was dropped, from wherever it is asked', async () => {
      const log = await open();
      await fill(log, { bytes: 10 * capBytes, recordBytes: 700 });
      expect(await explainAll(log)).toEqual(['dropped']);
      const again = await reopen();
      expect(await explainAll(again)).toEqual(['dropped']);
      const [gap] = findGaps((await again.read(0, 20 * capBytes)).records);
      const { from = 0, to = 0 } = gap ?? {};
      expect(await again.explainGap({ from: from + 1000, to })).toBe('dropped');
    });
  });
}

async function explainAll(log: Log): Promise<readonly string[]> {
  const { records, end } = await log.read(0, 1e9);
  const bounds = [record(0, ''), ...records, record(end, '')];
  return Promise.all(findGaps(bounds).map((gap) => log.explainGap(gap)));
}
