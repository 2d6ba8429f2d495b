/*
 * Where a spawned box can stand, and its row.
 *
 * The states are what the machine of `spawn-machine.ts` goes through; the row holds one of them with what never
 * changes of the box. Field names are retired, never reused. Instants in states are monotonic and mean nothing
 * after a restart, which sets them anew; the row's own are wall milliseconds.
 */
import { z } from 'zod';
import type { PeerKey } from '../../protocol/model.ts';
import { type FoundState, type MadeBox, madeBoxSchema } from './spawn-box.ts';

/** What going on after the M2's word means. */
export type StuckAt = 'make' | 'seek' | 'enter' | 'leave';

/** How it came to its end. */
export type BoxEnd = 'released' | 'failed' | 'vanished';

/** A look that is due at an instant; null while the list is being read. */
interface Looking {
  readonly lookAt: number | null;
  readonly missedCount: number;
  readonly since: number;
}

/** Somebody wants it away, while something is under way that must end first. */
export interface Unwanted {
  readonly unwanted?: string;
}

/** Something that is tried again at an instant; null while it is under way. */
interface Trying {
  readonly tryAt: number | null;
  readonly tries: number;
}

/** Before an agent is got onto it again, the list is read: it may have gone. */
interface Seeing {
  readonly next?: 'enter' | 'look';
  readonly missedCount?: number;
}

/** Where the box stands. This is what its row holds. */
export type SpawnState =
  | { readonly is: 'asked' }
  | (Unwanted & { readonly is: 'making' })
  | (Looking & Unwanted & { readonly is: 'seeking'; readonly reason: string })
  | (Looking & { readonly is: 'coming'; readonly box: MadeBox })
  | (Trying & Unwanted & Seeing & { readonly is: 'entering'; readonly box: MadeBox })
  | (Looking & { readonly is: 'ready'; readonly box: MadeBox; readonly worker: PeerKey })
  | (Trying & {
      readonly is: 'leaving';
      readonly box: MadeBox;
      readonly why: string;
      /** What it is let go as, whether its agent comes off or not; where absent the M2 is asked about that. */
      readonly as?: BoxEnd;
    })
  | (Trying & {
      readonly is: 'ending';
      readonly box: MadeBox;
      readonly next: 'down' | 'look';
      readonly as: BoxEnd;
      readonly why: string;
      /** What the last try said. */
      readonly reason: string;
      /** Looks in a row that missed it; a command that let it go counts as one. */
      readonly missedCount?: number;
    })
  | {
      readonly is: 'stuck';
      readonly at: StuckAt;
      readonly box: MadeBox | null;
      readonly reason: string;
    }
  | { readonly is: 'over'; readonly as: BoxEnd; readonly reason: string };

/** What can happen to it. `found`, `missing` and `unlisted` are what one reading of the list said. */
export type SpawnEvent =
  | { readonly type: 'begin' }
  | { readonly type: 'made' }
  /** `isSure`: nothing can have been made. */
  | { readonly type: 'make-failed'; readonly reason: string; readonly isSure: boolean }
  | { readonly type: 'found'; readonly box: MadeBox; readonly state: Exclude<FoundState, 'gone'> }
  | { readonly type: 'missing' }
  | { readonly type: 'unlisted'; readonly reason: string }
  | { readonly type: 'entered'; readonly worker: PeerKey }
  | { readonly type: 'enter-failed'; readonly reason: string }
  | { readonly type: 'left' }
  | { readonly type: 'leave-failed'; readonly reason: string }
  | { readonly type: 'downed' }
  | { readonly type: 'down-failed'; readonly reason: string }
  /** Its agent is not heard any more. */
  | { readonly type: 'silent' }
  | { readonly type: 'release'; readonly why: string }
  /** The M2 wants what it is stuck at to be tried again. */
  | { readonly type: 'again' }
  /** The M2 does not want it tried any more. */
  | { readonly type: 'give-up' }
  | { readonly type: 'restarted' }
  | { readonly type: 'tick' };

/**
 * What it asks for. `revoke` is done before the state is on disk, because a box that is over has no row to
 * remember it by; all else is begun only after.
 */
