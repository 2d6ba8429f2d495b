/*
 * The guards of leases on one simulated box: the product's own `Guard`, each a process of its own.
 *
 * A guard lives on when the agent that started it is killed or paused, and has the box's clocks. What
 * was written to its pipe is read even if the writer died meanwhile; then the pipe is closed. Some
 * guards die by themselves. Notes are files that the box's disk keeps.
 */
import { Guard } from '../../agent/guard/guard.ts';
import type { GuardNote } from '../../agent/guard/guard-notes.ts';
import type { GuardHandle, GuardListener, GuardSource } from '../../agent/guard/guard-process.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import type { History } from './history.ts';
import { Incarnation, type Skew } from './incarnation.ts';
import type { Trace } from './trace.ts';
import { type BoxProcesses, graceMs } from './workshop.ts';

/** This part of the guards dies within the time below, whatever it guards. */
const mortalShare = 0.15;
const mortalMs = { min: 1, max: 60_000 };

/** A guard's program is up after so long. */
const startMs = { min: 20, max: 200 };

/** What a pipe takes to be read. One pipe keeps its order. */
const pipeMs = 0.2;

/** What the guards of a box need. */
export interface BoxGuardsParts {
  readonly box: string;
  readonly skew: Skew;
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly history: History;
  readonly trace: Trace;
  readonly processes: BoxProcesses;
}

interface SimGuard {
  readonly agent: Incarnation;
  readonly owner: Incarnation;
  /** Its agent died or let it go. */
  close(): void;
  die(why: string): void;
}

/** All guards of one box. */
export class BoxGuards {
  readonly #parts: BoxGuardsParts;
  readonly #guards = new Set<SimGuard>();
  readonly #notes = new Map<string, GuardNote>();
  #count = 0;

  constructor(parts: BoxGuardsParts) {
    this.#parts = parts;
  }

  /** The guards of one agent process. */
  openSource(agent: Incarnation): GuardSource {
    return {
      graceMs,
      open: (listener) => this.#open(agent, listener),
      readNotes: () => new Map(this.#notes),
      dropNotes: () => this.#notes.clear(),
    };
  }

  /** That agent process is gone, and its ends of all pipes with it. */
  agentGone(agent: Incarnation): void {
    for (const guard of this.#guards) if (guard.agent === agent) guard.close();
  }

  /** The box itself went away. */
  killAll(): void {
    for (const guard of [...this.#guards]) guard.die('its box is gone');
    this.#notes.clear();
  }

  #open(agent: Incarnation, listener: GuardListener): GuardHandle {
    const { box, skew, clock, chance, history, trace, processes } = this.#parts;
    this.#count += 1;
    const name = `${box}#guard${this.#count}`;
    const owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
    history.count('guards started');
    const tell = (act: () => void) => clock.after(pipeMs, () => agent.run(act));
    const guard = new Guard({
      ports: owner.ports,
      tell: (word) =>
        tell(() => (word.t === 'tick' ? listener.tick(word) : listener.ended(word.mark))),
      end: async ({ mark }) => {
        const at = Math.round(owner.ports.clock.wallMs());
        const note = processes.findNote(mark);
        const wasRunning = note !== undefined;
        if (note !== undefined && note.asked === undefined) {
          history.guardActs.push({ attempt: note.attempt, box, at: clock.nowMs });
        }
        this.#notes.set(mark, { mark, at, wasRunning });
        if (wasRunning)
          history.count(agent.isDead ? 'ended by guards of the dead' : 'ended by guards');
        await processes.endByGuard(mark, owner);
      },
      finished: () => known.die('nothing is left to guard'),
    });
    const known: SimGuard = {
      agent,
      owner,
      close: () => void clock.after(pipeMs, () => owner.run(() => guard.agentGone())),
      die: (why) => {
        if (owner.isDead) return;
        trace.note(`${name} ends: ${why}`);
        owner.die();
        this.#guards.delete(known);
        tell(() => listener.gone(why));
      },
    };
    this.#guards.add(known);
    owner.ports.timers.after(chance.between(startMs.min, startMs.max), () => guard.start());
    if (chance.happens(mortalShare)) {
      clock.after(chance.between(mortalMs.min, mortalMs.max), () => {
        if (owner.isDead) return;
        history.guardEnds.push({ box, at: clock.nowMs });
        history.count('guards killed');
        known.die('killed');
      });
    }
    return {
      pid: this.#count,
      state: async (table) => {
        if (owner.isDead) return false;
        clock.after(pipeMs, () => owner.run(() => guard.state(table)));
        return true;
      },
      close: known.close,
      kill: () => known.die('killed by its agent'),
    };
  }
}
