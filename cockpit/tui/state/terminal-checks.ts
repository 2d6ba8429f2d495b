/*
 * The cockpit's own checks: does its terminal show what it draws, and let through what is typed?
 *
 * Functions of a snapshot that was asked for once. The terminal and its settings are the M2's: a fix sets
 * an option of the tmux that runs, and no file. Silence of the environment is no finding.
 * Source: screen facts 3d, ink facts C5; tmux(1).
 */
import type { Check, Evidence, Finding } from '../../../protocol/doctor.ts';
import { diagnose } from '../../../protocol/doctor-run.ts';

/** What tmux says of itself, where the cockpit runs in it. */
export interface TmuxFacts {
  readonly version: string;
  readonly escapeMs: number;
  readonly clipboard: string;
  readonly focusEvents: string;
}

/** What the environment says of the terminal. */
export interface TerminalFacts {
  readonly term: string;
  readonly colorTerm: string;
  /** The locale of characters: `C.UTF-8`; empty where none is set. */
  readonly locale: string;
  readonly isInTmux: boolean;
  /** Undefined outside of tmux, and where it did not answer. */
  readonly tmux: TmuxFacts | undefined;
}

/** The whole snapshot. */
export interface CockpitFacts extends TerminalFacts {
  readonly columns: number;
  readonly rows: number;
}

/** What the fixes of these checks may touch: the tmux that runs, until it ends. */
export interface TmuxWorld {
  /** Sets an option of it, as `tmux set` does. */
  setTmux(words: readonly string[]): Promise<void>;
}

type CockpitCheck = Check<CockpitFacts, TmuxWorld>;

/** Sizes at which nothing has to be left out of a pane. */
const columnsWanted = 80;
const rowsWanted = 24;

/** A key after esc within this time is taken for a part of it; longer is felt. */
const escapeMsMax = 100;

/** What a check says, where it says anything. */
function oneCheck(
  rest: Omit<CockpitCheck, 'area' | 'cost' | 'diagnose'>,
  find: (facts: CockpitFacts) => Omit<Evidence, 'subject'> | undefined,
  fix?: NonNullable<CockpitCheck['fix']>,
): CockpitCheck {
  return {
    ...rest,
    ...(fix === undefined ? {} : { fix }),
    area: 'terminal',
    cost: 'free',
    diagnose: (facts) => {
      const found = find(facts);
      return found === undefined ? [] : [{ subject: 'terminal', ...found }];
    },
  };
}

/** A fix that lasts as long as the tmux that runs. */
function setOption(...words: readonly string[]): NonNullable<CockpitCheck['fix']> {
  return {
    reach: 'here',
    plan: () => `runs \`tmux set ${words.join(' ')}\`, which holds until tmux ends`,
    apply: ({ setTmux }) => setTmux(words),
  };
}

const size = oneCheck(
  {
    id: 'terminal-small',
    title: 'the terminal is large enough to show panes side by side',
    why: 'Below that there is one pane at a time, and columns are left out.',
    severity: 'warning',
  },
  ({ columns, rows }) =>
    columns >= columnsWanted && rows >= rowsWanted
      ? undefined
      : {
          seen: `It has ${columns} columns and ${rows} rows.`,
          wanted: `${columnsWanted} and ${rowsWanted}, or more.`,
          advice: 'Make the window larger, or its letters smaller.',
        },
);

const unicode = oneCheck(
  {
    id: 'terminal-not-unicode',
    title: 'the terminal is told to use UTF-8',
    why: 'Borders and signs of the screen come out as rubbish, and columns stand crooked.',
    severity: 'error',
  },
  ({ locale }) =>
    locale === '' || /utf-?8/i.test(locale)
      ? undefined
      : {
          seen: `The locale is ${locale}.`,
          wanted: 'One with UTF-8, such as C.UTF-8.',
          advice: 'Set LC_ALL or LANG before the cockpit is started.',
        },
);