export type SpawnEffect =
  | { readonly do: 'up' }
  | { readonly do: 'look' }
  | { readonly do: 'enter' }
  | { readonly do: 'leave' }
  | { readonly do: 'revoke'; readonly why: 'released' | 'vanished' }
  | { readonly do: 'down' }
  | { readonly do: 'tell'; readonly kind: string; readonly note: string };

/** When a step happens, how often this provider is looked at, and whose box it is. */
export interface SpawnMoment {
  readonly nowMs: number;
  readonly roll: number;
  readonly pace: SpawnPace;
  /** Was it made for the warm pool, and never ready yet? Then nobody is asked about a failure of its making. */
  readonly isPooled: boolean;
  /** How long the command that makes it may still run, where the hub that began it is gone. */
  readonly makingLeftMs: number;
}

/** How often a provider's list is read; milliseconds. */
export interface SpawnPace {
  readonly lookMs: number;
  readonly watchMs: number;
  /** How long a box that was just made may be missing from the list. */
  readonly settleMs: number;
  /** The longest that making one takes. */
  readonly makeMs: number;
}

const looking = { lookAt: z.number().nullable(), missedCount: z.number(), since: z.number() };
const unwanted = { unwanted: z.string().exactOptional() };
const trying = { tryAt: z.number().nullable(), tries: z.number() };
const seeing = {
  next: z.enum(['enter', 'look']).exactOptional(),
  missedCount: z.number().exactOptional(),
};
const end = z.enum(['released', 'failed', 'vanished']);
const box = madeBoxSchema;

const stateSchema: z.ZodType<SpawnState> = z.discriminatedUnion('is', [
  z.object({ is: z.literal('asked') }),
  z.object({ is: z.literal('making'), ...unwanted }),
  z.object({ is: z.literal('seeking'), ...looking, ...unwanted, reason: z.string() }),
  z.object({ is: z.literal('coming'), ...looking, box }),
  z.object({ is: z.literal('entering'), ...trying, ...unwanted, ...seeing, box }),
  z.object({ is: z.literal('ready'), ...looking, box, worker: z.string() }),
  z.object({ is: z.literal('leaving'), ...trying, box, why: z.string(), as: end.exactOptional() }),
  z.object({
    ...{ is: z.literal('ending'), ...trying, box, as: end, why: z.string() },
    ...{ next: z.enum(['down', 'look']), reason: z.string() },
    missedCount: z.number().exactOptional(),
  }),
  z.object({
    ...{ is: z.literal('stuck'), at: z.enum(['make', 'seek', 'enter', 'leave']) },
    ...{ box: box.nullable(), reason: z.string() },
  }),
  z.object({ is: z.literal('over'), as: end, reason: z.string() }),
]);

/** The shape of an `s/` row; instants are wall milliseconds. */
export const spawnRowSchema = z.object({
  /** The name that its worker gets; nobody else is given it meanwhile. */
  name: z.string(),
  provider: z.string(),
  /** What the provider is to call it. */
  tag: z.string(),
  askedAt: z.number(),
  /** When the command that makes it began; null before. */
  spawnedAt: z.number().nullable(),
  /** When it was first ready for who asked for it: its time to live counts from then. */
  readyAt: z.number().exactOptional(),
  /** An idle box is let go after so long. */
  ttlMs: z.number().exactOptional(),
  /** It was made for the warm pool, and nobody has asked for it yet. */
  isPooled: z.boolean(),
  /** Its worker, once one was seen; the worker may be renamed, the box is not. */
  worker: z.string().exactOptional(),
  state: stateSchema,
});

/** One spawned box. */
export type SpawnRecord = z.infer<typeof spawnRowSchema>;

/** The shape of an `sp/` row: how filling a provider's warm pool goes. */
export const poolRowSchema = z.object({
  provider: z.string(),
  /** Failures since the last box that came up. */
  failureCount: z.number(),
  /** Wall instant before which nothing is tried. */
  retryAt: z.number(),
  /** `asked`: the M2 is asked whether to go on; `off`: they said no. */
  is: z.enum(['on', 'asked', 'off']),
  reason: z.string(),
});

/** How filling one pool goes. */
export type PoolRecord = z.infer<typeof poolRowSchema>;
