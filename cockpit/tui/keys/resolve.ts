/*
 * Raw keys to commands, in two pure steps.
 *
 * `splitKeys` turns one event of the terminal into single presses: a burst such as `jjj` and a
 * return, which a fast hand, a slow line or tmux sends as one, is four presses. `resolveKey` says
 * what one press means in a mode. Splitting comes first, so that the first key of a burst may open
 * the form into which the rest is typed.
 *
 * A terminal without bracketed paste gives a paste as such a burst, its line ends as returns:
 * returns in a burst of lines are told apart, so that they need not send what is only half there.
 */
import { burstCharsMax, pieceCharsMax } from '../limits.ts';
import { type Binding, type Command, type Mode, modesOf } from './keymap.ts';

/** One event as Ink gives it. */
export interface RawKey {
  readonly input: string;
  readonly key: Readonly<Partial<Record<NamedKey | 'ctrl' | 'meta' | 'shift', boolean>>> & {
    readonly eventType?: string | undefined;
  };
}

type NamedKey = keyof typeof namedKeys;

/** One press: its name as in the keymap, and the text it would type. */
export interface KeyPress {
  readonly name: string;
  readonly text: string;
  /** A return or a tab that came in one burst with lines of text. */
  readonly isPasted?: true;
}

/** What a press means. */
export type Resolved =
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'none' };

const namedKeys = {
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  pageUp: 'pageup',
  pageDown: 'pagedown',
  home: 'home',
  end: 'end',
  return: 'enter',
  escape: 'esc',
  tab: 'tab',
  backspace: 'backspace',
  delete: 'delete',
} as const;

const segmenter = new Intl.Segmenter();
// What Ink leaves of a control sequence that it doesn't know: mouse, focus and other reports.
const sequenceRest = /^(?:\[[\d;:<=>?]+[@-~]|\[[IO]|O[@-~])$/;

/**
 * The text of a burst that no hand types: a piece of a paste of a terminal without bracketed paste, which gives a
 * long one in several. As presses, one after the other, a megabyte of it would hold up the keys for half a minute.
 */
export function findPaste({ input, key }: RawKey, follows: 'keys' | 'piece'): string | undefined {
  const charsMax = follows === 'piece' ? pieceCharsMax : burstCharsMax;
  const isPlain = key.ctrl !== true && key.meta !== true && key.eventType !== 'release';
  return isPlain && input.length > charsMax ? input : undefined;
}

/** The presses that one event of the terminal holds, in order. */
export function splitKeys(raw: RawKey): readonly KeyPress[] {
  if (raw.key.eventType === 'release') return [];
  for (const [flag, name] of Object.entries(namedKeys)) {
    if (raw.key[flag as NamedKey] === true) return [press(nameModified(name, raw.key))];
  }
  if (sequenceRest.test(raw.input)) return [];
  if (raw.key.ctrl === true) return raw.input === '' ? [] : [press(`ctrl-${raw.input}`)];
  if (raw.key.meta === true) return raw.input === '' ? [] : [press(`alt-${raw.input}`)];
  return markPasted(Array.from(segmenter.segment(raw.input), ({ segment }) => pressOf(segment)));
}

function nameModified(name: string, key: RawKey['key']): string {
  if (name === 'tab' && key.shift === true) return 'shift-tab';
  return name === 'enter' && key.meta === true ? 'alt-enter' : name;
}

/** Where text follows a return, the burst is a paste, its last return too, and its tabs. */
function markPasted(presses: readonly KeyPress[]): readonly KeyPress[] {
  const lastText = presses.findLastIndex(({ text }) => text !== '');
  const isPaste = presses.some(({ name }, index) => name === 'enter' && index < lastText);
  if (!isPaste) return presses;
  const isText = ({ name }: KeyPress) => name === 'enter' || name === 'tab';
  return presses.map((one) => (isText(one) ? { ...one, isPasted: true } : one));
}

/** What one press means while `mode` takes the keys. */
export function resolveKey(key: KeyPress, mode: Mode, keymap: readonly Binding[]): Resolved {
  const table = tableOf(keymap);
  // A line feed is what ctrl-j sends, and what some terminals send for the return key.
  const other = key.name === 'ctrl-j' ? table.get(`${mode} enter`) : undefined;
  const command = table.get(`${mode} ${key.name}`) ?? other;
  if (command !== undefined) return { type: 'command', command };
  if (typing.has(mode) && key.text !== '') return { type: 'text', text: key.text };
  return { type: 'none' };
}

/** Is this how a key is written in a keymap: `x`, `enter`, `ctrl-x`, `alt-x`, `shift-tab`? */
export function isKeyName(name: string): boolean {
  if (named.has(name) || ['space', 'shift-tab', 'alt-enter'].includes(name)) return true;
  const plain = name.replace(/^(ctrl|alt)-/, '');
  return Array.from(segmenter.segment(plain)).length === 1 && plain >= '!';
}

const named: ReadonlySet<string> = new Set(Object.values(namedKeys));

/** Where a key that means nothing else is text. */
const typing: ReadonlySet<Mode> = new Set(['form', 'prompt', 'command', 'palette']);

/** Keymaps are made once and asked at every key. */
function tableOf(keymap: readonly Binding[]): ReadonlyMap<string, Command> {
  const known = tables.get(keymap);
  if (known !== undefined) return known;
  const table = new Map<string, Command>(
    keymap.flatMap((binding) =>
      modesOf(binding.contexts).flatMap((mode) =>
        binding.keys.map((key): [string, Command] => [`${mode} ${key}`, binding.command]),
      ),
    ),
  );
  tables.set(keymap, table);
  return table;
}

const tables = new WeakMap<readonly Binding[], ReadonlyMap<string, Command>>();

function press(name: string): KeyPress {
  return { name, text: '' };
}

function pressOf(character: string): KeyPress {
  if (character === '\r' || character === '\r\n') return press('enter');
  if (character === '\n') return press('ctrl-j');
  if (character === '\t') return press('tab');
  if (character === '\x7f' || character === '\b') return press('backspace');
  if (character === '\x1b') return press('esc');
  if (character < ' ') return press(`ctrl-${String.fromCharCode(character.charCodeAt(0) + 96)}`);
  if (character === ' ') return { name: 'space', text: ' ' };
  return { name: character, text: character };
}
