/*
 * THE table of keys: what can be pressed where, and what it is called.
 *
 * Resolving, the help overlay, the footer and the README's table of keys all come from here; a key
 * that is not in this table does nothing. Order is the order of the footer and of the help.
 * Data only; a test holds that no key means two things in one place.
 */

/** What a key asks for. */
export type Command =
  | 'open'
  | 'dispatch'
  | 'cancel'
  | 'retry'
  | 'down'
  | 'up'
  | 'half-down'
  | 'half-up'
  | 'page-down'
  | 'page-up'
  | 'top'
  | 'bottom'
  | 'left'
  | 'right'
  | 'pane-next'
  | 'pane-previous'
  | 'pane-team'
  | 'pane-jobs'
  | 'pane-log'
  | 'back'
  | 'help'
  | 'quit'
  | 'leave'
  | 'redraw'
  | 'suspend'
  | 'help-close'
  | 'form-send'
  | 'form-next'
  | 'form-previous'
  | 'form-left'
  | 'form-right'
  | 'form-start'
  | 'form-end'
  | 'form-backspace'
  | 'form-delete'
  | 'form-clear'
  | 'form-word'
  | 'form-close'
  | 'confirm-accept'
  | 'confirm-switch'
  | 'confirm-yes'
  | 'confirm-no';

/** Where a key is valid: a pane, every pane (`global`), or an overlay that takes all keys. */
export type Context = 'global' | 'team' | 'jobs' | 'log' | 'form' | 'confirm' | 'help';

/** One row of the table. */
export interface Binding {
  readonly command: Command;
  /** As `keys/resolve.ts` names them; the first one is shown where there is little room. */
  readonly keys: readonly string[];
  readonly title: string;
  readonly contexts: readonly Context[];
  readonly isShownInFooter: boolean;
}

const lists = ['team', 'jobs', 'log', 'help'] as const;
const everywhere = ['global', 'form', 'confirm', 'help'] as const;

/** The table. */
export const keymap: readonly Binding[] = [
  shown('dispatch', ['d'], 'dispatch', ['global']),
  shown('open', ['enter'], 'details', ['team', 'jobs', 'log']),
  shown('cancel', ['c'], 'cancel', ['global']),
  shown('retry', ['r'], 'retry', ['global']),
  shown('pane-next', ['tab'], 'next pane', ['global']),
  hidden('pane-previous', ['shift-tab'], 'previous pane', ['global']),
  hidden('pane-team', ['1'], 'team', ['global']),
  hidden('pane-jobs', ['2'], 'jobs', ['global']),
  hidden('pane-log', ['3'], 'log', ['global']),
  hidden('down', ['j', 'down'], 'down', lists),
  hidden('up', ['k', 'up'], 'up', lists),
  hidden('half-down', ['ctrl-d'], 'half a page down', lists),
  hidden('half-up', ['ctrl-u'], 'half a page up', lists),
  hidden('page-down', ['pagedown'], 'a page down', lists),
  hidden('page-up', ['pageup'], 'a page up', lists),
  hidden('top', ['g', 'home'], 'first row', lists),
  hidden('bottom', ['G', 'end'], 'last row; a log follows its end', lists),
  hidden('left', ['left'], 'scroll to the left', ['log']),
  hidden('right', ['right'], 'scroll to the right', ['log']),
  hidden('back', ['esc'], 'climb back', ['global']),
  shown('help', ['?'], 'help', ['global']),
  shown('quit', ['q'], 'quit, work goes on', ['global']),
  shown('form-send', ['enter'], 'send', ['form']),
  shown('form-next', ['tab', 'down'], 'next field', ['form']),
  hidden('form-previous', ['shift-tab', 'up'], 'previous field', ['form']),
  hidden('form-left', ['left', 'ctrl-b'], 'one to the left; previous worker', ['form']),
  hidden('form-right', ['right', 'ctrl-f'], 'one to the right; next worker', ['form']),
  hidden('form-start', ['home', 'ctrl-a'], 'start of the field', ['form']),
  hidden('form-end', ['end', 'ctrl-e'], 'end of the field', ['form']),
  hidden('form-backspace', ['backspace'], 'delete to the left', ['form']),
  hidden('form-delete', ['delete', 'ctrl-d'], 'delete to the right', ['form']),
  hidden('form-clear', ['ctrl-u'], 'delete to the start', ['form']),
  hidden('form-word', ['ctrl-w'], 'delete a word', ['form']),
  shown('form-close', ['esc'], 'close', ['form']),
  shown('confirm-accept', ['enter'], 'take the marked answer', ['confirm']),
  shown('confirm-switch', ['tab', 'left', 'right', 'h', 'l'], 'switch', ['confirm']),
  shown('confirm-yes', ['y'], 'yes', ['confirm']),
  shown('confirm-no', ['esc', 'n', 'q'], 'no', ['confirm']),
  shown('help-close', ['esc', '?', 'q', 'enter'], 'close', ['help']),
  hidden('redraw', ['ctrl-l'], 'draw everything again', everywhere),
  hidden('suspend', ['ctrl-z'], 'suspend to the shell', everywhere),
  hidden('leave', ['ctrl-c'], 'quit, work goes on', everywhere),
];

/** The parts of the help overlay and of the README's table, in order. */
export const contextTitles: readonly (readonly [Context, string])[] = [
  ['global', 'Everywhere'],
  ['jobs', 'In a list or log'],
  ['log', 'In the log'],
  ['form', 'In the dispatch form'],
  ['confirm', 'In a question'],
  ['help', 'In this help'],
];

/** The rows of one part: each binding is in the first part that has it. */
export function listBindings(context: Context): readonly Binding[] {
  const order = contextTitles.map(([id]) => id);
  return keymap.filter((binding) => order.find((id) => binding.contexts.includes(id)) === context);
}

/** The table of keys for the README, in Markdown. */
export function renderKeyTable(): string {
  const rows = contextTitles.flatMap(([context, title]) =>
    listBindings(context).map(
      (binding) =>
        `| ${binding.keys.map((key) => `\`${key}\``).join(' ')} | ${binding.title} | ${title} |`,
    ),
  );
  return ['| keys | what they do | where |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function shown(
  command: Command,
  keys: readonly string[],
  ...rest: readonly [string, readonly Context[]]
): Binding {
  return { command, keys, title: rest[0], contexts: rest[1], isShownInFooter: true };
}

function hidden(
  command: Command,
  keys: readonly string[],
  ...rest: readonly [string, readonly Context[]]
): Binding {
  return { ...shown(command, keys, ...rest), isShownInFooter: false };
}
