/*
 * One spawned box, from the wish for it to its end.
 *
 *   asked ─▶ making ─▶ seeking ─▶ coming ─▶ entering ⇄ ready ─▶ leaving ─▶ ending ─▶ over
 *               └─restart─▲ │                  │                              ▲
 *                           └─▶ stuck ◀────────┘──(the M2's word)─────────────┘
 *
 * `making` is on disk before the command that makes a box runs, and that command runs nowhere else: what came
 * of it is only ever learned from the provider's list, where the box stands under its tag. So a hub that was
 * killed in between finds its box, or learns that there is none; it never makes a second one unknowingly.
 * A box counts as gone when the list misses it twice. Instants are monotonic; a restart sets them anew.
 */
import { type Ignored, ignore, planPause, type Step } from '../../protocol/machines/table.ts';
import type { MadeBox } from './spawn-box.ts';
import type {
  BoxEnd,
  SpawnEffect,
  SpawnEvent,
  SpawnMoment,
  SpawnState,
  StuckAt,
  Unwanted,
} from './spawn-state.ts';

/** The list must miss a box so often before it is gone: one page of it may have failed. */
export const missedMax = 2;

/** Tries to get an agent onto a box, and to take it off again, before somebody is asked. */
export const enterTriesMax = 3;

/** Tries to let a box go before somebody is asked; it is tried on all the same. */
export const downTriesMax = 5;

/** Why a box is sought whose command ended well. */
const madeReason = 'It was made.';

/** Why a box is sought whose command nobody saw end. */
const cutReason = 'The hub ended while it was being made.';

/** A box that is not ready by then, or a list that cannot be read for so long, is somebody's to judge. */
export const patienceMs = 15 * 60_000;

const enterPause = { baseMs: 4000, capMs: 60_000 };
const downPause = { baseMs: 5000, capMs: 600_000 };

type Out = Step<SpawnState, SpawnEffect>;
type Of<K extends SpawnState['is']> = Extract<SpawnState, { readonly is: K }>;
type Table = {
  readonly [K in SpawnState['is']]: {
    readonly [T in SpawnEvent['type']]:
      | ((state: Of<K>, event: Extract<SpawnEvent, { type: T }>, at: SpawnMoment) => Out)
      | Ignored;
  };
};

const notMade = ignore('nothing was begun whose end this could be');
const notLooked = ignore('nobody looks for it now');
const notYet = ignore('there is nothing to try again');
const already = ignore('it is on its way out already');

/** Cells of a state in which none of this is under way. */
const nothing = {
  begin: ignore('it has begun'),
  made: notMade,
  'make-failed': notMade,
  found: notLooked,
  missing: notLooked,
  unlisted: notLooked,
  entered: ignore('nobody is getting in'),
  'enter-failed': ignore('nobody is getting in'),
  left: ignore('nobody is getting out'),
  'leave-failed': ignore('nobody is getting out'),
  downed: ignore('it is not being let go'),
  'down-failed': ignore('it is not being let go'),
  silent: ignore('only an agent that serves can fall silent'),
  again: notYet,
  'give-up': notYet,
} as const;

