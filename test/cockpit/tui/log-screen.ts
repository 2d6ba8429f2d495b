/*
 * The log pane alone on a screen, for tests of its keys.
 */
import type { CockpitEvent, Effect } from '../../../cockpit/tui/state/effects.ts';
import type { LogAsk } from '../../../cockpit/tui/state/log-asks.ts';
import type { State } from '../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../cockpit/tui/views/screen.ts';
import type { LogLineRow } from '../../../cockpit/verbs/shapes.ts';
import { draw } from './drawing.ts';
import { startedJob, worker } from './fake-hub.ts';
import { logWindow } from './log-news.ts';
import { open, play, type } from './press.ts';

/** The terminal's. */
export const size = [80, 24] as const;
/** Rows of the log when it has the screen to itself at that size. */
export const room = 19;

/** The log of a running job, zoomed, with these lines as the hub's first answer. */
export function openLog(
  lines: readonly LogLineRow[],
  change = {},
  dimensions: readonly [number, number] = size,
): State {
  const opened = open(dimensions, { team: [worker('alice')], jobs: [startedJob('J1')] });
  const shown = play(opened, [logWindow(opened, lines, change)]).state;
  return type(shown, '3z').state;
}

/** What was asked of the hub about logs. */
export function asks(effects: readonly Effect[]): readonly LogAsk[] {
  return effects.flatMap((effect) => (effect.type === 'log' ? [effect.ask] : []));
}

/** The screen as text. */
export function picture(state: State): string {
  return draw(viewScreen(state));
}

/** The answer to a search that is on its way. */
export function found(ask: LogAsk | undefined, offset: number | undefined): CockpitEvent {
  if (ask?.do !== 'find') throw new Error('nothing is searched');
  const hit = offset === undefined ? undefined : { log: 0, offset };
  return { type: 'log-hit', find: ask.find, hit };
}

/** Types a pattern; gives what that asked. */
export function search(state: State, pattern: string) {
  const { state: typed, effects } = type(type(state, '/').state, `${pattern}\r`);
  return { state: typed, asked: asks(effects) };
}
