/*
 * THE table of keys: what can be pressed where, and what it is called.
 *
 * Resolving, the help overlay, the footer and the README's table of keys all come from here; a key
 * that is not in this table does nothing. Order is the order of the footer and of the help.
 * Data only; a test holds that no key means two things in one place.
 */
import { paneIds } from '../views/layout.ts';

/** What a key asks for. */
export type Command =
  | 'open'
  | 'dispatch'
  | 'terminal'
  | 'install'
  | 'open-pager'
  | 'open-editor'
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
  | 'fold'
  | 'unfold'
  | 'sort-age'
  | 'sort-state'
  | 'sort-worker'
  | 'sort-need'
  | 'sort-label'
  | 'sort-deadline'
  | 'filter-state'
  | 'filter-worker'
  | 'filter-need'
  | 'filter-label'
  | 'filter-age'
  | 'fetch'
  | 'pane-next'
  | 'pane-previous'
  | 'pane-team'
  | 'pane-jobs'
  | 'pane-log'
  | 'pane-inbox'
  | 'pane-doctor'
  | 'pane-events'
  | 'approve'
  | 'reject'
  | 'answer'
  | 'fix'
  | 'fix-all'
  | 'diagnose'
  | 'hour-back'
  | 'hour-forth'
  | 'day-back'
  | 'day-forth'
  | 'filter'
  | 'mark'
  | 'mark-range'
  | 'zoom'
  | 'hit-next'
  | 'hit-previous'
  | 'error-next'
  | 'error-previous'
  | 'warning-next'
  | 'log-follow'
  | 'log-filter'
  | 'log-wrap'
  | 'log-times'
  | 'log-at'
  | 'log-save'
  | 'mark-next'
  | 'copy'
  | 'copy-answer'
  | 'command-line'
  | 'palette'
  | 'hubs'
  | 'history-back'
  | 'history-forth'
  | 'mouse'
  | 'bell'
  | 'theme'
  | 'line-accept'
  | 'line-close'
  | 'line-complete'
  | 'line-complete-back'
  | 'line-older'
  | 'line-newer'
  | 'palette-accept'
  | 'palette-close'
  | 'palette-down'
  | 'palette-up'
  | 'back'
  | 'help'
  | 'quit'
  | 'leave'
  | 'redraw'
  | 'suspend'
  | 'help-close'
  | 'help-whole'
  | 'form-send'
  | 'form-newline'
  | 'form-editor'
  | 'form-next'
  | 'form-previous'
  | 'form-down'
  | 'form-up'
  | 'form-older'
  | 'form-newer'
  | 'form-preview-down'
  | 'form-preview-up'
  | 'form-left'
  | 'form-right'
  | 'form-start'
  | 'form-end'
  | 'form-backspace'
  | 'form-delete'
  | 'form-clear'
  | 'form-word'
  | 'form-close'
  | 'prompt-accept'
  | 'prompt-close'
  | 'confirm-accept'
  | 'confirm-switch'
  | 'confirm-yes'
  | 'confirm-no';

/** Where a key is valid: a pane, every pane (`global`), or an overlay that takes all keys. */
export type Context =
  | 'global'
  | 'team'
  | 'jobs'
  | 'log'
  | 'inbox'
  | 'doctor'
  | 'events'
  | 'form'
  | 'prompt'
  | 'command'
  | 'palette'
  | 'words'
  | 'confirm'
  | 'help';

/** What takes the keys: a pane or an overlay. */
export type Mode = Exclude<Context, 'global'>;

/** The modes in which a row with these contexts is valid; every pane takes what is valid everywhere. */
export function modesOf(contexts: readonly Context[]): readonly Mode[] {
  return contexts.flatMap((context) => (context === 'global' ? paneIds : [context]));
}

/** One row of the table. */
export interface Binding {
  readonly command: Command;
  /** As `keys/resolve.ts` names them; the first one is shown where there is little room. */
  readonly keys: readonly string[];
  readonly title: string;
  readonly contexts: readonly Context[];
  readonly isShownInFooter: boolean;
}

const moving = ['global', 'help', 'words'] as const;
const texts = ['form', 'prompt', 'command', 'palette'] as const;
const work = ['team', 'jobs', 'log'] as const;
const everywhere = [
  'global',
  'form',
  'prompt',
  'command',
  'palette',
  'words',
  'confirm',
  'help',
] as const;