const table: Table = {
  asked: {
    ...nothing,
    begin: () => step({ is: 'making' }, { do: 'up' }),
    release: (_, { why }) => end('released', why),
    restarted: ignore('nothing was begun; it begins in its turn'),
    tick: ignore('it begins in its turn'),
  },
  making: {
    ...nothing,
    made: (state, _, at) => seek(state, madeReason, at),
    'make-failed': (state, { reason, isSure }, at) =>
      isSure ? notMadeAfterAll(state, reason, at) : seek(state, reason, at),
    release: (state, { why }) => step({ ...state, unwanted: why }),
    restarted: (state, _, at) => seek(state, cutReason, at),
    tick: ignore('its command is bounded in time'),
  },
  seeking: {
    ...nothing,
    found: (state, { box }, at) => adopt(state, box, at),
    missing: (state, _, at) => missSought(state, at),
    unlisted: (state, { reason }, at) =>
      at.nowMs - state.since >= patienceMs
        ? stick('seek', null, `Whether it was made is not known: ${reason}`)
        : step({ ...state, lookAt: at.nowMs + at.pace.lookMs }),
    release: (state, { why }) => step({ ...state, unwanted: why }),
    restarted: (state, _, at) => seek(state, state.reason, at),
    tick: look,
  },
  coming: {
    ...nothing,
    found: (state, { box, state: word }, at) => {
      if (word !== 'coming') return enter(box);
      if (at.nowMs - state.since >= patienceMs) return stick('seek', box, 'It does not get ready.');
      return step({ ...state, box, missedCount: 0, lookAt: at.nowMs + at.pace.lookMs });
    },
    missing: (state, _, at) =>
      miss(state, at, () => end('vanished', 'It went before it was ready.')),
    unlisted: (state, _, at) => step({ ...state, lookAt: at.nowMs + at.pace.lookMs }),
    release: ({ box }, { why }) => letGo(box, 'released', why),
    restarted: (state, _, { nowMs }) => step({ ...state, lookAt: nowMs, since: nowMs }),
    tick: look,
  },
  entering: {
    ...nothing,
    entered: (state, { worker }, at) => {
      if (state.unwanted !== undefined) return leave(state.box, state.unwanted);
      const watch = { lookAt: at.nowMs + at.pace.watchMs, missedCount: 0, since: at.nowMs };
      const ready: SpawnState = { is: 'ready', box: state.box, worker, ...watch };
      return step(ready, tell('box-ready', state.box.id));
    },
    'enter-failed': failEntering,
    // Before it is tried again it is looked for: a box that has gone meanwhile must not be asked about for ever.
    found: (state, { box }) => (isSought(state) ? enterAgain(state, box) : step(state)),
    missing: missEntering,
    unlisted: (state) => (isSought(state) ? enterAgain(state, state.box) : step(state)),
    release: (state, { why }) =>
      state.tryAt === null && !isSought(state)
        ? step({ ...state, unwanted: why })
        : leave(state.box, why),
    restarted: (state, _, { nowMs }) => step({ ...state, tryAt: nowMs }),
    tick: (state, _, at) =>
      isDue(state, at)
        ? step({ ...state, tryAt: null, next: 'look' }, { do: 'look' })
        : step(state),
  },
  ready: {
    ...nothing,
    found: (state, { box, state: word }, at) =>
      word === 'stopped'
        ? enter(box)
        : step({ ...state, box, missedCount: 0, lookAt: at.nowMs + at.pace.watchMs }),
    missing: (state, _, at) => miss(state, at, vanish),
    unlisted: (state, _, at) => step({ ...state, lookAt: at.nowMs + at.pace.watchMs }),
    silent: (state, _, { nowMs }) =>
      step(state.lookAt === null ? state : { ...state, lookAt: nowMs }),
    release: ({ box }, { why }) => leave(box, why),
    restarted: (state, _, { nowMs }) => step({ ...state, lookAt: nowMs }),
    tick: look,
  },
  leaving: {
    ...nothing,
    left: ({ box, why, as }) => letGo(box, as ?? 'released', why),
    'leave-failed': (state, { reason }, at) => {
      if (state.tries + 1 >= enterTriesMax) {
        const { box, as, why } = state;
        return as === undefined ? stick('leave', box, reason) : letGo(box, as, why);
      }
      const pause = planPause(state.tries, enterPause, at.roll);
      return step({ ...state, tries: state.tries + 1, tryAt: at.nowMs + pause });
    },
    release: already,
    restarted: (state, _, { nowMs }) => step({ ...state, tryAt: nowMs }),
    tick: (state, _, at) => retry(state, { do: 'leave' }, at),
  },
  ending: {
    ...nothing,
    found: (state, { box }, at) =>
      // Right after it was let go it may be listed for a while: nothing is wrong then.
      isSought(state)
        ? endLater({ ...state, box, next: 'down', missedCount: 0 }, state.reason, at)
        : step(state),
    missing: missEnding,
    unlisted: (state, { reason }, at) =>
      isSought(state) ? endLater(state, reason, at) : step(state),
    // A command that let it go is as good as one look that missed it.
    downed: (state, _, at) => lookAfter({ ...state, reason: 'It is still listed.' }, 1, at),
    // The list has the last word: it may be gone all the same.
    'down-failed': (state, { reason }, at) => lookAfter({ ...state, reason }, 0, at),
    release: already,
    again: (state, _, at) => lookAfter({ ...state, tries: 0 }, 0, at),
    'give-up': ({ as }) => end(as, 'You said that it is taken care of.'),
    restarted: (state, _, at) => lookAfter(state, 0, at),
    tick: (state, _, at) => retry(state, { do: state.next }, at),
  },
  stuck: {
    ...nothing,
    release: (state, { why }, at) => giveUp(state, why, at),
    'give-up': (state, _, at) => giveUp(state, 'You gave it up.', at),
    again: ({ at: stuckAt, box, reason }, _, at) => {
      if (stuckAt === 'make') return step({ is: 'making' }, { do: 'up' });
      if (stuckAt === 'seek' || box === null) return seek({}, reason, at);
      return stuckAt === 'enter' ? enter(box) : leave(box, 'You asked for it.');
    },
    restarted: ignore('it waits for the M2'),
    tick: ignore('it waits for the M2'),
  },
  over: {
    ...nothing,
    release: ignore('it is over'),
    restarted: ignore('it is over'),
    tick: ignore('it is over'),
  },
};

