/*
 * The ladder of one worker: by which way it is linked, and what the hub does when by none.
 *
 *   linked ──unlinked──▶ missing ──time──▶ opening ──failed──▶ blocked ──pause──▶ opening
 *      ▲                    │                 │                   │
 *      └──────linked────────┴─────────────────┴───────────────────┘
 *
 * Agents dial by themselves; the one way that the hub opens is ssh, after an agent was missing for a while. Which
 * link counts is the session's business (the newest that opened). A better way that broke soon after it had come
 * back is not waited for. Invariants: ssh is opened only while nothing links, once at a time; a word is told only
 * when it is another than the one told before, and `none`, the time in which something is tried, never is.
 */
import {
  createStepper,
  ignore,
  type Moment,
  planPause,
  type Step,
  type Table,
} from '../../protocol/machines/table.ts';

/** A way by which a worker can be linked. */
export type Way = 'direct' | 'relayed' | 'ssh';

/** What is shown of a worker's link. `blocked`: all that may be tried was, in vain. */
export type LinkWord = Way | 'none' | 'blocked';

/** What every state knows. Instants are monotonic milliseconds. */
interface Ground {
  /** Is it known how to reach its box by ssh? */
  readonly hasSsh: boolean;
  /** The last word that was told. */
  readonly told: Exclude<LinkWord, 'none'>;
}

/** Without a link: what became of the last one, in words. */
interface Unlinked extends Ground {
  readonly lost: string;
  readonly since: number;
}

/** Where the ladder stands. */
export type LadderState =
  | (Ground & {
      readonly is: 'linked';
      readonly way: Way;
      /** Until then it may be no better than the ssh that it replaced. */
      readonly provisionalUntil: number | undefined;
    })
  | (Unlinked & {
      readonly is: 'missing';
      /** When ssh is opened, or it is called blocked where there is none; never where undefined. */
      readonly dueAt: number | undefined;
    })
  | (Unlinked & { readonly is: 'opening'; readonly tries: number; readonly failure?: string })
  | (Unlinked & {
      readonly is: 'blocked';
      readonly tries: number;
      readonly failure: string;
      /** When ssh is tried again; never where undefined. */
      readonly retryAt: number | undefined;
    });

/** What can happen. */
export type LadderEvent =
  | { readonly type: 'linked'; readonly way: Way }
  /** The link in use is gone, and none replaced it. */
  | { readonly type: 'unlinked'; readonly reason: string }
  /** The ssh that was opened gave no link. */
  | { readonly type: 'ssh-failed'; readonly reason: string }
  /** It became known, or unknown, how to reach the box by ssh. */
  | { readonly type: 'ways'; readonly hasSsh: boolean }
  /** This box has other addresses than before, or was asleep: what failed may work now. */
  | { readonly type: 'network-changed' }
  | { readonly type: 'tick' };

/** What it asks for. */
export type LadderEffect =
  | { readonly do: 'open-ssh' }
  | { readonly do: 'close-ssh' }
  | { readonly do: 'tell'; readonly word: Exclude<LinkWord, 'none'>; readonly reason: string };

type Out = Step<LadderState, LadderEffect>;
type In<Name extends LadderState['is']> = Extract<LadderState, { is: Name }>;

/** How long an agent may be missing before ssh is opened: that of a link that fell silent has failed a few dials. */
export const sshAfterMs = 5000;

/** The same when the hub starts: a thousand agents spread over some seconds. */
export const sshAfterStartMs = 10_000;

/** The pause before an ssh that broke is opened again. */
export const sshAgainMs = 1000;

/** How long a worker without a known ssh may be missing before its link is called blocked. */
export const blockedAfterMs = 30_000;

/** A better way than ssh that lasts so long is sound. */
export const provenMs = 30_000;

/** First and largest pause after an ssh that failed; the second is for the first tries. */
export const sshPauseMs = { baseMs: 4000, eagerCapMs: 30_000, capMs: 300_000, eagerTries: 20 };

