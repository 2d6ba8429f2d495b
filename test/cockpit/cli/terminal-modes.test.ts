/*
 * What far-away programs did to the terminal is undone, all of it and nothing else, in a real emulator too.
 */
import xterm from '@xterm/headless';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TerminalModes } from '../../../cockpit/cli/terminal-modes.ts';

const plain = '\u001b[0m\u001b(B';

function undoAfter(...pieces: readonly string[]): string {
  const modes = new TerminalModes();
  for (const piece of pieces) modes.note(Buffer.from(piece));
  return modes.undo();
}

describe('terminal modes', () => {
  test('terminal modes: after output that changed nothing only colours and letters are reset', () => {
    expect(undoAfter('ls\r\n\u001b[31mred\u001b[2J\u001b[3;4H\u001b]0;title\u0007')).toBe(plain);
  });

  test('terminal modes: what is on is taken back, what was taken back already is not', () => {
    const on = '\u001b[?1049h\u001b[?25l\u001b[?1000;1006h\u001b[?2004h\u001b[>1u\u001b=\u001b[4 q';
    expect(undoAfter(on)).toBe(
      `\u001b[<1u\u001b>\u001b[0 q\u001b[?1049l\u001b[?25h\u001b[?1000l\u001b[?1006l\u001b[?2004l${plain}`,
    );
    const off = '\u001b[?1049l\u001b[?25h\u001b[?1000;1006l\u001b[?2004l\u001b[<u\u001b>\u001b[0 q';
    expect(undoAfter(on, off)).toBe(plain);
    expect(undoAfter(on, '\u001bc')).toBe(plain);
    expect(undoAfter('\u001b[>4;2m\u001b[2;20r')).toBe(
      `\u001b[>4;0m\u001b7\u001b[r\u001b8${plain}`,
    );
  });

  test('terminal modes: a sequence may be cut anywhere between two pieces', () => {
    const text = 'a\u001b[?1049h\u001b[?1000;1006hb\u001b[>4;2m\u001b[?25l';
    const whole = undoAfter(text);
    for (let at = 1; at < text.length; at += 1) {
      expect(undoAfter(text.slice(0, at), text.slice(at))).toBe(whole);
    }
  });

  test('terminal modes: an emulator is as it was, whatever mix of modes was set', async () => {
    const change = fc.tuple(
      fc.constantFrom(1, 1000, 1002, 1004, 1049, 2004),
      fc.constantFrom('h', 'l'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
        const screen = new xterm.Terminal({ allowProposedApi: true });
        const write = (text: string) =>
          new Promise<void>((resolve) => screen.write(text, () => resolve()));
        const before = { ...screen.modes };
        const sequences = changes.map(([mode, way]) => `\u001b[?${mode}${way}`);
        await write(sequences.join(''));
        await write(undoAfter(...sequences));
        expect({ ...screen.modes }).toEqual(before);
        expect(screen.buffer.active.type).toBe('normal');
        screen.dispose();
      }),
      { numRuns: 50 },
    );
  });
});
