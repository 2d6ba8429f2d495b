/*
 * Reports that are told ahead of the disk: when they leave, what answers them, and where the rest goes.
 */
import { describe, expect, test } from 'vitest';
import { EarlyReports } from '../../agent/early-reports.ts';
import { earlyMsMax, earlyReportsMax, earlyRestMs } from '../../agent/limits.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { dataBytesMax, dataRowsMax } from '../../protocol/limits.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { FakePorts } from '../protocol/fake-ports.ts';

const report = new Uint8Array([1]);

function open(answer: 'sent' | 'full' | 'closed' = 'sent') {
  const ports = new FakePorts();
  const frames: OwnerFrame[] = [];
  const fellBack: AttemptId[][] = [];
  const early = new EarlyReports({
    ports,
    send: (frame) => {
      frames.push(frame);
      return answer;
    },
    fellBack: (attempts) => fellBack.push([...attempts]),
  });
  return { ports, frames, fellBack, early };
}

describe('early reports', () => {
  test('early reports: those of one turn share a frame, and one that is answered is done with', async () => {
    const { early, ports, frames, fellBack } = open();
    early.linked(true);
    early.say('J1.1', report);
    early.say('J2.1', report);
    await ports.advance(0);
    expect(frames).toEqual([{ t: 'ended', reports: [report, report] }]);
    expect([early.kept('J1.1'), early.kept('J1.1'), early.kept('J3.1')]).toEqual([
      true,
      false,
      false,
    ]);
    await ports.advance(earlyMsMax);
    expect(fellBack).toEqual([['J2.1']]);
    expect(early.kept('J2.1')).toBe(false);
  });

  test('early reports: where an answer is late none is told for a while, and those after it have their own time', async () => {
    const { early, ports, fellBack } = open();
    early.linked(true);
    early.say('J1.1', report);
    await ports.advance(earlyMsMax / 2);
    early.say('J2.1', report);
    await ports.advance(earlyMsMax / 2);
    expect(fellBack).toEqual([['J1.1']]);
    expect(early.isOpen).toBe(false);
    await ports.advance(earlyMsMax / 2);
    expect(fellBack).toEqual([['J1.1'], ['J2.1']]);
    await ports.advance(earlyRestMs);
    expect(early.isOpen).toBe(true);
  });

  test('early reports: a busy agent whose reports are all answered goes on', async () => {
    const { early, ports, fellBack } = open();
    early.linked(true);
    for (let n = 1; n <= 10; n += 1) {
      early.say(`J${n}.1`, report);
      await ports.advance(earlyMsMax / 3);
      expect(early.kept(`J${n}.1`)).toBe(true);
    }
    expect([early.isOpen, fellBack]).toEqual([true, []]);
  });

  test('early reports: only to a hub that takes them, and what its link leaves unanswered goes back at once', async () => {
    const { early, ports, fellBack } = open();
    expect(early.isOpen).toBe(false);
    early.linked(false);
    expect(early.isOpen).toBe(false);
    early.linked(true);
    expect(early.isOpen).toBe(true);
    early.say('J1.1', report);
    early.unlinked();
    expect([early.isOpen, fellBack]).toEqual([false, [['J1.1']]]);
    early.linked(true);
    early.say('J2.1', report);
    early.linked(true);
    expect(fellBack).toEqual([['J1.1'], ['J2.1']]);
    await ports.advance(10 * earlyMsMax);
    expect(fellBack).toHaveLength(2);
  });

  test('early reports: what finds no link goes back, and what is dropped goes nowhere', async () => {
    const none = open('closed');
    none.early.linked(true);
    none.early.say('J1.1', report);
    await none.ports.advance(0);
    expect(none.fellBack).toEqual([['J1.1']]);
    const dropped = open();
    dropped.early.linked(true);
    dropped.early.say('J1.1', report);
    dropped.early.drop();
    await dropped.ports.advance(10 * earlyMsMax);
    expect(dropped.fellBack).toEqual([]);
  });

  test('early reports: large ones leave in frames as large as those of messages', async () => {
    const { early, ports, frames } = open();
    early.linked(true);
    const third = new Uint8Array(dataBytesMax / 3);
    for (const n of [1, 2, 3, 4, 5])
      early.say(`J${n}.1`, n === 5 ? new Uint8Array(dataBytesMax + 1) : third);
    await ports.advance(0);
    const counts = frames.map((frame) => (frame.t === 'ended' ? frame.reports.length : 0));
    expect(counts).toEqual([3, 1, 1]);
  });

  test('early reports: many leave in frames of as many as messages', async () => {
    const { early, ports, frames } = open();
    early.linked(true);
    for (let n = 1; n <= 2 * dataRowsMax + 1; n += 1) early.say(`J${n}.1`, report);
    await ports.advance(0);
    const counts = frames.map((frame) => (frame.t === 'ended' ? frame.reports.length : 0));
    expect(counts).toEqual([dataRowsMax, dataRowsMax, 1]);
  });

  test('early reports: so many wait for an answer at most', () => {
    const { early } = open();
    early.linked(true);
    for (let n = 1; n <= earlyReportsMax; n += 1) {
      expect(early.isOpen).toBe(true);
      early.say(`J${n}.1`, report);
    }
    expect(early.isOpen).toBe(false);
  });
});