/** A ladder begins when the hub starts to serve a worker. */
export function openLadder(hasSsh: boolean, { nowMs, roll }: Moment): LadderState {
  const lost = 'it has not dialled since the hub started';
  return {
    ...{ is: 'missing', hasSsh, told: 'direct', lost, since: nowMs },
    dueAt: nowMs + (hasSsh ? sshAfterStartMs : blockedAfterMs) * (1 + roll / 2),
  };
}

/** The word that is shown. */
export function nameLink(state: LadderState): LinkWord {
  if (state.is === 'linked') return state.way;
  return state.is === 'blocked' || (state.is === 'opening' && state.failure !== undefined)
    ? 'blocked'
    : 'none';
}

/** Is a worker linked, by whatever way? */
export function isLinked(word: LinkWord): boolean {
  return word !== 'none' && word !== 'blocked';
}

/** Why it is so, for people; undefined where there is nothing to explain. */
export function explainLink(state: LadderState): string | undefined {
  if (state.is === 'linked') return undefined;
  if (state.is === 'opening' && state.failure === undefined) return `${state.lost}; ssh is opened`;
  return state.is === 'missing' ? state.lost : `${state.lost}; ${state.failure}`;
}

const table: Table<LadderState, LadderEvent, LadderEffect> = {
  linked: {
    linked: (state, { way }, { nowMs }) => {
      const isClimb = state.way === 'ssh' && way !== 'ssh';
      const provisionalUntil = isClimb ? nowMs + provenMs : state.provisionalUntil;
      const reason = isClimb ? `its agent is linked ${way} again` : describeSwitch(state.way, way);
      return tell({ ...state, way, provisionalUntil }, reason, way === 'ssh' ? [] : closing);
    },
    unlinked: (state, { reason }, { nowMs, roll }) => {
      const { hasSsh, told, way } = state;
      const isClean = reason === cleanReason;
      const lost = describeLoss(way, reason);
      const waitMs = findWait(state, nowMs) * (1 + roll / 2);
      // Nobody stands in the way of an agent that was stopped.
      const dueAt = isClean && !hasSsh ? undefined : nowMs + waitMs;
      return {
        state: { is: 'missing', hasSsh, told, lost, since: nowMs, dueAt },
        effects: way === 'ssh' ? closing : [],
      };
    },
    'ssh-failed': ignore('something better links, or its end is told as an end of the link'),
    ways: (state, { hasSsh }) => ({ state: { ...state, hasSsh }, effects: [] }),
    'network-changed': ignore('the link says by itself whether it lives'),
    tick: ignore('a link needs no time of ours'),
  },
  missing: {
    linked: link,
    unlinked: ignore('nothing was linked'),
    'ssh-failed': ignore('an ssh that was given up already'),
    ways: (state, { hasSsh }, { nowMs }) => ({
      state: { ...state, hasSsh, dueAt: nowMs + findPatience(hasSsh) },
      effects: [],
    }),
    'network-changed': ignore('the agent dials by itself; ssh is opened soon anyway'),
    tick(state, _event, { nowMs }) {
      const { dueAt, hasSsh, told, lost, since } = state;
      if (dueAt === undefined || nowMs < dueAt) return { state, effects: [] };
      const ground = { hasSsh, told, lost, since };
      if (hasSsh) return { state: { ...ground, is: 'opening', tries: 0 }, effects: opening };
      return block({ ...ground, tries: 0, failure: noSsh, retryAt: undefined });
    },
  },
  opening: {
    linked: link,
    unlinked: ignore('nothing was linked'),
    'ssh-failed': (state, { reason }, { nowMs, roll }) => {
      const { hasSsh, told, lost, since } = state;
      const tries = state.tries + 1;
      const capMs = tries < sshPauseMs.eagerTries ? sshPauseMs.eagerCapMs : sshPauseMs.capMs;
      const pauseMs = planPause(tries - 1, { baseMs: sshPauseMs.baseMs, capMs }, roll);
      const failure = `ssh: ${reason}`;
      return block({ hasSsh, told, lost, since, tries, failure, retryAt: nowMs + pauseMs });
    },
    ways(state, { hasSsh }) {
      const { told, lost, since, tries } = state;
      if (hasSsh) return { state, effects: [] };
      const ground = { hasSsh, told, lost, since, tries };
      return block({ ...ground, failure: noSsh, retryAt: undefined }, closing);
    },
    'network-changed': ignore('it is being opened; if that fails it comes again'),
    tick: ignore('an opening ends by itself'),
  },
  blocked: {
    linked: link,
    unlinked: ignore('nothing was linked'),
    'ssh-failed': ignore('an ssh that was given up already'),
    ways(state, { hasSsh }, { nowMs }) {
      if (hasSsh) return { state: { ...state, hasSsh, retryAt: nowMs }, effects: [] };
      return { state: { ...state, hasSsh, failure: noSsh, retryAt: undefined }, effects: [] };
    },
    'network-changed': (state, _event, { nowMs }) => ({
      state: { ...state, retryAt: state.hasSsh ? nowMs : undefined },
      effects: [],
    }),
    tick(state, _event, { nowMs }) {
      const { retryAt, hasSsh, told, lost, since, tries, failure } = state;
      if (retryAt === undefined || nowMs < retryAt) return { state, effects: [] };
      return {
        state: { is: 'opening', hasSsh, told, lost, since, tries, failure },
        effects: opening,
      };
    },
  },
};

