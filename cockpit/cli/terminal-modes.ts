/*
 * What programs at the other end did to the asker's own terminal, so that it can be undone.
 *
 * It reads the output that passes and remembers which modes are on; it changes nothing. A program that
 * is killed far away takes nothing back, and a person must find their prompt as they left it.
 * Pure but for its own memory. Source: xterm's ctlseqs, the kitty keyboard protocol.
 */

/** Modes that are on unless somebody turns them off: line wrap and the cursor. */
const onByDefault: ReadonlySet<number> = new Set([7, 25]);

/** Modes whose change is remembered: cursor keys, wrap, cursor, screens, mouse, focus, paste, synchronised output. */
const watched: ReadonlySet<number> = new Set([
  ...[
    1, 7, 9, 25, 47, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1047, 1049, 2004, 2026,
  ],
]);

/** Letters of a sequence that may be cut between two pieces of output; ours are far shorter. */
const cutLettersMax = 64;

const sequence =
  /\u001b(?:\[\?(?<modes>[\d;]+)(?<way>[hl])|\[>(?:[\d;]*)(?<push>u)|\[<(?<pop>\d*)u|\[>4(?:;(?<keys>\d*))?m|\[(?<style>\d*) q|\[(?<region>\d*;\d*)r|(?<pad>[=>])|(?<reset>c))/g;

/** Life cycle: `note` all that is written to the terminal, `undo` at the end. */
export class TerminalModes {
  readonly #changed = new Set<number>();
  #kittyDepth = 0;
  #hasKeys = false;
  #hasStyle = false;
  #hasRegion = false;
  #hasPad = false;
  #cut = '';

  /** Looks at output on its way to the terminal. */
  note(bytes: Uint8Array): void {
    const text = this.#cut + Buffer.from(bytes).toString('latin1');
    for (const { groups = {} } of text.matchAll(sequence)) this.#take(groups);
    const last = text.lastIndexOf('\u001b');
    const tail = last < 0 ? '' : text.slice(last);
    const isCut = /^\u001b(?:\[[?><=]?[\d;]* ?)?$/.test(tail) && tail.length < cutLettersMax;
    this.#cut = isCut ? tail : '';
  }

  /** What gives the terminal back as it was; ordinary letters and colours always. */
  undo(): string {
    const modes = [...this.#changed].map(
      (mode) => `\u001b[?${mode}${onByDefault.has(mode) ? 'h' : 'l'}`,
    );
    return [
      this.#hasKeys ? '\u001b[>4;0m' : '',
      this.#kittyDepth > 0 ? `\u001b[<${this.#kittyDepth}u` : '',
      // Both move the cursor where nothing keeps it.
      this.#hasRegion ? '\u001b7\u001b[r\u001b8' : '',
      this.#hasPad ? '\u001b>' : '',
      this.#hasStyle ? '\u001b[0 q' : '',
      ...modes,
      '\u001b[0m\u001b(B',
    ].join('');
  }

  #take(found: Readonly<Record<string, string | undefined>>): void {
    const { modes, way, push, pop, keys, style, region, pad, reset } = found;
    if (modes !== undefined) this.#noteModes(modes, way === 'h' ? 'on' : 'off');
    if (push !== undefined) this.#kittyDepth = Math.min(99, this.#kittyDepth + 1);
    if (pop !== undefined) this.#kittyDepth = Math.max(0, this.#kittyDepth - Number(pop || 1));
    if (keys !== undefined) this.#hasKeys = Number(keys) > 0;
    if (style !== undefined) this.#hasStyle = Number(style) > 0;
    if (region !== undefined) this.#hasRegion = true;
    if (pad !== undefined) this.#hasPad = pad === '=';
    if (reset !== undefined) this.#forget();
  }

  #noteModes(modes: string, way: 'on' | 'off'): void {
    for (const mode of modes.split(';').map(Number)) {
      const isDefault = onByDefault.has(mode) === (way === 'on');
      if (isDefault) this.#changed.delete(mode);
      else if (watched.has(mode)) this.#changed.add(mode);
    }
  }

  /** The program reset the whole terminal itself. */
  #forget(): void {
    this.#changed.clear();
    this.#kittyDepth = 0;
    this.#hasKeys = false;
    this.#hasStyle = false;
    this.#hasRegion = false;
    this.#hasPad = false;
  }
}
