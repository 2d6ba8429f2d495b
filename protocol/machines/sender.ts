/*
 * The sending half of delivery: durable messages of one stream, in order, until acknowledged.
 *
 *   idle ──opened──▶ live ──closed──▶ idle          (either) ──regressed peer──▶ halted
 *
 * A stream is one direction between two stores; its numbers start at 1 and have no holes. Only rows
 * that are on disk are here (`queued`), at most a few windows of them in memory; the rest are loaded
 * when there is room. After every reconnect sending starts again from the peer's cursor. Nothing is
 * retried by asking "did I send it?", only by comparing acks. Source: reliability facts R2-R5, R19.
 */
import {
  bufferedBytesMax,
  bufferedRowsMax,
  resendMsBase,
  resendMsMax,
  windowBytesMax,
  windowFramesMax,
} from '../limits.ts';
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
  /** Nothing above can be at the peer: it was queued since the start, and handed to no link. */
  readonly reach: number;
}

/** Where sending stands. `rows` are contiguous and start at `acked + 1`. */
export type SenderState =
  | (Ground & { readonly is: 'idle' })
  | (Ground & {
      readonly is: 'live';
      readonly rows: readonly OutboxRow[];
      readonly sentThrough: number;
      /** Bytes of all `rows`, and of those that were sent. */
      readonly rowBytes: number;
      readonly sentBytes: number;
      readonly isLoading: boolean;
      /** More reached the disk while it was being read, which may not have seen that. */
      readonly hasNews: boolean;
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

/**
 * The state after a start: what the store says was acknowledged and queued. `reach`: what an earlier life may have handed
 * to a link, where the store knows that it is less than all that is queued.
 */
export function createSender(acked: number, queued: number, reach = queued): SenderState {
  return { is: 'idle', acked, queued, everSent: acked, reach };
}

/** Does the peer know more than it can have been told? Then our store went back. */
export function isBeyond({ reach }: SenderState, received: number): boolean {
  return received > reach;
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
    closed: (state) => step({ is: 'idle', ...groundOf(state) }),
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
export const stepSender = createStepper('sender', table);

/** When a tick is due, monotonic milliseconds; undefined when none is. */
export function findSenderDeadline(state: SenderState): number | undefined {
  return state.is === 'live' ? state.resendAt : undefined;
}

function resume(
  state: Idle | Live,
  { received }: { readonly received: number },
  moment: Moment,
): Out {
  if (received < state.acked || isBeyond(state, received)) return halt(state);
  const { acked, queued, everSent, reach } = state;
  const live: Live = {
    is: 'live',
    acked: received,
    queued,
    reach,
    everSent: Math.max(everSent, received),
    rows: [],
    sentThrough: received,
    rowBytes: 0,
    sentBytes: 0,
    isLoading: false,
    hasNews: false,
    tries: 0,
    resendAt: undefined,
  };
  const news: SenderEffect[] = received > acked ? [{ do: 'acked', through: received }] : [];
  return pump(live, news, moment);
}

function noteQueued(state: Idle, { rows }: { readonly rows: readonly OutboxRow[] }): Out {
  return step({ ...state, queued: Math.max(state.queued, rows.at(-1)?.seq ?? 0) });
}

function takeQueued(
  state: Live,
  { rows }: { readonly rows: readonly OutboxRow[] },
  moment: Moment,
): Out {
  const queued = Math.max(state.queued, rows.at(-1)?.seq ?? 0);
  const after = state.acked + state.rows.length;
  const rowBytes = state.rowBytes + countBytes(rows);
  // What follows what is here is kept; anything else was or will be read from the disk.
  const fits =
    !state.isLoading &&
    rows[0]?.seq === after + 1 &&
    state.rows.length + rows.length <= bufferedRowsMax &&
    rowBytes <= bufferedBytesMax;
  if (!fits) return pump({ ...state, queued, hasNews: state.isLoading }, [], moment);
  return pump({ ...state, queued, rowBytes, rows: [...state.rows, ...rows] }, [], moment);
}

function takeLoaded(
  state: Live,
  { rows }: { readonly rows: readonly OutboxRow[] },
  moment: Moment,
): Out {
  const after = state.acked + state.rows.length;
  const fresh = rows.filter((row) => row.seq > after);
  const isContiguous = fresh.length === 0 || fresh[0]?.seq === after + 1;
  const loaded = { ...state, isLoading: false, hasNews: false };
  // Rows that are not on disk yet announce themselves by `queued`; asking on would only spin.
  if (rows.length === 0 || !isContiguous)
    return state.hasNews ? pump(loaded, [], moment) : step(loaded);
  const rowBytes = state.rowBytes + countBytes(fresh);
  return pump({ ...loaded, rowBytes, rows: [...state.rows, ...fresh] }, [], moment);
}

function takeAck(
  state: Live,
  { received, need }: { readonly received: number; readonly need: readonly number[] },
  moment: Moment,
): Out {
  // Beyond what this link sent is sound: what an earlier one brought may have been applied since.
  if (isBeyond(state, received)) return halt(state);
  const again = planAgain(state, need);
  if (received <= state.acked) return { state, effects: again };
  const gone = state.rows.slice(0, received - state.acked);
  const wasSent = gone.filter((row) => row.seq <= state.sentThrough);
  const next: Live = {
    ...state,
    acked: received,
    rows: state.rows.slice(gone.length),
    rowBytes: state.rowBytes - countBytes(gone),
    sentBytes: state.sentBytes - countBytes(wasSent),
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

/** What the peer says is missing, where it was sent. */
function planAgain(state: Live, need: readonly number[]): readonly SenderEffect[] {
  return need.flatMap((seq): SenderEffect[] => {
    const row = seq <= state.sentThrough ? state.rows[seq - state.acked - 1] : undefined;
    return row === undefined ? [] : [{ do: 'send', row, isFirst: false }];
  });
}

/** Sends what the window lets through, and asks for more rows when what is left is soon sent. */
function pump(state: Live, before: readonly SenderEffect[], moment: Moment): Out {
  const effects = [...before];
  const { acked, rows } = state;
  let { sentThrough, sentBytes } = state;
  for (const row of rows.slice(sentThrough - acked, windowFramesMax)) {
    if (sentBytes + row.bytes.length > windowBytesMax && row.seq > acked + 1) break;
    effects.push({ do: 'send', row, isFirst: row.seq > state.everSent });
    sentThrough = row.seq;
    sentBytes += row.bytes.length;
  }
  const loadedThrough = acked + rows.length;
  // Up to a window at a time: more could be megabytes, and it is soon asked for again.
  const room = windowFramesMax - rows.length;
  const wants = !state.isLoading && loadedThrough < state.queued && room > 0;
  if (wants) effects.push({ do: 'load', after: loadedThrough, countMax: room });
  const awaits = sentThrough > acked;
  return {
    state: {
      ...state,
      sentThrough,
      sentBytes,
      everSent: Math.max(state.everSent, sentThrough),
      reach: Math.max(state.reach, sentThrough),
      isLoading: state.isLoading || wants,
      resendAt: awaits ? (state.resendAt ?? planResendAt(state.tries, moment)) : undefined,
    },
    effects,
  };
}

function countBytes(rows: readonly OutboxRow[]): number {
  return rows.reduce((sum, row) => sum + row.bytes.length, 0);
}

function planResendAt(tries: number, { nowMs, roll }: Moment): number {
  return nowMs + planPause(tries, { baseMs: resendMsBase, capMs: resendMsMax }, roll);
}

function groundOf({ acked, queued, everSent, reach }: Ground): Ground {
  return { acked, queued, everSent, reach };
}

function halt(state: Ground): Out {
  return { state: { is: 'halted', ...groundOf(state) }, effects: [{ do: 'halt' }] };
}

function step(state: SenderState): Out {
  return { state, effects: [] };
}
