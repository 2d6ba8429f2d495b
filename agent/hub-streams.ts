/*
 * The streams of this agent as one store of the hub's may use them: not at all once another was adopted.
 *
 * While a store is adopted an older link may still bring data and acks of the one before, for the session changes its
 * streams last. Numbers of one store mean nothing in the streams of another, and what is not taken
 * is not acknowledged: either would make a peer of the two remember less than it said. Source: reliability facts R4, R7.
 */
import { AppError } from '../protocol/errors.ts';
import type { Intake } from '../store/intake.ts';
import type { PeerStreams, StreamRow } from '../store/peer-streams.ts';
import type { Desk } from './desk.ts';

/** The streams, while they are with this store of the hub. */
export function findStreams(
  desk: Pick<Desk, 'streams'>,
  hubStore: string,
): PeerStreams | undefined {
  return desk.streams?.store === hubStore ? desk.streams : undefined;
}

/** What takes commands, and who is told that the store failed. */
export interface TakeParts {
  readonly intake: Intake;
  readonly desk: Desk;
  readonly failed: (error: unknown) => void;
}

/** Applies what came from this store of the hub. Errors: STORE_*; LINK_LOST where it is not the present one any more. */
export async function takeCommands(
  { intake, desk, failed }: TakeParts,
  hubStore: string,
  rows: readonly StreamRow[],
): Promise<void> {
  try {
    await intake.take(hubStore, rows, async (some, { how, hold }) => {
      // Asked at each take: the intake may have waited for the disk.
      // Its handlers run before its first pause.
      if (findStreams(desk, hubStore) !== undefined) await hold(() => desk.take(some, how));
    });
  } catch (error) {
    failed(error);
    throw error;
  }
  if (findStreams(desk, hubStore) === undefined) throw new AppError('LINK_LOST');
}
