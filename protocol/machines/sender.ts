/*
 * The sending half of delivery: durable messages of one stream, in order, until acknowledged.
 *
 *   idle ──opened──▶ live ──closed──▶ idle          (either) ──regressed peer──▶ halted
 *
 * A stream is one direction between two stores; its numbers start at 1 and have no holes. Only rows
 * that are on disk are here (`queued`), at most a window of them in memory; the rest are loaded
 * when there is room. After every reconnect sending starts again from the peer's cursor. Nothing is
 * retried by asking "did I send it?", only by comparing acks. Source: reliability facts R2-R5, R19.
 */
import { resendMsBase, resendMsMax, windowBytesMax, windowFramesMax } from '../limits.ts';
import { createStepper, ignore, type Moment, planPause, type Step, type Table } from './table.ts';

/** One durable message with its place in the stream. */
export interface OutboxRow {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

interface Ground {
  /** The peer has everything up to here on its disk. */
  readonly acked: number;
  /** Everything up to here is on our disk. */
  readonly queued: number;
  /** Everything up to here was handed to some link before. */
  readonly everSent: number;
}

/** Where sending stands. `rows` are contiguous and start at `acked + 1`. */
export type SenderState =
  | (Ground & { readonly is: 'idle' })
  | (Ground & {
      readonly is: 'live';
      readonly rows: readonly OutboxRow[];
      readonly sentThrough: number;
      readonly isLoading: boolean;
      readonly tries: number;
      readonly resendAt: number | undefined;
    })
  | (Ground & { readonly is: 'halted' });

/** What can happen to it. `received` is the peer's cursor. */
export type SenderEvent =
  | { readonly type: 'opened'; readonly received: number }
  | { readonly type: 'queued'; readonly rows: readonly OutboxRow[] }
  | { readonly type: 'loaded'; readonly rows: readonly OutboxRow[] }
  | { readonly type: 'ack'; readonly received: number; readonly need: readonly number[] }
  | { readonly type: 'tick' }
  | { readonly type: 'closed' };

/** What it asks for. `isFirst` marks the first time ever that a row is handed to a link. */
export type SenderEffect =
  | { readonly do: 'send'; readonly row: OutboxRow; readonly isFirst: boolean }
  | { readonly do: 'load'; readonly after: number; readonly countMax: number }
  | { readonly do: 'acked'; readonly through: number }
  | { readonly do: 'halt' };

type Out = Step<SenderState, SenderEffect>;
type Idle = Extract<SenderState, { is: 'idle' }>;
type Live = Extract<SenderState, { is: 'live' }>;

/** The state after a start: what the store says was acknowledged and queued. */
export function createSender(acked: number, queued: number): SenderState {
  return { is: 'idle', acked, queued, everSent: acked };
}

const table: Table<SenderState, SenderEvent, SenderEffect> = {
  idle: {
    opened: resume,
    queued: noteQueued,
    loaded: ignore('asked for by a link that is gone; the next one asks again'),
    ack: ignore('from a link that is gone; hello carries the cursor'),
    tick: ignore('nothing is under way'),
    closed: ignore('already so'),
  },
  live: {
    opened: resume,
    queued: takeQueued,
    loaded: takeLoaded,
    ack: takeAck,
    tick: resend,
    closed: ({ acked, queued, everSent }) => step({ is: 'idle', acked, queued, everSent }),
  },
  halted: {
    // Every link is refused, not only the first: one that stayed open would look as if it served.
    opened: (state) => ({ state, effects: [{ do: 'halt' }] }),
    queued: ignore('kept on disk, not sent'),
    loaded: ignore('not sent'),
    ack: ignore('not believed'),
    tick: ignore('nothing is under way'),
    closed: ignore('stays halted'),
  },
};

/** One step. Pure. */
export const stepSender = createStepper(table);

/** When a tick is due, monotonic milliseconds; undefined when none is. */
export function findSenderDeadline(state: SenderState): number | undefined {
  return state.is === 'live' ? state.resendAt : undefined;
}

function resume(
  state: Idle | Live,
  { received }: { readonly received: number },
  moment: Moment,
): Out {
  const { acked, queued, everSent } = state;
  if (received < acked || received > queued) {
    return { state: { is: 'halted', acked, queued, everSent }, effects: [{ do: 'halt' }] };
  }
  const live: Live = {
    is: 'live',
    acked: received,
    queued,
    everSent: Math.max(everSent, received),
    rows: [],
    sentThrough: received,
    isLoading: false,
    tries: 0,
    resendAt: undefined,
  };
  const news: SenderEffect[] = received > acked ? [{ do: 'acked', through: received }] : [];
  return pump(live, news, moment);
}

function noteQueued(state: Idle, { rows }: { readonly rows: readonly OutboxRow[] }): Out {
  return step({ ...state, queued: rows.at(-1)?.seq ?? state.queued });
}

function takeQueued(
  state: Live,
  { rows }: { readonly rows: readonly OutboxRow[] },
  moment: Moment,
): Out {
  const queued = rows.at(-1)?.seq ?? state.queued;
  const fits =
    !state.isLoading &&
    state.acked + state.rows.length === state.queued &&
    state.rows.length + rows.length <= windowFramesMax;
  const next = { ...state, queued, rows: fits ? [...state.rows, ...rows] : state.rows };
  return pump(next, [], moment);
}

function takeLoaded(
  state: Live,
  { rows }: { readonly rows: readonly OutboxRow[] },
  moment: Moment,
): Out {
  const after = state.acked + state.rows.length;
  const fresh = rows.filter((row) => row.seq > after);
  const isContiguous = fresh.length === 0 || fresh[0]?.seq === after + 1;
  const loaded = { ...state, isLoading: false };
  // Rows that are not on disk yet announce themselves by `queued`; asking on would only spin.
  if (rows.length === 0 || !isContiguous) return step(loaded);
  const next = { ...loaded, rows: [...state.rows, ...fresh] };
  return pump(next, [], moment);
}

function takeAck(
  state: Live,
  { received, need }: { readonly received: number; readonly need: readonly number[] },
  moment: Moment,
): Out {
  // Beyond what this link sent is sound: what an earlier one brought may have been applied since.
  if (received > state.queued) {
    const { acked, queued, everSent } = state;
    return { state: { is: 'halted', acked, queued, everSent }, effects: [{ do: 'halt' }] };
  }
  const again: SenderEffect[] = state.rows
    .filter((row) => need.includes(row.seq) && row.seq <= state.sentThrough)
    .map((row) => ({ do: 'send', row, isFirst: false }));
  if (received <= state.acked) return { state, effects: again };
  const next: Live = {
    ...state,
    acked: received,
    rows: state.rows.filter((row) => row.seq > received),
    sentThrough: Math.max(state.sentThrough, received),
    tries: 0,
    resendAt: undefined,
  };
  return pump(next, [{ do: 'acked', through: received }, ...again], moment);
}

/** The oldest unacknowledged row once more: on a sound link only its ack can be late. */
function resend(state: Live, _event: unknown, moment: Moment): Out {
  if (state.resendAt === undefined || moment.nowMs < state.resendAt) return step(state);
  const oldest = state.rows[0];
  const tries = state.tries + 1;
  const next = { ...state, tries, resendAt: planResendAt(tries, moment) };
  if (oldest === undefined || oldest.seq > state.sentThrough) return step(next);
  return { state: next, effects: [{ do: 'send', row: oldest, isFirst: false }] };
}

/** Sends what the window lets through, and asks for more rows when it has room. */
function pump(state: Live, before: readonly SenderEffect[], moment: Moment): Out {
  const effects = [...before];
  let { sentThrough } = state;
  let bytes = 0;
  for (const row of state.rows) {
    bytes += row.bytes.length;
    if (row.seq <= sentThrough) continue;
    if (bytes > windowBytesMax && row.seq > state.acked + 1) break;
    effects.push({ do: 'send', row, isFirst: row.seq > state.everSent });
    sentThrough = row.seq;
  }
  const loadedThrough = state.acked + state.rows.length;
  const room = windowFramesMax - state.rows.length;
  const wants = !state.isLoading && loadedThrough < state.queued && room > 0;
  if (wants) effects.push({ do: 'load', after: loadedThrough, countMax: room });
  const awaits = sentThrough > state.acked;
  return {
    state: {
      ...state,
      sentThrough,
      everSent: Math.max(state.everSent, sentThrough),
      isLoading: state.isLoading || wants,
      resendAt: awaits ? (state.resendAt ?? planResendAt(state.tries, moment)) : undefined,
    },
    effects,
  };
}

function planResendAt(tries: number, { nowMs, roll }: Moment): number {
  return nowMs + planPause(tries, { baseMs: resendMsBase, capMs: resendMsMax }, roll);
}

function step(state: SenderState): Out {
  return { state, effects: [] };
}
