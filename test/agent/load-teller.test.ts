/*
 * When an agent says how busy its box is: with the first ping, and again after a while.
 */
import { expect, test } from 'vitest';
import { loadMs } from '../../agent/limits.ts';
import { LoadTeller } from '../../agent/load-teller.ts';
import { measureLoad } from '../../agent/work/capabilities.ts';
import type { Workshop } from '../../agent/work/work.ts';
import { soundDisk } from '../../store/disk-guard.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

const room = { freeBytes: 2 ** 30 + 1, watermarkBytes: 1, ballast: 'ready', isLow: false } as const;
const disk = { ...soundDisk, health: { ...soundDisk.health, room } };

test('load: it is measured and told with the first ping, and again only after a while', async () => {
  const ports = new FakePorts();
  let measuredCount = 0;
  const workshop = {
    measure: () => {
      measuredCount += 1;
      return { cpuLoad: measuredCount, memoryFreeBytes: 5 };
    },
  } as Workshop;
  const teller = new LoadTeller({ telling: () => undefined, ports, workshop, disk });
  expect(teller.read()).toEqual({ cpuLoad: 1, memoryFreeBytes: 5, diskFreeBytes: 2 ** 30 });
  await ports.advance(loadMs - 1);
  expect(teller.read()).toBeUndefined();
  await ports.advance(1);
  expect(teller.read()).toMatchObject({ cpuLoad: 2 });
  expect(measuredCount).toBe(2);
});

test('load: where the disk is not watched, nothing is said of it', () => {
  const workshop = { measure: () => ({ cpuLoad: 1, memoryFreeBytes: 5 }) } as Workshop;
  const teller = new LoadTeller({
    telling: () => undefined,
    ports: new FakePorts(),
    workshop,
    disk: soundDisk,
  });
  expect(teller.read()).toEqual({ cpuLoad: 1, memoryFreeBytes: 5 });
});

test('load: a measure of this box is rounded and within what the wire takes', () => {
  const { cpuLoad, memoryFreeBytes } = measureLoad();
  expect(cpuLoad).toBeGreaterThanOrEqual(0);
  expect(cpuLoad).toBe(Math.round(cpuLoad * 10) / 10);
  expect(memoryFreeBytes).toBeGreaterThan(0);
  expect(memoryFreeBytes).toBe(Math.round(memoryFreeBytes));
});