const colour = oneCheck(
  {
    id: 'terminal-few-colours',
    title: 'the terminal has colours of its own',
    why: 'States are told apart by sign and word alone; that works, and is slower to read.',
    severity: 'warning',
  },
  ({ term, colorTerm }) =>
    colorTerm !== '' || !/^(vt\d|ansi$|linux$|dumb$|$)/.test(term)
      ? undefined
      : {
          seen: term === '' ? 'TERM is not set.' : `TERM is ${term}.`,
          wanted: 'xterm-256color, or what the terminal calls itself.',
          advice: 'Set TERM to what the terminal is; over ssh it is passed along.',
        },
);

const tmuxTerm = oneCheck(
  {
    id: 'tmux-term',
    title: 'inside tmux the terminal is called by its name',
    why: 'With another name keys and colours are sent that tmux does not know.',
    severity: 'warning',
  },
  ({ isInTmux, term }) =>
    !isInTmux || /^(tmux|screen)/.test(term)
      ? undefined
      : {
          seen: `TERM is ${term} inside tmux.`,
          wanted: 'tmux-256color, or screen-256color.',
          advice: 'Do not set TERM in a shell’s start-up file; let tmux set it.',
        },
);

const tmuxEscape = oneCheck(
  {
    id: 'tmux-escape-time',
    title: 'tmux passes esc on at once',
    why: 'Every esc waits for so long before it does anything.',
    severity: 'warning',
  },
  ({ tmux }) =>
    tmux === undefined || tmux.escapeMs <= escapeMsMax
      ? undefined
      : {
          seen: `tmux holds esc back for ${tmux.escapeMs} ms.`,
          wanted: `${escapeMsMax} ms, or less.`,
          advice: 'Put `set -sg escape-time 20` into ~/.tmux.conf.',
        },
  setOption('-s', 'escape-time', '20'),
);

const tmuxClipboard = oneCheck(
  {
    id: 'tmux-clipboard',
    title: 'tmux lets the cockpit copy to the clipboard',
    why: 'What is copied stays inside tmux, and nothing says so.',
    severity: 'warning',
  },
  ({ tmux }) =>
    tmux === undefined || tmux.clipboard === 'on'
      ? undefined
      : {
          seen: `set-clipboard is ${tmux.clipboard}.`,
          wanted: 'on: then OSC 52 of a program reaches the terminal.',
          advice: 'Put `set -s set-clipboard on` into ~/.tmux.conf.',
        },
  setOption('-s', 'set-clipboard', 'on'),
);

const tmuxFocus = oneCheck(
  {
    id: 'tmux-focus-events',
    title: 'tmux says which window is looked at',
    why: 'The cockpit rings for what needs you although you are looking at it.',
    severity: 'warning',
  },
  ({ tmux }) =>
    tmux === undefined || tmux.focusEvents !== '0'
      ? undefined
      : {
          seen: 'focus-events is off.',
          wanted: 'on.',
          advice: 'Put `set -g focus-events on` into ~/.tmux.conf.',
        },
  setOption('-s', 'focus-events', 'on'),
);

/** In the order in which they are shown. */
export const cockpitChecks: readonly CockpitCheck[] = [
  unicode,
  size,
  colour,
  tmuxTerm,
  tmuxEscape,
  tmuxClipboard,
  tmuxFocus,
];

/** What is wrong with the cockpit's terminal. */
export function diagnoseCockpit(facts: CockpitFacts): readonly Finding[] {
  return diagnose(cockpitChecks, facts);
}

/** What `tmux display-message -p` says in the form of `tmuxQuestion`; undefined where that is something else. */
export function readTmuxAnswer(text: string): TmuxFacts | undefined {
  const [version = '', holds = '', clipboard = '', focusEvents = ''] = text.trim().split('|');
  const escapeMs = Number(holds);
  if (focusEvents === '' || holds === '' || !Number.isFinite(escapeMs)) return undefined;
  return { version, escapeMs, clipboard, focusEvents };
}

/** What tmux is asked for: its own options are formats too. */
export const tmuxQuestion = '#{version}|#{escape-time}|#{set-clipboard}|#{focus-events}';