/** One step. Pure. */
export function stepSpawn(state: SpawnState, event: SpawnEvent, at: SpawnMoment): Out {
  const cell = table[state.is][event.type] as
    | ((state: SpawnState, event: SpawnEvent, at: SpawnMoment) => Out)
    | Ignored;
  return typeof cell === 'function' ? cell(state, event, at) : step(state);
}

/** When a tick is due, monotonic milliseconds; undefined when none is. */
export function findSpawnDeadline(state: SpawnState): number | undefined {
  if ('lookAt' in state) return state.lookAt ?? undefined;
  return 'tryAt' in state ? (state.tryAt ?? undefined) : undefined;
}

/** The reason for which the M2 is asked about it; undefined while nobody needs to be. */
export function findSpawnQuestion(state: SpawnState): string | undefined {
  if (state.is === 'stuck') return state.reason;
  return state.is === 'ending' && state.tries >= downTriesMax ? state.reason : undefined;
}

/** Does it cost, or may it? What was surely not made, and what is over, does not. */
export function isSpawnCounted(state: SpawnState): boolean {
  return state.is !== 'over' && !(state.is === 'stuck' && state.at === 'make');
}

/** May its worker still be given work? */
export function isSpawnStaying(state: SpawnState): boolean {
  // What it was given from then on would be lost: also where it is stuck on its way out, or goes after what is under way.
  if (state.is === 'stuck') return state.at !== 'leave';
  if ('unwanted' in state && state.unwanted !== undefined) return false;
  return state.is !== 'leaving' && state.is !== 'ending' && state.is !== 'over';
}

function step(state: SpawnState, ...effects: readonly SpawnEffect[]): Out {
  return { state, effects };
}

function tell(kind: string, note: string): SpawnEffect {
  return { do: 'tell', kind, note };
}

function seek({ unwanted }: Unwanted, reason: string, at: SpawnMoment): Out {
  const { nowMs, makingLeftMs } = at;
  const wish = unwanted === undefined ? {} : { unwanted };
  // A command outlives the hub that began it: until its time is over the box may come yet.
  const since = reason === cutReason ? nowMs + makingLeftMs : nowMs;
  return step({ is: 'seeking', reason, lookAt: nowMs, missedCount: 0, since, ...wish });
}

function notMadeAfterAll({ unwanted }: Unwanted, reason: string, { isPooled }: SpawnMoment): Out {
  if (unwanted !== undefined) return end('released', unwanted);
  return isPooled ? end('failed', reason) : stick('make', null, reason);
}

function adopt({ unwanted }: Of<'seeking'>, box: MadeBox, { nowMs }: SpawnMoment): Out {
  if (unwanted !== undefined) return letGo(box, 'released', unwanted);
  const looking = { lookAt: nowMs, missedCount: 0, since: nowMs };
  return step({ is: 'coming', box, ...looking }, tell('box-made', box.id));
}

function missSought(state: Of<'seeking'>, at: SpawnMoment): Out {
  const missedCount = state.missedCount + 1;
  if (missedCount >= missedMax && isSettled(state, at)) {
    const unseen = 'The command that makes it ended well, and the list does not show it.';
    return notMadeAfterAll(state, state.reason === madeReason ? unseen : state.reason, at);
  }
  return step({ ...state, missedCount, lookAt: at.nowMs + at.pace.lookMs });
}

function miss(state: Of<'coming'> | Of<'ready'>, at: SpawnMoment, over: () => Out): Out {
  const missedCount = state.missedCount + 1;
  const isLasting = state.is === 'ready' || isSettled(state, at);
  if (missedCount >= missedMax && isLasting) return over();
  return step({ ...state, missedCount, lookAt: at.nowMs + at.pace.lookMs });
}

/** Has the list had the time that a provider takes to show what was just made? */
function isSettled({ since }: { readonly since: number }, { nowMs, pace }: SpawnMoment): boolean {
  return nowMs - since >= pace.settleMs;
}

