/*
 * Mutants of time: leases, silence and what a sleeping hub may say of others.
 */
import type { Mutant } from './mutant.ts';

/** See the header. */
export const leaseMutants: readonly Mutant[] = [
  {
    id: 'lease-from-any-frame',
    breaks: 'a lease is renewed by whatever is heard, not by an answered ping',
    edits: [
      {
        file: 'protocol/connection.ts',
        find: '    const frame = decodeFrame(bytes);\n    this.#hear(this.#moment());',
        replace:
          '    const frame = decodeFrame(bytes);\n    this.#hear(this.#moment());\n    if (this.isOpen) this.#parts.owner.answered(this, readInstant(this.#parts.ports.clock), { t: "pong", at: 0 });',
      },
    ],
    focus: ['partition', 'spike'],
  },
  {
    id: 'lease-past-barrier',
    breaks: 'a lease is renewed while a cancel that is queued has not come',
    edits: [
      {
        file: 'protocol/machines/renewal.ts',
        find: 'const good = renewal.waiting.filter(({ queued }) => queued <= received);',
        replace:
          'const good = renewal.waiting.filter(({ queued }) => queued >= 0 || received < 0);',
      },
    ],
    focus: ['data-loss', 'group', 'cancel-new'],
  },
  {
    id: 'lease-unwatched',
    breaks: 'work goes on when its lease is over',
    edits: [
      {
        file: 'agent/loops/watch-work.ts',
        find: 'if (leaseMs <= 0) return',
        replace: 'if (leaseMs < -1e9) return',
      },
    ],
    focus: ['partition'],
  },
  {
    id: 'guard-asleep',
    breaks: 'a guard ends nothing when its agent is dead',
    edits: [
      {
        file: 'agent/guard/guarded-machine.ts',
        find: 'findGuardLeftMs(state, now) > 0',
        replace: 'findGuardLeftMs(state, now) > -1e9',
      },
    ],
    focus: ['agent-pause', 'partition'],
  },
  {
    id: 'guard-takes-back',
    breaks: 'a guard believes what was counted from a tick of long ago',
    edits: [
      {
        file: 'agent/guard/guarded-machine.ts',
        find: 'if (findGuardLeftMs(next, now) >= findGuardLeftMs(state, now)) return next;',
        replace: 'if (findGuardLeftMs(next, now) > -1e9) return next;',
      },
      // Its agent dates the ticks that waited; either alone is enough against most.
      {
        file: 'agent/loops/guard-leases.ts',
        find: 'uptimeMs: tick.at.uptimeMs }',
        replace: 'uptimeMs: readInstant(this.#parts.ports.clock).uptimeMs }',
      },
    ],
    focus: ['agent-pause'],
  },
  {
    id: 'sleeper-blames',
    breaks: 'a hub that slept declares lost what it could not hear',
    edits: [
      {
        file: 'cockpit/hub/watch-leases.ts',
        find: 'nowMs - this.#lookedAt >= sleptMsMin) this.#awakeAt = nowMs;',
        replace: 'nowMs < 0) this.#awakeAt = nowMs;',
      },
    ],
    focus: ['hub-pause'],
  },
  {
    id: 'lost-too-early',
    breaks: 'silence of half the promised time is taken for a loss',
    edits: [
      {
        file: 'protocol/machines/lease.ts',
        find: 'nowMs - state.heardAt < state.lostAfterMs',
        replace: 'nowMs - state.heardAt < state.lostAfterMs / 2',
      },
    ],
    focus: ['partition'],
  },
  {
    id: 'silent-link-kept',
    breaks: 'a link on which nothing is heard is never given up',
    edits: [
      {
        file: 'protocol/machines/liveness.ts',
        find: 'if (silentMs >= suspectAfterMsDefault) {',
        replace: 'if (silentMs < 0) {',
      },
    ],
    focus: ['cut'],
  },
  {
    id: 'deadline-ignored',
    breaks: 'work starts after its deadline',
    edits: [
      {
        file: 'agent/hub-clock.ts',
        find: 'if (expiresAt === undefined || this.#known === undefined) return undefined;',
        replace: 'if (expiresAt !== 0 || this.#known === undefined) return undefined;',
      },
    ],
    focus: ['partition', 'agent-crash'],
  },
  {
    id: 'first-clock-kept',
    breaks: 'deadlines go by what the hub said of its clock first, also after that was set',
    edits: [
      {
        file: 'agent/hub-clock.ts',
        find: 'this.#known = {',
        replace: 'this.#known ??= {',
      },
    ],
    focus: ['hub-clock', 'partition'],
  },
];
