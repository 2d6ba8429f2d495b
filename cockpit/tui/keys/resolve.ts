/*
 * Raw keys to commands, in two pure steps.
 *
 * `splitKeys` turns one event of the terminal into single presses: a burst such as `jjj` and a
 * return, which a fast hand, a slow line or tmux sends as one, is four presses. `resolveKey` says
 * what one press means in a mode. Splitting comes first, so that the first key of a burst may open
 * the form into which the rest is typed.
 */
import { type Command, type Context, keymap } from './keymap.ts';

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
}

/** What a press means. */
export type Resolved =
  | { readonly type: 'command'; readonly command: Command }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'none' };

/** What takes the keys: a pane or an overlay. */
export type Mode = Exclude<Context, 'global'>;

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

/** The presses that one event of the terminal holds, in order. */
export function splitKeys(raw: RawKey): readonly KeyPress[] {
  if (raw.key.eventType === 'release') return [];
  for (const [flag, name] of Object.entries(namedKeys)) {
    if (raw.key[flag as NamedKey] === true) {
      return [press(raw.key.shift === true && name === 'tab' ? 'shift-tab' : name)];
    }
  }
  if (sequenceRest.test(raw.input)) return [];
  if (raw.key.ctrl === true) return raw.input === '' ? [] : [press(`ctrl-${raw.input}`)];
  if (raw.key.meta === true) return raw.input === '' ? [] : [press(`alt-${raw.input}`)];
  return Array.from(segmenter.segment(raw.input), ({ segment }) => pressOf(segment));
}

/** What one press means while `mode` takes the keys. */
export function resolveKey(key: KeyPress, mode: Mode): Resolved {
  const command = table.get(`${mode} ${key.name}`);
  if (command !== undefined) return { type: 'command', command };
  if (typing.has(mode) && key.text !== '') return { type: 'text', text: key.text };
  return { type: 'none' };
}

/** Where a key that means nothing else is text. */
const typing: ReadonlySet<Mode> = new Set(['form', 'prompt', 'command', 'palette']);

const table = new Map<string, Command>(
  keymap.flatMap((binding) =>
    modesOf(binding.contexts).flatMap((mode) =>
      binding.keys.map((key): [string, Command] => [`${mode} ${key}`, binding.command]),
    ),
  ),
);

function modesOf(contexts: readonly Context[]): readonly Mode[] {
  return contexts.flatMap((context): readonly Mode[] =>
    context === 'global' ? ['team', 'jobs', 'log', 'inbox'] : [context],
  );
}

function press(name: string): KeyPress {
  return { name, text: '' };
}

function pressOf(character: string): KeyPress {
  if (character === '\r' || character === '\n' || character === '\r\n') return press('enter');
  if (character === '\t') return press('tab');
  if (character === '\x7f' || character === '\b') return press('backspace');
  if (character === '\x1b') return press('esc');
  if (character < ' ') return press(`ctrl-${String.fromCharCode(character.charCodeAt(0) + 96)}`);
  if (character === ' ') return { name: 'space', text: ' ' };
  return { name: character, text: character };
}