function vanish(): Out {
  const gone = end('vanished', 'Its provider does not have it any more.');
  return step(gone.state, { do: 'revoke', why: 'vanished' }, ...gone.effects);
}

function enter(box: MadeBox): Out {
  return step({ is: 'entering', box, tries: 0, tryAt: null }, { do: 'enter' });
}

function failEntering(
  state: Of<'entering'>,
  { reason }: { readonly reason: string },
  at: SpawnMoment,
): Out {
  if (state.unwanted !== undefined) return leave(state.box, state.unwanted);
  const tries = state.tries + 1;
  if (tries < enterTriesMax) {
    return step({ ...state, tries, tryAt: at.nowMs + planPause(state.tries, enterPause, at.roll) });
  }
  // Half an agent may be on it, and a host that is given back is somebody else's next.
  return at.isPooled ? leave(state.box, reason, 'failed') : stick('enter', state.box, reason);
}

function enterAgain(state: Of<'entering'>, box: MadeBox): Out {
  return step({ ...state, box, next: 'enter', missedCount: 0 }, { do: 'enter' });
}

function missEntering(state: Of<'entering'>, _: unknown, at: SpawnMoment): Out {
  if (!isSought(state)) return step(state);
  const missedCount = (state.missedCount ?? 0) + 1;
  if (missedCount >= missedMax) return vanish();
  return step({ ...state, missedCount, tryAt: at.nowMs + at.pace.lookMs });
}

/** `as` is given where nobody is asked about an agent that does not come off. */
function leave(box: MadeBox, why: string, as?: BoxEnd): Out {
  const wish = as === undefined ? {} : { as };
  const leaving: SpawnState = { is: 'leaving', box, why, tries: 0, tryAt: null, ...wish };
  return step(leaving, { do: 'leave' }, tell('box-leaving', why));
}

function letGo(box: MadeBox, as: BoxEnd, why: string): Out {
  const trying = { tries: 0, tryAt: null, next: 'down', reason: '' } as const;
  return step(
    { is: 'ending', box, as, why, ...trying },
    { do: 'revoke', why: 'released' },
    { do: 'down' },
  );
}

function isSought({ next, tryAt }: Of<'entering'> | Of<'ending'>): boolean {
  return next === 'look' && tryAt === null;
}

function missEnding(state: Of<'ending'>, _: unknown, at: SpawnMoment): Out {
  if (!isSought(state)) return step(state);
  const missedCount = (state.missedCount ?? 0) + 1;
  if (missedCount >= missedMax) return end(state.as, state.why);
  return step({ ...state, missedCount, tryAt: at.nowMs + at.pace.lookMs });
}

function lookAfter(state: Of<'ending'>, missedCount: number, { nowMs }: SpawnMoment): Out {
  return step({ ...state, next: 'look', tryAt: nowMs, missedCount });
}

function endLater(state: Of<'ending'>, reason: string, at: SpawnMoment): Out {
  const tries = state.tries + 1;
  const tryAt = at.nowMs + planPause(state.tries, downPause, at.roll);
  return step({ ...state, tries, tryAt, reason });
}

function stick(at: StuckAt, box: MadeBox | null, reason: string): Out {
  return step({ is: 'stuck', at, box, reason }, tell('box-stuck', reason));
}

function giveUp({ at: stuckAt, box, reason }: Of<'stuck'>, why: string, at: SpawnMoment): Out {
  if (box !== null)
    return stuckAt === 'enter' ? leave(box, why, 'released') : letGo(box, 'released', why);
  return stuckAt === 'seek' ? seek({ unwanted: why }, reason, at) : end('released', reason);
}

function end(as: BoxEnd, reason: string): Out {
  return step({ is: 'over', as, reason }, tell(`box-${as}`, reason));
}

/** The instant has come to read the list; what it says is told to all boxes of the provider. */
function look(state: Of<'seeking'> | Of<'coming'> | Of<'ready'>, _: unknown, at: SpawnMoment): Out {
  if (state.lookAt === null || at.nowMs < state.lookAt) return step(state);
  return step({ ...state, lookAt: null }, { do: 'look' });
}

function retry(state: Of<'leaving'> | Of<'ending'>, effect: SpawnEffect, at: SpawnMoment): Out {
  return isDue(state, at) ? step({ ...state, tryAt: null }, effect) : step(state);
}

function isDue({ tryAt }: { readonly tryAt: number | null }, { nowMs }: SpawnMoment): boolean {
  return tryAt !== null && nowMs >= tryAt;
}