/** The table. */
export const keymap: readonly Binding[] = [
  shown('dispatch', ['d'], 'dispatch', ['global']),
  shown('open', ['enter'], 'details', ['global']),
  shown('cancel', ['c'], 'cancel', work),
  shown('retry', ['r'], 'retry', ['jobs', 'log']),
  hidden('terminal', ['t'], 'a shell on the box; ctrl-] comes back', work),
  shown('install', ['i'], 'install a box', ['team']),
  hidden('open-pager', ['o'], 'the log in $PAGER', ['jobs', 'log']),
  hidden('open-editor', ['O'], 'the log in $EDITOR', ['jobs', 'log']),
  shown('approve', ['a'], 'approve', ['inbox']),
  shown('reject', ['x'], 'reject', ['inbox']),
  shown('answer', ['e'], 'answer', ['inbox']),
  shown('fix', ['f'], 'fix', ['doctor']),
  shown('fix-all', ['F'], 'fix all that are safe', ['doctor']),
  shown('diagnose', ['r'], 'look again', ['doctor']),
  shown('hour-back', ['left', 'h'], 'an hour back', ['events']),
  shown('hour-forth', ['right', 'l'], 'an hour on', ['events']),
  hidden('day-back', ['{'], 'a day back', ['events']),
  hidden('day-forth', ['}'], 'a day on', ['events']),
  shown('filter', ['/'], 'filter', ['global']),
  shown('pane-next', ['tab'], 'next pane', ['global']),
  hidden('pane-previous', ['shift-tab'], 'previous pane', ['global']),
  hidden('pane-team', ['1'], 'team', ['global']),
  hidden('pane-jobs', ['2'], 'jobs', ['global']),
  hidden('pane-log', ['3'], 'log', ['global']),
  hidden('pane-inbox', ['4'], 'inbox', ['global']),
  hidden('pane-doctor', ['5'], 'doctor', ['global']),
  hidden('pane-events', ['6'], 'events', ['global']),
  hidden('zoom', ['z'], 'the pane alone, and back', ['global']),
  shown('command-line', [':'], 'verb', ['global']),
  hidden('palette', ['ctrl-p'], 'find anything', ['global']),
  hidden('hubs', ['H'], 'look into another hub', ['global']),
  hidden('history-back', ['['], 'back where you were', ['global']),
  hidden('history-forth', [']'], 'forth again', ['global']),
  hidden('mouse', ['M'], 'mouse on or off', ['global']),
  hidden('bell', ['B'], 'bell on or off', ['global']),
  hidden('theme', ['T'], 'the next theme', ['global']),
  hidden('mark', ['space'], 'mark, and go on', ['global']),
  hidden('mark-range', ['v'], 'mark from here; again: stop', ['global']),
  hidden('down', ['j', 'down'], 'down', moving),
  hidden('up', ['k', 'up'], 'up', moving),
  hidden('half-down', ['ctrl-d'], 'half a page down', moving),
  hidden('half-up', ['ctrl-u'], 'half a page up', moving),
  hidden('page-down', ['pagedown'], 'a page down', moving),
  hidden('page-up', ['pageup'], 'a page up', moving),
  hidden('top', ['g', 'home'], 'first row', moving),
  hidden('bottom', ['G', 'end'], 'last row; a log follows its end', moving),
  hidden('left', ['left'], 'scroll to the left', ['log']),
  hidden('right', ['right'], 'scroll to the right', ['log']),
  hidden('fold', ['h', 'left'], 'fold; the file before', ['team', 'jobs']),
  hidden('unfold', ['l', 'right'], 'unfold; the file after', ['team', 'jobs']),
  hidden('fetch', ['f'], 'save the chosen file', ['jobs']),
  hidden('filter-state', ['s'], 'only running, waiting, bad…', ['jobs']),
  hidden('filter-worker', ['w'], 'only this worker; all', ['jobs']),
  hidden('filter-need', ['n'], 'only what needs this; all', ['jobs']),
  hidden('filter-label', ['b'], 'only this label; all', ['jobs']),
  hidden('filter-age', ['a'], 'only young ones, old ones', ['jobs']),
  hidden('sort-state', ['S'], 'worst first; again: last', ['jobs']),
  hidden('sort-worker', ['W'], 'sort by worker', ['jobs']),
  hidden('sort-need', ['N'], 'sort by need', ['jobs']),
  hidden('sort-label', ['L'], 'sort by label', ['jobs']),
  hidden('sort-age', ['A'], 'newest first; again: oldest', ['jobs']),
  hidden('sort-deadline', ['D'], 'sort by deadline', ['jobs']),
  hidden('back', ['esc'], 'climb back', ['global']),
  shown('hit-next', ['n'], 'next hit', ['log']),
  hidden('hit-previous', ['N'], 'hit before', ['log']),
  shown('log-filter', ['f'], 'only hits; lines near them too; all', ['log']),
  shown('error-next', ['e'], 'next error', ['log']),
  hidden('error-previous', ['E'], 'error before', ['log']),
  hidden('warning-next', ['W'], 'next warning or error', ['log']),
  hidden('log-follow', ['p'], 'pause; again: follow the end', ['log']),
  hidden('log-wrap', ['w'], 'wrap long lines', ['log']),
  hidden('log-times', ['i'], 'when each line was written', ['log']),
  hidden('log-at', ['@'], 'go to an instant: 14:03, 10m', ['log']),
  hidden('mark-next', ["'"], 'next marked line', ['log']),
  hidden('copy', ['y'], 'copy the line, or those chosen by v', ['log']),
  hidden('log-save', ['ctrl-s'], 'save to a file', ['log']),
  shown('help', ['?'], 'help', ['global']),
  shown('quit', ['q'], 'quit, work goes on', ['global']),
  shown('form-send', ['enter'], 'send', ['form']),
  shown('form-next', ['tab'], 'next field, or complete a name', ['form']),
  shown('form-newline', ['ctrl-j', 'alt-enter'], 'new line', ['form']),
  shown('form-older', ['ctrl-p'], 'an earlier dispatch', ['form']),
  hidden('form-newer', ['ctrl-n'], 'a later dispatch', ['form']),
  shown('form-editor', ['ctrl-o'], '$EDITOR, on the command', ['form']),
  hidden('form-previous', ['shift-tab'], 'previous field', ['form']),
  hidden('form-down', ['down'], 'a line down, then the next field', ['form']),
  hidden('form-up', ['up'], 'a line up, then an earlier dispatch', ['form']),
  hidden('form-preview-down', ['pagedown'], 'more of what will be sent', ['form']),
  hidden('form-preview-up', ['pageup'], 'less of what will be sent', ['form']),
  hidden('form-left', ['left', 'ctrl-b'], 'one to the left; previous choice', texts),
  hidden('form-right', ['right', 'ctrl-f'], 'one to the right; next choice', texts),
  hidden('form-start', ['home', 'ctrl-a'], 'start of the line', texts),
  hidden('form-end', ['end', 'ctrl-e'], 'end of the line', texts),
  hidden('form-backspace', ['backspace'], 'delete to the left', texts),
  hidden('form-delete', ['delete', 'ctrl-d'], 'delete to the right', texts),
  hidden('form-clear', ['ctrl-u'], 'delete to the start', texts),
  hidden('form-word', ['ctrl-w'], 'delete a word', texts),
  shown('form-close', ['esc'], 'close', ['form']),
  shown('prompt-accept', ['enter'], 'take it', ['prompt']),
  shown('prompt-close', ['esc'], 'leave it', ['prompt']),
  shown('line-accept', ['enter'], 'do it', ['command']),
  shown('line-complete', ['tab'], 'complete', ['command']),
  hidden('line-complete-back', ['shift-tab'], 'the candidate before', ['command']),
  hidden('line-older', ['up'], 'an older line', ['command']),
  hidden('line-newer', ['down'], 'a newer line', ['command']),
  shown('line-close', ['esc'], 'leave it', ['command']),
  shown('palette-accept', ['enter'], 'take it', ['palette']),
  hidden('palette-down', ['down', 'ctrl-n', 'tab'], 'next', ['palette']),
  hidden('palette-up', ['up', 'ctrl-p', 'shift-tab'], 'previous', ['palette']),
  shown('palette-close', ['esc'], 'leave it', ['palette']),
  shown('confirm-accept', ['enter'], 'take the marked answer', ['confirm']),
  shown('confirm-switch', ['tab', 'left', 'right', 'h', 'l'], 'switch', ['confirm']),
  shown('confirm-yes', ['y'], 'yes', ['confirm']),
  shown('confirm-no', ['esc', 'n', 'q'], 'no', ['confirm']),
  shown('copy-answer', ['y'], 'copy all of it', ['words']),
  shown('help-close', ['esc', '?', 'q', 'enter'], 'close', ['help', 'words']),
  shown('help-whole', ['tab'], 'all keys, or those of here', ['help']),
  hidden('redraw', ['ctrl-l'], 'draw everything again', everywhere),
  hidden('suspend', ['ctrl-z'], 'suspend to the shell', everywhere),
  hidden('leave', ['ctrl-c'], 'quit, work goes on', everywhere),
];

