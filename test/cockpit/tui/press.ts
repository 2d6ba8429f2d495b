/*
 * Plays keys and events to the pure part of the screen and keeps what it asked for.
 *
 * No store, no terminal, no time: an event in, a state and effects out.
 */
import { type RawKey, splitKeys } from '../../../cockpit/tui/keys/resolve.ts';
import type { CockpitEvent, Effect, Update } from '../../../cockpit/tui/state/effects.ts';
import { openHubsView } from '../../../cockpit/tui/state/hubs.ts';
import { openState, type State } from '../../../cockpit/tui/state/model.ts';
import { update } from '../../../cockpit/tui/state/update.ts';
import { verbs } from '../../../cockpit/verbs/registry.ts';
import type { JobRow, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import { fakeLook, fakeStartMs, fakeStatus } from './fake-hub.ts';

/** A screen of this size that has heard of these workers and jobs. */
export function open(
  size: readonly [number, number],
  world: {
    readonly team?: readonly TeamRow[];
    readonly jobs?: readonly JobRow[];
    /** What can be looked into besides. */
    readonly hubs?: readonly string[];
  } = {},
): State {
  const [columns, rows] = size;
  const seed = {
    ...fakeLook,
    hubs: openHubsView(world.hubs ?? []),
    version: '0.1.0',
    verbs,
    columns,
    rows,
    zoneMinutes: 0,
    nowMs: 0,
    wallMs: fakeStartMs,
  };
  return play(openState(seed), [
    { type: 'hub', hub: fakeStatus },
    { type: 'team', team: world.team ?? [], nowMs: 0 },
    { type: 'jobs', jobs: world.jobs ?? [] },
  ]).state;
}

/** Plays events in order. */
export function play(state: State, events: readonly CockpitEvent[]): Update {
  const effects: Effect[] = [];
  let current = state;
  for (const event of events) {
    const next = update(current, event);
    current = next.state;
    effects.push(...next.effects);
  }
  return { state: current, effects };
}

/** Types text as one burst, then named keys such as `esc`. */
export function type(state: State, text: string, ...names: readonly string[]): Update {
  const presses = [...splitKeys({ input: text, key: {} }), ...names.map(named)];
  return play(
    state,
    presses.map((press) => ({ type: 'key', press })),
  );
}

/** What Ink gives for some keys. */
export const rawKeys: Readonly<Record<string, RawKey>> = {
  enter: { input: '', key: { return: true } },
  down: { input: '', key: { downArrow: true } },
  shiftTab: { input: '', key: { tab: true, shift: true } },
  ctrlU: { input: 'u', key: { ctrl: true } },
  altX: { input: 'x', key: { meta: true } },
  release: { input: 'j', key: { eventType: 'release' } },
};

function named(name: string) {
  return { name, text: '' };
}