/** One step. Pure. */
export const stepLadder = createStepper('ladder', table);

/** When a tick is due, monotonic milliseconds; undefined when none is. */
export function findLadderDeadline(state: LadderState): number | undefined {
  if (state.is === 'missing') return state.dueAt;
  return state.is === 'blocked' ? state.retryAt : undefined;
}

/** What a link says that its peer ended in order. */
const cleanReason = 'closed by peer';

const noSsh = 'no ssh to its box is known';

const opening: readonly LadderEffect[] = [{ do: 'open-ssh' }];
const closing: readonly LadderEffect[] = [{ do: 'close-ssh' }];

function link(
  state: In<'missing' | 'opening' | 'blocked'>,
  { way }: { readonly way: Way },
  { nowMs }: Moment,
): Out {
  const { hasSsh, told, lost } = state;
  const isOpening = state.is === 'opening' && way !== 'ssh';
  const isClimb = told === 'ssh' && way !== 'ssh';
  const provisionalUntil = isClimb ? nowMs + provenMs : undefined;
  const reason = way === 'ssh' ? lost : `its agent is linked ${way} again`;
  return tell(
    { is: 'linked', hasSsh, told, way, provisionalUntil },
    reason,
    isOpening ? closing : [],
  );
}

function block(state: Omit<In<'blocked'>, 'is'>, effects: readonly LadderEffect[] = []): Out {
  return tell({ ...state, is: 'blocked' }, `${state.lost}; ${state.failure}`, effects);
}

function tell(
  state: In<'linked' | 'blocked'>,
  reason: string,
  effects: readonly LadderEffect[],
): Out {
  const word = state.is === 'linked' ? state.way : 'blocked';
  if (word === state.told) return { state, effects };
  return {
    state: { ...state, told: word },
    effects: [...effects, { do: 'tell', word, reason }],
  };
}

/** How long nobody need come before the next rung. */
function findPatience(hasSsh: boolean): number {
  return hasSsh ? sshAfterMs : blockedAfterMs;
}

function findWait({ way, hasSsh, provisionalUntil }: In<'linked'>, nowMs: number): number {
  if (!hasSsh) return blockedAfterMs;
  const wasProvisional = provisionalUntil !== undefined && nowMs < provisionalUntil;
  return way === 'ssh' || wasProvisional ? sshAgainMs : sshAfterMs;
}

function describeLoss(way: Way, reason: string): string {
  if (reason === cleanReason) return `its agent ended the ${way} link`;
  if (reason === 'LINK_TIMEOUT') return `the ${way} link fell silent`;
  return `the ${way} link ended (${reason})`;
}

function describeSwitch(from: Way, to: Way): string {
  return to === 'ssh' ? `ssh came after the ${from} link` : `its agent went from ${from} to ${to}`;
}
