/*
 * Settling what an earlier process of this agent left, before anything new starts.
 *
 * Logs of what may have run are measured and made durable, orphaned processes are ended, such attempts are
 * reported lost, and leftovers nobody owns are removed. In this order: once the loss is on disk the
 * next start would not look for processes again, and an end that is reported must not shrink. The log of what ended
 * was durable before its end was: a thousand of them cost no look at the disk.
 */
import { wrapError } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import type { ArtifactStore } from '../store/artifact.ts';
import type { LogStore } from '../store/log.ts';
import type { HeldAttempt } from './attempts.ts';
import type { Desk } from './desk.ts';
import type { GuardNote } from './guard/guard-notes.ts';
import type { GuardSource } from './guard/guard-process.ts';
import { settleTriesMax } from './limits.ts';
import { untilDone } from './log-patience.ts';
import type { Workshop } from './work/work.ts';

/** What settling needs. `mark` is what an attempt's processes carry. */
export interface SettleParts {
  readonly desk: Desk;
  readonly logs: LogStore;
  readonly artifacts: ArtifactStore;
  readonly workshop: Workshop;
  readonly ports: Ports;
  /** What guards of the earlier process did. */
  readonly guards: Pick<GuardSource, 'readNotes' | 'dropNotes'>;
  readonly mark: (attempt: AttemptId) => string;
  readonly noticed: (line: string) => void;
  /** Told where each attempt's log ends. */
  readonly logEnd: (attempt: AttemptId, end: number) => void;
}

/** Resolves when nothing of the earlier process is left unsettled. Errors: STORE_*. */
export async function settle(parts: SettleParts): Promise<void> {
  const { desk, logs, workshop } = parts;
  for (const held of desk.list()) {
    if (held.state.is === 'accepted') continue;
    const { attempt, logBytes } = held;
    if (held.state.is === 'finished' && logBytes !== undefined) parts.logEnd(attempt, logBytes);
    else {
      const patience = { ports: parts.ports, isWanted: (tries: number) => tries < settleTriesMax };
      parts.logEnd(attempt, await untilDone(() => measure(logs, attempt), patience));
    }
  }
  const notes = parts.guards.readNotes();
  await Promise.all(
    desk.list().map((held) => settleOne(parts, held, notes.get(parts.mark(held.attempt)))),
  );
  // What was told ahead of the disk by the process before.
  await desk.sayEnds();
  parts.guards.dropNotes();
  // Its row went first, so a log without one is what a crash left of an attempt long delivered.
  for (const attempt of await logs.list()) {
    if (desk.find(attempt) === undefined) await logs.remove(attempt);
  }
  // The same of artifacts; and those that were copied before the end was on the disk are of no report.
  for (const attempt of await parts.artifacts.list()) {
    if (desk.find(attempt)?.artifacts === undefined) await parts.artifacts.remove(attempt);
  }
  await workshop.sweep([]);
}

/** Where the log ends, once that is on the disk. */
async function measure(logs: LogStore, attempt: AttemptId): Promise<number> {
  const log = await logs.open(attempt);
  await log.sync();
  return log.end;
}

async function settleOne(
  parts: SettleParts,
  { attempt, state }: HeldAttempt,
  note: GuardNote | undefined,
): Promise<void> {
  const mayHaveRun = state.is === 'starting' || state.is === 'running';
  if (mayHaveRun) await reap(parts, attempt, state);
  const kept = mayHaveRun ? await parts.workshop.clearTree(attempt, 'careful') : undefined;
  if (note !== undefined) {
    const when = new Date(note.at).toISOString();
    parts.noticed(`${attempt}: its lease was over and its guard ended what ran of it, ${when}`);
  }
  const at = Math.round(parts.ports.clock.wallMs());
  const guarded = note?.wasRunning === true ? { guardedAt: note.at } : {};
  const held = kept === undefined ? {} : { kept };
  await parts.desk.step(attempt, { type: 'restart', at, ...guarded, ...held });
}

async function reap(
  { workshop, mark, noticed }: SettleParts,
  attempt: AttemptId,
  state: HeldAttempt['state'],
): Promise<void> {
  // Killed before its pid was written down: the mark alone finds it.
  const known =
    state.is === 'running' ? state.process : { pid: 0, start: '0', mark: mark(attempt) };
  const count = await workshop.reap(known).catch((error: unknown) => {
    noticed(`reaping ${attempt} failed: ${wrapError(error, 'JOB_SPAWN').message}`);
    return 0;
  });
  noticed(`${attempt} was left by an earlier agent; ${count} processes ended`);
}
