/*
 * Mutants of jobs: tokens, outcomes, starts, cancels, losses and what follows from them.
 */
import type { Mutant } from './mutant.ts';

/** A hub is not to do this, and an agent is not to mind. */
const assignedTwice = {
  file: 'cockpit/hub/give-work.ts',
  find: "const givenSeq = change.send(worker, streams, {\n    kind: 'assign',",
  replace:
    "let givenSeq = 0; for (const _time of [1, 2]) givenSeq = change.send(worker, streams, {\n    kind: 'assign',",
} as const;

/** See the header. */
export const jobMutants: readonly Mutant[] = [
  {
    id: 'token-unchecked',
    breaks: 'a report of an old attempt counts for the present one',
    edits: [
      {
        file: 'cockpit/hub/take-fact.ts',
        find: 'const attempt = findOpen(scene, { id, n });\n  if (attempt === undefined && known?.has(fact.attempt)) return;\n  if (attempt?.worker !== worker)',
        replace:
          'const held = scene.change.jobs.get(id) ?? scene.state.active.get(id); const attempt = held?.kind === "command" ? held.attempts.findLast((one) => one.state.is !== "finished") : undefined;\n  if (attempt === undefined)',
      },
      {
        file: 'cockpit/hub/take-fact.ts',
        find: 'const effects = stepAttempt(scene, { id, n, loss: findLossCause(fact) }',
        replace:
          'const effects = stepAttempt(scene, { id, n: attempt.n, loss: findLossCause(fact) }',
      },
    ],
    focus: ['agent-crash'],
  },
  {
    id: 'worker-unchecked',
    breaks: 'a worker may report about an attempt that another one holds',
    edits: [
      {
        file: 'cockpit/hub/take-fact.ts',
        find: 'if (attempt?.worker !== worker)',
        replace: 'if (attempt === undefined)',
      },
    ],
    focus: ['rogue'],
  },
  {
    id: 'late-overwrites',
    breaks: 'a late report overwrites the outcome',
    edits: [
      {
        file: 'cockpit/hub/take-fact.ts',
        find: 'const attempt = findOpen(scene, { id, n });',
        replace:
          'const held = scene.change.jobs.get(id) ?? scene.state.active.get(id); const attempt = held?.kind === "command" ? held.attempts[n - 1] : undefined;',
      },
      {
        file: 'cockpit/manager/attempt-machine.ts',
        find: 'finished: late,',
        replace: 'finished: finish,',
      },
    ],
    focus: ['agent-crash', 'partition'],
  },
  {
    id: 'attempt-taken-again',
    breaks: 'the agent takes an attempt that it holds already (from a hub that gives all twice)',
    edits: [
      assignedTwice,
      {
        file: 'agent/desk.ts',
        find: 'if (this.#held.has(attempt)) return nothing;\n    const held',
        replace: 'const held',
      },
    ],
  },
  {
    id: 'line-stands-still',
    breaks: 'what waits for its turn at a worker is counted as given to it',
    edits: [
      {
        file: 'cockpit/hub/give-work.ts',
        find: ' - line.size);',
        replace: ');',
      },
    ],
  },
  {
    id: 'rerun-after-restart',
    breaks: 'what was running when its agent died is started again',
    edits: [
      {
        file: 'agent/attempt-machine.ts',
        find: 'const { at, guardedAt, kept, isLogCut } = event;',
        replace:
          'const { at, guardedAt, kept, isLogCut } = event;\n  if (at > 0) return { state: { is: "accepted", acceptedAt: state.acceptedAt }, effects: [{ do: "end-process" }] };',
      },
    ],
    focus: ['agent-crash'],
  },
  {
    id: 'on-its-way-forgotten',
    breaks: 'a command that is still on its way is given up because its worker does not state it',
    edits: [
      {
        file: 'cockpit/manager/reconcile.ts',
        find: 'return isGiven && givenSeq <= takenThrough ?',
        replace: 'return isGiven && takenThrough >= 0 ?',
      },
    ],
    focus: ['cut'],
  },
  {
    id: 'refusal-not-awaited',
    breaks: 'a command is given up though what its worker reported of it is on its way',
    edits: [
      {
        file: 'cockpit/hub/reconcile-worker.ts',
        find: 'return streams.counts.received >= queued ?',
        replace: 'return queued >= 0 ?',
      },
    ],
    focus: ['agent-full', 'cut', 'data-loss'],
  },
  {
    id: 'spawn-before-disk',
    breaks: 'the process exists before `starting` is on the disk',
    edits: [
      {
        file: 'agent/loops/run-work.ts',
        find: "await desk.step(attempt, { type: 'start' });",
        replace: "void desk.step(attempt, { type: 'start' }).catch(() => undefined);",
      },
    ],
    focus: ['agent-crash', 'agent-slow-disk'],
  },
  {
    id: 'sent-cancel-as-unsent',
    breaks: 'a cancel of what may have left the hub ends it as if it had not',
    edits: [
      {
        file: 'cockpit/manager/attempt-machine.ts',
        find: 'if (event.mayHaveLeft) return askCancel(state, event);',
        replace: '',
      },
    ],
    focus: ['cut', 'cancel-new', 'hub-crash'],
  },
  {
    id: 'cancel-forgotten',
    breaks: 'a cancel is noted and not sent',
    edits: [
      {
        file: 'cockpit/manager/attempt-machine.ts',
        find: "return { state: { ...state, cancelAskedAt: at }, effects: [{ do: 'tell-cancel' }] };",
        replace: 'return { state: { ...state, cancelAskedAt: at }, effects: [] };',
      },
    ],
    focus: ['cancel'],
  },
  {
    id: 'retry-twice',
    breaks: 'two retries at once mint the same number',
    edits: [
      {
        file: 'cockpit/hub/desk.ts',
        find: 'if (this.#retrying.has(id)) throw',
        replace: 'if (id === undefined) throw',
      },
    ],
  },
  {
    id: 'accepted-before-disk',
    breaks: 'a dispatch is answered before the job is on the disk',
    edits: [
      {
        file: 'cockpit/hub/desk.ts',
        find: 'planKey(wanted.key, job.id));\n    await this.#ledger.commit(scene.change);',
        replace:
          'planKey(wanted.key, job.id));\n    void this.#ledger.commit(scene.change).catch(() => undefined);',
      },
    ],
    focus: ['hub-crash', 'hub-slow-disk'],
  },
  {
    id: 'group-sum',
    breaks: 'a group in which one part failed is good',
    edits: [
      {
        file: 'cockpit/manager/job.ts',
        find: "['lost', 'failed', 'refused',",
        replace: "['lost', 'refused',",
      },
    ],
  },
  {
    id: 'replaced-though-unsafe',
    breaks: 'what may not run twice is started again by the hub',
    edits: [
      {
        file: 'cockpit/manager/plan-loss.ts',
        find: 'if (spec.mayReplace !== true) return spec.isIdempotent ? unallowed : unsafe;\n  if (!spec.isIdempotent) return unsafe;',
        replace: '',
      },
    ],
    focus: ['agent-crash'],
  },
  {
    id: 'replaced-while-it-runs',
    breaks: 'work of which only silence is known is started elsewhere while it may run',
    edits: [
      {
        file: 'cockpit/manager/plan-loss.ts',
        find: 'if (!isCertainlyOver(spec, cause))',
        replace: 'if (spec.isIdempotent === undefined && !isCertainlyOver(spec, cause))',
      },
      {
        file: 'cockpit/manager/plan-loss.ts',
        find: 'return Math.ceil(stopAfterMs * ((1 + clockRateError) / (1 - clockRateError)) + endingMsMax);',
        replace: 'return Math.ceil(stopAfterMs / 4);',
      },
    ],
    focus: ['partition'],
  },
  {
    id: 'nobody-asked',
    breaks: 'a loss that the M2 should decide about is not in the inbox',
    edits: [
      {
        file: 'cockpit/hub/transitions.ts',
        find: "if (plan?.do === 'ask' && isOver(scene, id))",
        replace: "if (plan?.do === 'ask' && !isOver(scene, id))",
      },
    ],
    focus: ['agent-crash'],
  },
];
