/*
 * The fuzz target in the test command: a short run, what broke decoders before, and the proof that
 * a decoder which fails is noticed.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChance } from '../sim/chance.ts';
import { openCorpus } from './corpus.ts';
import { fuzz, shrink, tryOne } from './fuzzing.ts';
import { framesShort } from './limits.ts';
import { mutate } from './mutate.ts';
import { type Target, targets } from './targets.ts';
import { listTraps } from './traps.ts';

const silent = () => undefined;
const all = fc.nat().map((seed) => createChance(seed));

/** A run of this target alone. */
function fuzzOnly(run: Target['run'], framesMax = 3000) {
  const target: Target = { name: 'planted', families: ['frame'], run };
  return fuzz({ seed: 5, framesMax, secondsMax: 60, targets: [target], report: silent });
}

describe('fuzz', () => {
  test('fuzz: mutants of every frame, message, code and row break no decoder', async () => {
    const report = await fuzz({
      seed: 20_251_125,
      framesMax: framesShort,
      secondsMax: 600,
      targets,
      report: silent,
    });
    expect(report.fault).toBeUndefined();
    expect(report.frames).toBe(framesShort);
    // Were all refused at the door, nothing behind it was tried; were all taken, nothing was bent.
    expect(report.taken / report.tries).toBeGreaterThan(0.05);
    expect(report.taken / report.tries).toBeLessThan(0.5);
  }, 120_000);

  test('fuzz: the corpus is valid: each specimen is taken by a decoder of its family', async () => {
    for (const { family, bytes } of openCorpus(3)) {
      const own = targets.filter(
        ({ name, families }) => name !== 'codec' && families.includes(family),
      );
      const verdicts = await Promise.all(own.map((target) => tryOne(target, bytes)));
      const hex = Buffer.from(bytes).toString('hex');
      expect(
        verdicts.filter((verdict) => typeof verdict === 'object'),
        hex,
      ).toEqual([]);
      expect(verdicts, `${family} ${hex}`).toContain('taken');
    }
  });

  test.each(listTraps())('fuzz: no decoder fails at $name', async ({ bytes }) => {
    for (const target of targets) {
      expect(await tryOne(target, bytes)).toBeTypeOf('string');
    }
  });

  test('fuzz: every mutator keeps to the seed, and one seed differs from another', () => {
    void fc.assert(
      fc.property(fc.nat(), (seed) => {
        const make = (from: number) => {
          const chance = createChance(from);
          const bytes = chance.bytes(40);
          return Array.from({ length: 20 }, () => [...mutate(bytes, bytes, chance)]);
        };
        expect(make(seed)).toEqual(make(seed));
        expect(make(seed)).not.toEqual(make(seed + 1));
      }),
      { numRuns: 20 },
    );
    void fc.assert(
      fc.property(all, (chance) => {
        expect(() => mutate(new Uint8Array(), new Uint8Array(), chance)).not.toThrow();
      }),
    );
  });
});

describe('fuzz catches', () => {
  test('fuzz: an error without a code is a fault, and it is made small', async () => {
    const { fault } = await fuzzOnly((bytes) => {
      if (bytes.includes(0xc7)) throw new RangeError('planted');
      return 'taken';
    });
    expect(fault).toMatchObject({ target: 'planted', why: 'RangeError: planted' });
    expect([...(fault?.bytes ?? [])]).toEqual([0xc7]);
  });

  test('fuzz: a promise that is rejected is a fault too', async () => {
    const { fault } = await fuzzOnly(async () => {
      throw new TypeError('planted');
    });
    expect(fault?.why).toBe('TypeError: planted');
  });

  test('fuzz: a decoder that is always slow at some bytes is a fault, one that was so once is not', async () => {
    // Of the processor: the clock runs on while others have it.
    const spin = (ms: number) => {
      const before = process.cpuUsage();
      for (let spentUs = 0; spentUs < ms * 1000; ) {
        const { user, system } = process.cpuUsage(before);
        spentUs = user + system;
      }
    };
    const always = await fuzzOnly((bytes) => {
      if (bytes[0] === 0x84) spin(80);
      return 'refused';
    });
    expect(always.fault?.why).toMatch(/^busy/);
    let count = 0;
    const once = await fuzzOnly(() => {
      count += 1;
      if (count === 100) spin(80);
      return 'refused';
    }, 300);
    expect(once.fault).toBeUndefined();
  });

  test('fuzz: a prototype that grows is a fault', async () => {
    const { fault } = await fuzzOnly((bytes) => {
      Object.defineProperty(Object.prototype, `planted${bytes.length}`, {
        value: 1,
        configurable: true,
      });
      return 'taken';
    });
    for (const name of Object.getOwnPropertyNames(Object.prototype)) {
      if (name.startsWith('planted')) delete (Object.prototype as Record<string, unknown>)[name];
    }
    expect(fault?.why).toBe('a prototype has grown');
  });

  test('fuzz: memory that is kept for every frame is a fault', async () => {
    const kept: Uint8Array[] = [];
    const { fault } = await fuzzOnly(() => {
      kept.push(new Uint8Array(32 * 1024).fill(1));
      return 'taken';
    }, 40_000);
    expect(fault?.target).toBe('memory');
  });

  test('fuzz: a fault that is none any more is reported as it was found', async () => {
    const target: Target = { name: 'planted', families: [], run: () => 'taken' };
    const fault = { target: 'planted', why: 'gone', bytes: Uint8Array.of(1, 2, 3) };
    expect(await shrink([target], fault)).toEqual(fault);
  });
});
