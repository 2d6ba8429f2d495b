/*
 * Clients that follow: a log to its end, and the whole hub as a screen does.
 *
 * Some are slow, and all go on where they were when the hub is back. What they were told is kept, to
 * be held against what was written and what is so in the end.
 */
import type { JobRow, LogItem, WatchItem } from '../../cockpit/verbs/shapes.ts';
import { AppError } from '../../protocol/errors.ts';
import type { AttemptId, JobId } from '../../protocol/model.ts';
import type { Chance } from './chance.ts';
import type { Client } from './client.ts';
import type { Ground } from './ground.ts';

/** A client looks for a hub that went away at this pace, milliseconds. */
const againMs = 700;

/** Who follows. */
export interface Follower {
  readonly client: Client;
  readonly chance: Chance;
}

/** What a follower was told of one log. */
export interface Reading {
  readonly attempt: AttemptId;
  readonly since: number;
  readonly items: LogItem[];
  /** Where the hub said that it ends; absent where the follower did not come so far. */
  end?: { readonly offset: number; readonly missingBytes: number; readonly at: number };
}

/** A screen: the newest row of every job that it was told of. */
export interface Screen {
  readonly client: Client;
  readonly rows: Map<JobId, JobRow>;
  isUp: boolean;
  /** When it was last given the whole list. */
  listedAt: number;
  /** It is still drawing what it was given, and more may wait behind that. */
  isDrawing: boolean;
}

/** Follows the log of the job's latest attempt; goes on after a hub that died. */
export async function followLog(
  ground: Ground,
  { client, chance, job }: Follower & { readonly job: JobId },
): Promise<void> {
  const detail = (await client.ask('job', { job })) as JobRow;
  if (detail.kind === 'group') return;
  const n = detail.attemptCount;
  const reading: Reading = { attempt: `${job}.${n}`, since: 0, items: [] };
  ground.history.readings.push(reading);
  const take = drawPace(ground, { client, chance });
  let next = 0;
  await persist(client, async () => {
    const args = { job, attempt: n, since: next, follow: true };
    const stream = client.stream('logs', args, async (given) => {
      const item = given as LogItem;
      reading.items.push(item);
      next = item.offset + ('text' in item ? item.text.length : item.gapBytes);
      await take();
    });
    const end = (await stream.done) as NonNullable<Reading['end']>;
    reading.end = { ...end, at: ground.clock.nowMs };
  });
}

/** Watches the hub until it is killed, or for ever. */
export async function watchHub(ground: Ground, { client, chance }: Follower): Promise<void> {
  const screen: Screen = { client, rows: new Map(), isUp: false, listedAt: 0, isDrawing: false };
  ground.history.screens.push(screen);
  const take = drawPace(ground, { client, chance });
  await persist(client, async () => {
    const stream = client.stream('watch', {}, async (given) => {
      const item = given as WatchItem;
      if (item.type === 'jobs') {
        screen.isUp = true;
        screen.listedAt = ground.clock.nowMs;
        for (const row of item.jobs) screen.rows.set(row.id, row);
      }
      if (item.type === 'job') screen.rows.set(item.job.id, item.job);
      screen.isDrawing = true;
      await take();
      screen.isDrawing = false;
    });
    await stream.done;
  });
}

/** Does it again after every loss of the hub, on a new connection. */
async function persist(client: Client, act: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const isGone = error instanceof AppError && error.code === 'HUB_UNREACHABLE';
      if (!isGone) throw error;
    }
    await reopen(client);
  }
}

async function reopen(client: Client): Promise<void> {
  for (;;) {
    await client.sleep(againMs);
    try {
      return await client.open();
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'HUB_UNREACHABLE')) throw error;
    }
  }
}

/** Between two items: nothing, or so long that the hub has to wait; once all is well, nothing. */
function drawPace(ground: Ground, { client, chance }: Follower): () => Promise<void> {
  const slowMs = chance.happens(0.3) ? chance.between(50, 3000) : 0;
  return () => (slowMs === 0 || ground.isHealed() ? Promise.resolve() : client.sleep(slowMs));
}
