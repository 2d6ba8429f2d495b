/*
 * Settling what an earlier process of this agent left, before anything new starts.
 *
 * Logs of what may have run are measured and made durable, orphaned processes are ended, such attempts are
 * reported lost, and leftovers nobody owns are removed. In this order: once the loss is on disk the
 * next start would not look for processes again, and an end that is reported must not shrink. The log of what ended
 * was durable before its end was: a thousand of them cost no look at the disk. One that the disk does not give
 * back is cut where it can be read, and that is reported: an agent that did not start for it would leave all else.
 */
import { wrapError } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import type { ArtifactStore } from '../store/artifact.ts';
import type { Kv } from '../store/kv.ts';
import type { LogStore } from '../store/log.ts';
import type { HeldAttempt } from './attempts.ts';
import type { Desk } from './desk.ts';
import type { GuardNote } from './guard/guard-notes.ts';
import type { GuardSource } from './guard/guard-process.ts';
import { settleReadTriesMax, settleTriesMax } from './limits.ts';
import { untilDone } from './log-patience.ts';
import type { ProcessMark, Workshop } from './work/work.ts';

/** What settling needs. `mark` is what an attempt's processes carry. */
export interface SettleParts {
  readonly desk: Desk;
  readonly kv: Kv;
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
  const { desk, workshop } = parts;
  // Side by side, so that the patience with one disk's bad places is one, however many logs lie on them.
  const found = await Promise.all(desk.list().map((held) => findLogEnd(parts, held)));
  const cut = new Set(found.flatMap((attempt) => attempt ?? []));
  const notes = parts.guards.readNotes();
  await Promise.all(
    desk.list().map((held) => {
      const note = notes.get(parts.mark(held.attempt));
      return settleOne(parts, held, { note, isLogCut: cut.has(held.attempt) });
    }),
  );
  // What was told ahead of the disk by the process before.
  await desk.sayEnds();
  await desk.disowned.reapLeft(parts.kv, (process) => reapProcess(parts, process));
  parts.guards.dropNotes();
  await removeUnowned(parts);
  await workshop.sweep([]);
}

/** Tells where the log of this attempt ends, once that is on the disk; resolves with the attempt where it had to be cut. */
async function findLogEnd(
  { logs, ports, logEnd, noticed }: SettleParts,
  { attempt, state, logBytes }: HeldAttempt,
): Promise<AttemptId | undefined> {
  if (state.is === 'accepted') return undefined;
  if (state.is === 'finished' && logBytes !== undefined) {
    logEnd(attempt, logBytes);
    return undefined;
  }
  const patience = (triesMax: number) => ({
    ports,
    isWanted: (tries: number) => tries < triesMax,
  });
  try {
    const log = await untilDone(() => logs.open(attempt), patience(settleReadTriesMax));
    logEnd(attempt, await untilDone(() => log.sync(), patience(settleTriesMax)));
    return undefined;
  } catch (thrown) {
    // It has ended, so nothing more will come of it; that must not keep all others from going on.
    const cut = logs.cut(attempt).then((log) => log.sync());
    const end = await cut.catch(() => 0);
    logEnd(attempt, end);
    const { message } = wrapError(thrown, 'STORE_IO');
    noticed(`the log of ${attempt} is cut at byte ${end}, where it can't be read: ${message}`);
    return attempt;
  }
}

/** What can't be removed costs room and nothing else: the next start tries again. */
async function removeUnowned({ desk, logs, artifacts, noticed }: SettleParts): Promise<void> {
  const left = (attempt: AttemptId) => (thrown: unknown) => {
    const { message } = wrapError(thrown, 'STORE_IO');
    noticed(`what ${attempt} left here cannot be removed now: ${message}`);
  };
  // Its row went first, so a log without one is what a crash left of an attempt long delivered.
  for (const attempt of await logs.list()) {
    if (desk.find(attempt) === undefined) await logs.remove(attempt).catch(left(attempt));
  }
  // The same of artifacts; and those that were copied before the end was on the disk are of no report.
  for (const attempt of await artifacts.list()) {
    const isReported = desk.find(attempt)?.artifacts !== undefined;
    if (!isReported) await artifacts.remove(attempt).catch(left(attempt));
  }
}

interface Seen {
  readonly note: GuardNote | undefined;
  readonly isLogCut: boolean;
}

async function settleOne(
  parts: SettleParts,
  { attempt, state }: HeldAttempt,
  { note, isLogCut }: Seen,
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
  const held = {
    ...(kept === undefined ? {} : { kept }),
    ...(isLogCut ? ({ isLogCut } as const) : {}),
  };
  await parts.desk.step(attempt, { type: 'restart', at, ...guarded, ...held });
}

async function reap(
  parts: SettleParts,
  attempt: AttemptId,
  state: HeldAttempt['state'],
): Promise<void> {
  // Killed before its pid was written down: the mark alone finds it.
  const known =
    state.is === 'running' ? state.process : { pid: 0, start: '0', mark: parts.mark(attempt) };
  await reapProcess(parts, known);
}

async function reapProcess(
  { workshop, noticed }: SettleParts,
  process: ProcessMark,
): Promise<void> {
  const attempt = process.mark.slice(process.mark.lastIndexOf('/') + 1);
  const count = await workshop.reap(process).catch((error: unknown) => {
    noticed(`reaping ${attempt} failed: ${wrapError(error, 'JOB_SPAWN').message}`);
    return 0;
  });
  noticed(`${attempt} was left by an earlier agent; ${count} processes ended`);
}
