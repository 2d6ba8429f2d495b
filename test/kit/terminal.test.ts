/*
 * The terminal of the end-to-end kit, on a program that shows what a terminal can.
 *
 * Shows both that a screen is read as it is and that waiting in vain fails and says why.
 */
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type OpenTerminal, openTerminal } from './terminal.ts';

const demo = fileURLToPath(new URL('./demo-screen.ts', import.meta.url));
const opened: OpenTerminal[] = [];

function open(args: readonly string[] = [demo]): OpenTerminal {
  const size = { columns: 60, rows: 14 };
  const terminal = openTerminal({ command: process.execPath, args, cwd: '/', env: {}, ...size });
  opened.push(terminal);
  return terminal;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((terminal) => terminal.close()));
});

test('terminal: the screen is what the program drew, wide characters in two cells', async () => {
  const terminal = open();
  const lines = await terminal.until(/size 60x14/);
  expect(lines).toHaveLength(14);
  expect(lines[3]).toBe('│ selected row                 │');
  const row = terminal.snapshot().rows[4] ?? [];
  expect(row.slice(2, 6).map(({ text, width }) => [text, width])).toEqual([
    ['日', 2],
    ['', 0],
    ['本', 2],
    ['', 0],
  ]);
  expect(terminal.isAlternate).toBe(true);
  expect(terminal.byteCount).toBeGreaterThan(200);
});

test('terminal: a cell has the look that was asked for', async () => {
  const terminal = open();
  await terminal.until(/size/);
  const { rows } = terminal.snapshot();
  expect(rows[0]?.[0]).toMatchObject({ text: '╭', foreground: { kind: 'palette', index: 6 } });
  expect(rows[3]?.[1]).toMatchObject({ text: ' ', isInverse: true });
  expect(rows[5]?.[2]).toMatchObject({ foreground: { kind: 'exact', rgb: 0xff8c00 } });
  expect(rows[1]?.[2]).toMatchObject({ text: 't', isBold: true, isDim: false });
});

test('terminal: keys and a new size reach the program', async () => {
  const terminal = open();
  await terminal.until(/size 60x14/);
  terminal.press('\x1b[A');
  await terminal.until(/key "\\u001b\[A"/);
  terminal.resize(80, 20);
  await terminal.until(/size 80x20/);
  expect(terminal.screen()).toHaveLength(20);
});

test('terminal: the exit tells the status, or the signal', async () => {
  const quit = open();
  const killed = open();
  await Promise.all([quit.until(/size/), killed.until(/size/)]);
  quit.press('x');
  killed.signal('SIGTERM');
  expect(await quit.exit).toEqual({ code: 3, signal: null });
  expect(await killed.exit).toMatchObject({ signal: 15 });
});

test('terminal: leaving the alternate screen is seen', async () => {
  const terminal = open();
  await terminal.until(/size/);
  terminal.press('q');
  await terminal.exit;
  expect(terminal.isAlternate).toBe(false);
  expect(terminal.screen()[0]).toBe('bye');
});

test('terminal: waiting in vain fails with the screen, in time or when the program ends', async () => {
  const terminal = open();
  await terminal.until(/size/);
  await expect(terminal.until(/never/, 50)).rejects.toThrow(
    /waited 50 ms.*never(.|\n)*selected row/,
  );
  const waiting = terminal.until(/never/);
  terminal.press('x');
  await expect(waiting).rejects.toThrow(/the program ended with \{"code":3/);
});

test('terminal: the program sees PATH and what it was given, nothing of ours', async () => {
  process.env.WALLY_KIT_PROBE = 'leaked';
  const script = 'console.log(Object.keys(process.env).sort().join(" "), "end")';
  const lines = await open(['-e', script]).until(/end/);
  delete process.env.WALLY_KIT_PROBE;
  expect(lines[0]).toBe('LANG PATH PWD TERM end');
});