/** The parts of the help overlay and of the README's table, in order. */
export const contextTitles: readonly (readonly [Context, string])[] = [
  ['global', 'Everywhere'],
  ['team', 'In the team, jobs and log'],
  ['jobs', 'In the jobs'],
  ['log', 'In the log'],
  ['inbox', 'In the inbox'],
  ['doctor', 'In the doctor'],
  ['events', 'In the events'],
  ['form', 'In the dispatch form'],
  ['prompt', 'In the line at the foot'],
  ['command', 'After :'],
  ['palette', 'In the palette'],
  ['words', 'In an answer'],
  ['confirm', 'In a question'],
  ['help', 'In this help'],
];

/** What keys that lists have mean where there are lines instead of rows. */
const lineTitles: Readonly<Partial<Record<Command, string>>> = {
  filter: 'search',
  mark: 'mark the line',
  'mark-range': 'choose lines; again: stop',
};

/** The bindings that are called something else in this place, as they are called there. */
export function listRenamed(context: Context, table: readonly Binding[]): readonly Binding[] {
  if (context !== 'log') return [];
  return table.flatMap((binding) => {
    const title = lineTitles[binding.command];
    return title === undefined ? [] : [{ ...binding, title }];
  });
}

/** The rows of one part: each binding is in the first part that has it, and where it is renamed. */
export function listBindings(context: Context, table: readonly Binding[]): readonly Binding[] {
  const order = contextTitles.map(([id]) => id);
  const own = table.filter(
    (binding) => order.find((id) => binding.contexts.includes(id)) === context,
  );
  return [...listRenamed(context, table), ...own];
}

/** The table of keys for the README, in Markdown. */
export function renderKeyTable(): string {
  const rows = contextTitles.flatMap(([context, title]) =>
    listBindings(context, keymap).map(
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
