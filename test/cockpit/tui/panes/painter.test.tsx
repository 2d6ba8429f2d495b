/*
 * What is painted beside Ink is, cell for cell, what Ink alone would have drawn.
 *
 * The real screen runs in a terminal in memory and is led through states; after each the cells are
 * held against a drawing of the same state by Ink alone, colours and all.
 */
import fc from 'fast-check';
import { render } from 'ink';
import { afterAll, expect, test, vi } from 'vitest';
import { type Drawing, openDrawing } from '../../../../cockpit/tui/panes/drawing.tsx';
import { RowPainter } from '../../../../cockpit/tui/panes/row-painter.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { findTheme } from '../../../../cockpit/tui/views/theme.ts';
import { listLines } from '../../../kit/cells.ts';
import { FrameWatch } from '../../../kit/frame-watch.ts';
import { FakePorts } from '../fake-ports.ts';
import { FakeTerminal } from '../fake-terminal.ts';
import { InkDrawing } from '../ink-drawing.tsx';
import { logGrown, row } from '../log-news.ts';
import { play, type } from '../press.ts';
import { openWorld } from '../world.ts';

// Ink asks for colours once, when it is loaded; without any its borders would not tell who has the keys.
const colours = vi.hoisted(() => {
  const before = process.env.FORCE_COLOR;
  process.env.FORCE_COLOR = '3';
  return { before };
});
afterAll(() => {
  if (colours.before === undefined) delete process.env.FORCE_COLOR;
  else process.env.FORCE_COLOR = colours.before;
});

const inkOptions = {
  alternateScreen: true,
  incrementalRendering: true,
  interactive: true,
  maxFps: 1000,
  patchConsole: false,
} as const;

/** The real screen on a terminal in memory, led by the test. */
class Led implements AsyncDisposable {
  readonly terminal: FakeTerminal;
  readonly drawing: Drawing;
  readonly ports = new FakePorts();
  state: State;
  #lineCount = 10;
  readonly #listeners = new Set<() => void>();

  constructor(columns: number, rows: number, theme: State['screen']['theme'] = 'ansi-16') {
    const { state } = openWorld(columns, rows);
    this.state = { ...state, screen: { ...state.screen, theme } };
    this.terminal = new FakeTerminal(columns, rows);
    const { stdin, stdout } = this.terminal;
    this.drawing = openDrawing({
      ...{ stdin, stdout, timers: this.ports.timers, send: () => undefined },
      getState: () => this.state,
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      onReady: () => undefined,
      onLeave: () => undefined,
    });
  }

  async go(state: State): Promise<void> {
    // React listens for changes only once it is through with its first frame.
    await this.drawing.flush();
    this.change(state);
    await this.settle();
  }

