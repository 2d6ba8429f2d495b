/*
 * A terminal in memory: the bytes of the screen go into xterm, and a test reads its cells.
 *
 * `until` looks again whenever bytes arrive, so that no test waits for a duration.
 */
import { PassThrough, Writable } from 'node:stream';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import xterm from '@xterm/headless';
import { type Snapshot, takeSnapshot } from '../../kit/cells.ts';

/** A terminal of this size with streams for a program to run on. */
export class FakeTerminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  written = '';
  /** What was written, one entry for each write. */
  readonly writes: string[] = [];
  isRaw = false;
  readonly #term;
  readonly #size: { columns: number; rows: number };

  constructor(columns: number, rows: number) {
    this.#term = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#term.loadAddon(new UnicodeGraphemesAddon());
    this.#size = { columns, rows };
    this.stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (isRaw: boolean) => {
        this.isRaw = isRaw;
      },
      ref: () => {},
      unref: () => {},
    }) as unknown as NodeJS.ReadStream;
    const out = new Writable({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        this.written += chunk;
        this.writes.push(chunk);
        // A terminal's driver makes the carriage returns.
        this.#term.write(chunk.replaceAll('\n', '\r\n'), done);
      },
    });
    this.stdout = Object.assign(out, {
      isTTY: true,
      ...this.#size,
    }) as unknown as NodeJS.WriteStream;
  }

  type(text: string): void {
    (this.stdin as unknown as PassThrough).write(text);
  }

  resize(columns: number, rows: number): void {
    this.#term.resize(columns, rows);
    Object.assign(this.stdout, { columns, rows });
    this.stdout.emit('resize');
  }

  /** Other text in every cell, coloured, and the cursor elsewhere: what a terminal may leave after a new size. */
  spoil(): void {
    const { cols, rows } = this.#term;
    const lines = Array.from({ length: rows }, () => '#'.repeat(cols));
    this.#term.write(`\x1b[H\x1b[31;44m${lines.join('\r\n')}\x1b[m\x1b[${rows >> 1};3H`);
  }

  get buffer(): 'normal' | 'alternate' {
    return this.#term.buffer.active.type;
  }

  get isPasteBracketed(): boolean {
    return this.#term.modes.bracketedPasteMode;
  }

  /** What is on the screen, spaces at the ends of rows cut. */
  get text(): string {
    const { active } = this.#term.buffer;
    const rows = Array.from({ length: this.#term.rows }, (_, row) =>
      active.getLine(active.viewportY + row),
    );
    return rows.map((line) => line?.translateToString(true) ?? '').join('\n');
  }

  /** Every cell with its look, once all that was written is on the screen. */
  async snapshot(): Promise<Snapshot> {
    await new Promise<void>((resolve) => {
      this.#term.write('', resolve);
    });
    return takeSnapshot(this.#term);
  }

  /** Resolves once the screen satisfies `isThere`; looks now and after everything written. */
  until(isThere: string | ((text: string) => boolean)): Promise<void> {
    const matches =
      typeof isThere === 'string' ? (text: string) => text.includes(isThere) : isThere;
    if (matches(this.text)) return Promise.resolve();
    return new Promise((resolve) => {
      const subscription = this.#term.onWriteParsed(() => {
        if (!matches(this.text)) return;
        subscription.dispose();
        resolve();
      });
    });
  }
}
