/*
 * The supervisor of an agent where the box has nothing better: when it starts it again, and when not.
 *
 *   running ──died──▶ pausing ──due──▶ running            each quick death makes the pause longer
 *      │   ──ended as asked, or for good──▶ over
 *      │   ──died, the last of too many──▶ over
 *      └─stop─▶ ending ──any end──▶ over
 *
 * An agent that ends with status 0 was asked to; with 2 its config or key must be mended by a person. All
 * else is a death. Like systemd's restart limit, many quick deaths in a row end the trying, so that a
 * broken box is seen and not only warm.
 */
import {
  createStepper,
  ignore,
  planPause,
  type Step,
  type Table,
} from '../../protocol/machines/table.ts';
import { quickDeathMsMax, quickDeathsMax, restartMsBase, restartMsMax } from './limits.ts';

/** Where it stands. `quickCount`: quick deaths in a row so far. */
export type SupervisorState =
  | { readonly is: 'running'; readonly sinceMs: number; readonly quickCount: number }
  | { readonly is: 'pausing'; readonly untilMs: number; readonly quickCount: number }
  | { readonly is: 'ending' }
  | { readonly is: 'over' };

/** How an agent's process ended: a status, or null where a signal did or nobody knows. */
export type SupervisorEvent =
  | { readonly type: 'ended'; readonly status: number | null }
  | { readonly type: 'due' }
  | { readonly type: 'stop' };

/** What it asks for. `finish`: say why, and go. */
export type SupervisorEffect =
  | { readonly do: 'start' }
  | { readonly do: 'end' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'finish'; readonly why: 'asked' | 'refused' | 'dying' };

/** Status of an agent whose config, key or arguments only a person can mend. */
const refusedStatus = 2;

type Moved = Step<SupervisorState, SupervisorEffect>;

const over = (why: 'asked' | 'refused' | 'dying'): Moved => ({
  state: { is: 'over' },
  effects: [{ do: 'finish', why }],
});

const table: Table<SupervisorState, SupervisorEvent, SupervisorEffect> = {
  running: {
    ended(state, { status }, { nowMs, roll }) {
      if (status === 0) return over('asked');
      if (status === refusedStatus) return over('refused');
      const isQuick = nowMs - state.sinceMs < quickDeathMsMax;
      const quickCount = isQuick ? state.quickCount + 1 : 1;
      if (quickCount >= quickDeathsMax) return over('dying');
      const bounds = { baseMs: restartMsBase, capMs: restartMsMax };
      const ms = planPause(quickCount - 1, bounds, roll);
      return {
        state: { is: 'pausing', untilMs: nowMs + ms, quickCount },
        effects: [{ do: 'wait', ms }],
      };
    },
    due: ignore('it runs'),
    stop: () => ({ state: { is: 'ending' }, effects: [{ do: 'end' }] }),
  },
  pausing: {
    ended: ignore('nothing runs'),
    due: ({ quickCount }, _event, { nowMs }) => ({
      state: { is: 'running', sinceMs: nowMs, quickCount },
      effects: [{ do: 'start' }],
    }),
    stop: () => over('asked'),
  },
  ending: {
    ended: () => over('asked'),
    due: ignore('nothing is started any more'),
    stop: ignore('it was asked already, and has its own limit'),
  },
  over: { ended: ignore('gone'), due: ignore('gone'), stop: ignore('gone') },
};

/** One step. Pure. */
export const stepSupervisor = createStepper('agent-supervisor', table);