  /** The state changes, and nothing was drawn yet. */
  change(state: State): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }

  async settle(): Promise<void> {
    await this.drawing.flush();
    // Where Ink has nothing to draw because other boxes look the same.
    this.ports.advance(20);
  }

  press(keys: string, ...names: readonly string[]): Promise<void> {
    return this.go(type(this.state, keys, ...names).state);
  }

  print(text: string): Promise<void> {
    this.#lineCount += 1;
    return this.go(play(this.state, [logGrown(this.state, [row(this.#lineCount, text)])]).state);
  }

  resize(columns: number, rows: number): Promise<void> {
    this.terminal.resize(columns, rows);
    return this.go(play(this.state, [{ type: 'resize', columns, rows }]).state);
  }

  async expectAsInk(): Promise<void> {
    const { columns, rows } = this.state;
    const paper = new FakeTerminal(columns, rows);
    const { stdin, stdout } = paper;
    const theme = findTheme(this.state.screen.theme);
    const view = viewScreen(this.state);
    const app = render(<InkDrawing view={view} theme={theme} />, { stdin, stdout, ...inkOptions });
    await app.waitUntilRenderFlush();
    const wanted = await paper.snapshot();
    app.unmount();
    const seen = await this.terminal.snapshot();
    // The text first: where cells differ, it is the better picture.
    expect(listLines(seen).join('\n')).toBe(listLines(wanted).join('\n'));
    expect(seen.rows).toEqual(wanted.rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drawing.leave();
    await this.drawing.ended;
  }
}

const sizes = [
  [200, 60],
  [120, 40],
  [80, 24],
  [40, 30],
] as const;

test.each(sizes)('painter: at %ix%i every cell is as Ink would draw it', async (columns, rows) => {
  for (const theme of ['ansi-16', 'colour-blind', 'mono'] as const) {
    await using led = new Led(columns, rows, theme);
    await led.go(led.state);
    await led.expectAsInk();
  }
});

test('painter: overlays cover rows that go on changing, and give them back', async () => {
  await using led = new Led(120, 30);
  await led.go(led.state);
  for (const open of ['?', 'd', ':']) {
    await led.press(open);
    await led.expectAsInk();
    await led.print('日本語 under it 🚀 日本語日本語日本語日本語日本語日本語日本語日本語');
    await led.expectAsInk();
    await led.press('', 'escape');
    await led.print('plain again');
    await led.expectAsInk();
  }
});

test('painter: after every change of size all is there, and nothing else', async () => {
  await using led = new Led(120, 30);
  for (const [columns, rows] of [
    [80, 24],
    [130, 40],
    [20, 5],
    [40, 30],
    [100, 20],
  ] as const) {
    await led.resize(columns, rows);
    await led.print(`at ${columns}x${rows}`);
    await led.expectAsInk();
  }
});

test('painter: no cell of a former size stays, whatever a terminal made of it', {
  timeout: 120_000,
}, async () => {
  const some = fc.tuple(
    fc.constantFrom(20, 39, 40, 61, 80, 100, 120, 200),
    fc.constantFrom(5, 12, 24, 30, 40, 60),
  );
  const key = fc.constantFrom('1', '2', '3', '4', '5', '6', 'z', '?', 'd', ':', 'esc', 'none');
  // Several changes one after the other, of which the program hears before it has drawn any.
  const step = fc.record({ sizes: fc.array(some, { minLength: 1, maxLength: 3 }), key });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      await using led = new Led(120, 40);
      await led.go(led.state);
      for (const { sizes: burst, key: pressed } of steps) {
        for (const [columns, rows] of burst) {
          led.terminal.resize(columns, rows);
          led.terminal.spoil();
          led.change(play(led.state, [{ type: 'resize', columns, rows }]).state);
        }
        await led.settle();
        await led.expectAsInk();
        if (pressed === 'none') continue;
        await (pressed === 'esc' ? led.press('', 'escape') : led.press(pressed));
        await led.print(`after ${burst.length} sizes`);
        await led.expectAsInk();
      }
    }),
    { numRuns: 12 },
  );
});

test('painter: whatever is pressed and printed, in whatever order, is drawn as by Ink', {
  timeout: 120_000,
}, async () => {
  const step = fc.oneof(
    fc
      .constantFrom('j', 'k', '1', '2', '3', '4', 'z', '?', 'd', ':', '/', ' ', 'G')
      .map((key) => ({ key })),
    fc.constantFrom('escape', 'tab', 'enter').map((name) => ({ name })),
    fc
      .constantFrom('a', '日本語', '\x1b[1;44mx 🚀', 'e\u0301\u200b\ty')
      .map((print) => ({ print })),
    fc.constantFrom(...sizes).map((size) => ({ size })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      await using led = new Led(120, 40);
      for (const next of steps) {
        if ('key' in next) await led.press(next.key);
        else if ('name' in next) await led.press('', next.name);
        else if ('print' in next) await led.print(next.print);
        else await led.resize(next.size[0], next.size[1]);
        await led.expectAsInk();
      }
    }),
    { numRuns: 10 },
  );
});

test('painter: a line of a log is one write of the rows that changed, without a frame of Ink', async () => {
  await using led = new Led(120, 30);
  await led.go(led.state);
  const count = led.terminal.writes.length;
  await led.print('one more line');
  const fresh = led.terminal.writes.slice(count).filter((text) => text !== '');
  expect(fresh).toHaveLength(1);
  expect(fresh[0]).toMatch(/^\x1b\[\?2026h\x1b7\x1b\[\d+;\d+H.*\x1b8\x1b\[\?2026l$/s);
  expect(fresh[0]).toContain('one more line');
  // Ink erases to the end of each line that it writes.
  expect(fresh[0]).not.toMatch(/\x1b\[\d*[JK]/);
});

test('painter: a frame of Ink and the rows in it are one write, and nothing is cleared', async () => {
  await using led = new Led(120, 30);
  await led.go(led.state);
  const count = led.terminal.writes.length;
  await led.press('?');
  const fresh = led.terminal.writes.slice(count).filter((text) => text !== '');
  expect(fresh).toHaveLength(1);
  expect(fresh[0]).toContain('Everywhere');
  expect(fresh[0]).not.toMatch(/\x1b\[[23]J/);
  await led.press('j');
  expect(led.terminal.writes.slice(count).join('')).not.toMatch(/\x1b\[[23]J/);
});

test('painter: nothing that stays is blank in between, where a frame is shown as it comes', async () => {
  const size = { columns: 120, rows: 34 };
  await using led = new Led(size.columns, size.rows);
  await led.go(led.state);
  const watch = new FrameWatch(size);
  const torn = (text: string) => text.replaceAll('\n', '\r\n').match(/[\s\S]{1,700}/g) ?? [];
  for (const piece of led.terminal.writes.flatMap(torn)) watch.take(piece);
  const from = watch.count;
  const count = led.terminal.writes.length;
  for (const keys of ['1', 'j', '2', '3', 'z', 'z', '4', '1', '?']) await led.press(keys);
  await led.press('', 'esc');
  await led.print('one more line');
  for (const piece of led.terminal.writes.slice(count).flatMap(torn)) watch.take(piece);
  const sight = await watch.judge(from);
  expect(sight.frames).toBeGreaterThan(8);
  expect(sight.torn).toBeGreaterThan(20);
  expect(sight.flashes).toBe(0);
});

test('painter: nothing is written while nothing changes, and while the terminal is lent', async () => {
  await using led = new Led(120, 30);
  await led.go(led.state);
  const count = led.terminal.writes.length;
  await led.go({ ...led.state });
  expect(led.terminal.writes.slice(count).join('')).toBe('');
  await led.drawing.lend(async () => {
    await led.drawing.flush();
    const lent = led.terminal.writes.length;
    await led.print('unseen');
    await led.press('?');
    expect(led.terminal.writes.slice(lent).join('')).toBe('');
  });
  await led.drawing.flush();
  await led.expectAsInk();
});

test('painter: a size that comes while the terminal is lent erases nothing there', async () => {
  await using led = new Led(120, 30);
  await led.go(led.state);
  await led.drawing.lend(async () => {
    await led.drawing.flush();
    const lent = led.terminal.writes.length;
    await led.resize(80, 24);
    expect(led.terminal.writes.slice(lent).join('')).toBe('');
    led.terminal.spoil();
  });
  await led.settle();
  await led.expectAsInk();
});

test('painter: boxes that look as before keep nothing back for long', () => {
  const ports = new FakePorts();
  const written: string[] = [];
  const painter = new RowPainter((text) => written.push(text), ports.timers);
  painter.await([{ x: 0, y: 0, text: 'one' }]);
  expect(painter.paintFrame()).toBe('\x1b7\x1b[1;1Hone\x1b8');
  painter.await([{ x: 0, y: 0, text: 'two' }]);
  painter.show([{ x: 0, y: 0, text: 'three' }]);
  ports.advance(1000);
  expect(written).toEqual([]);
  painter.settle();
  ports.advance(20);
  expect(written).toEqual(['\x1b[?2026h\x1b7\x1b[1;1Hthree\x1b8\x1b[?2026l']);
  expect(ports.timerCount).toBe(0);
});
