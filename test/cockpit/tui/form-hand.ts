/*
 * The dispatch form in a small world, for tests of its keys and of what it remembers.
 */
import type { Effect, Request } from '../../../cockpit/tui/state/effects.ts';
import type { State } from '../../../cockpit/tui/state/model.ts';
import { endedJob, worker } from './fake-hub.ts';
import { open, play, type } from './press.ts';

/** Two that may work, one that is silent, one that may not. */
export const team = [
  worker('alice'),
  worker('bob', { state: 'stale', link: 'none' }),
  worker('carol', { state: 'revoked', link: 'none' }),
  worker('dave', { jobs: ['J7'] }),
];
/** A screen that knows them and one job. */
export const base = open([120, 40], { team, jobs: [endedJob('J1', { command: ['make all'] })] });
/** What a hub may say to a dispatch. */
export const refusal = { code: 'QUEUE_FULL', message: 'Too many wait.', hint: 'Wait.' };

/** What was asked of the hub. */
export function requestsOf({
  effects,
}: {
  readonly effects: readonly Effect[];
}): readonly Request[] {
  return effects.flatMap((effect) => (effect.type === 'request' ? [effect.request] : []));
}

/** The arguments of each dispatch that these keys sent. */
export function sent(state: State, keys: string, ...names: readonly string[]) {
  const requests = requestsOf(type(state, keys, ...names));
  return requests.filter(({ verb }) => verb === 'dispatch').map(({ args }) => args);
}

/** The form that is open. Throws where none is. */
export function formOf(state: State) {
  if (state.overlay?.type !== 'form') throw new Error('no form is open');
  return state.overlay;
}

/** What stands in a field of it. */
export function textOf(state: State, field: 'command' | 'to' | 'title' = 'command'): string {
  return formOf(state).values.texts[field].text;
}

/** The state after the hub refused what these keys sent. */
export function refuse(state: State, keys: string, error: typeof refusal): State {
  const asked = type(state, keys);
  const [request] = requestsOf(asked);
  if (request === undefined) throw new Error('nothing was sent');
  return play(asked.state, [{ type: 'refused', request, error }]).state;
}
