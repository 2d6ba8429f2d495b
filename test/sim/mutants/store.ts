/*
 * Mutants of the store, the logs, trust and the screens.
 */
import type { Mutant } from './mutant.ts';

/** See the header. */
export const storeMutants: readonly Mutant[] = [
  {
    id: 'acked-mark-set-back',
    breaks: 'an older acknowledgement is written over a newer one',
    edits: [
      {
        file: 'store/outbox.ts',
        find: 'return [planRow(ackedKey(stream), through), ...gone];',
        replace: 'return [planRow(ackedKey(stream), (rows[0] ?? 1) - 1), ...gone];',
      },
    ],
  },
  {
    id: 'log-ack-before-sync',
    breaks: 'log bytes are acknowledged before they are on the disk',
    edits: [
      {
        file: 'cockpit/hub/log-mirror.ts',
        find: 'const offset = await log.sync();',
        replace: 'const offset = log.end;',
      },
    ],
    focus: ['hub-crash'],
  },
  {
    id: 'log-offset-unchecked',
    breaks: 'log bytes that do not follow the copy are appended all the same',
    edits: [
      {
        file: 'cockpit/hub/log-mirror.ts',
        find: 'if (frame.from > end) {',
        replace: 'if (frame.from < 0) {',
      },
    ],
  },
  {
    id: 'log-forgotten-early',
    breaks: 'the agent forgets a log that the hub does not have whole',
    edits: [
      {
        file: 'agent/loops/send-logs.ts',
        find: 'cursor.acked >= (held.logBytes ?? 0)',
        replace: 'cursor.acked + 100 >= (held.logBytes ?? 0)',
      },
    ],
  },
  {
    id: 'artifact-done-early',
    breaks: 'a worker is told that an artifact is whole while some of it is missing',
    edits: [
      {
        file: 'cockpit/hub/artifact-mirror.ts',
        find: 'if (end !== entry.bytes) return { offset: end, isReset, isDone: false };',
        replace: 'if (end !== entry.bytes) return { offset: end, isReset, isDone: end > 0 };',
      },
    ],
  },
  {
    id: 'artifact-offset-unchecked',
    breaks: 'pieces of an artifact that do not follow the copy are appended all the same',
    edits: [
      {
        file: 'cockpit/hub/artifact-mirror.ts',
        find: 'frame.from !== end || end + frame.bytes.length > entry.bytes',
        replace: 'end + frame.bytes.length > entry.bytes',
      },
    ],
    focus: ['hub-log-disk'],
  },
  {
    id: 'artifact-forgotten-early',
    breaks: 'the agent forgets an attempt although the hub lacks one of its artifacts',
    edits: [
      {
        file: 'agent/loops/send-artifacts.ts',
        find: 'return count > (this.#done.get(attempt)?.size ?? 0);',
        replace: 'return count > 1 + (this.#done.get(attempt)?.size ?? 0);',
      },
    ],
  },
  {
    id: 'invite-used-twice',
    breaks: 'a pairing code lets a second box in',
    edits: [
      {
        file: 'cockpit/hub/invite-book.ts',
        find: 'if (invite.usedBy !== null) {',
        replace: 'if (invite.usedBy === "nobody") {',
      },
    ],
  },
  {
    id: 'revoked-still-linked',
    breaks: 'a revoked worker keeps its link',
    edits: [
      {
        file: 'cockpit/hub/hub.ts',
        find: "session?.session.stop('WORKER_REVOKED');\n    this.door.kick(worker.key);",
        replace: 'void session;',
      },
      {
        file: 'cockpit/hub/hub.ts',
        find: "session?.session.expel(new AppError('WORKER_REVOKED'));",
        replace: 'void AppError;',
      },
    ],
    focus: ['revoke'],
  },
  {
    id: 'revoked-keeps-work',
    breaks: 'the work of a revoked worker is left open',
    edits: [
      {
        file: 'cockpit/hub/worker-desk.ts',
        find: 'loseAttempt(scene, place, { reason, cause });',
        replace: 'void [place, reason, cause];',
      },
    ],
    focus: ['revoke'],
  },
  {
    id: 'screen-misses-last',
    breaks: 'a slow screen is not told the newest state of a job',
    edits: [
      {
        file: 'cockpit/verbs/hub-state.ts',
        find: 'this.#dirtyJobs.set(job.id, job);',
        replace: 'this.#dirtyJobs.set(job.id, this.#dirtyJobs.get(job.id) ?? job);',
      },
    ],
    focus: ['watch'],
  },
  {
    id: 'held-first-said',
    breaks:
      'what was said first of an attempt holds after a start of its agent, and not what was said last',
    edits: [
      {
        file: 'store/change-log.ts',
        find: '    for (const { id } of entries) this.#leave(id);\n    this.#enter(getSeq(row.key), entries, gone);',
        replace:
          '    this.#enter(getSeq(row.key), entries.filter(({ id }) => !this.#places.has(id)), gone);',
      },
    ],
    focus: ['agent-crash'],
  },
];
