/*
 * The supervisor at work: it holds the agent's process, and performs what its machine asks for.
 *
 * It starts one agent at a time and signals no process but that one. It keeps `supervisor.json` true, so
 * that others see who supervises what, and says in the log why an agent came to be started again. An agent
 * that runs already is adopted: it is nobody's child here, so its end is seen by looking. Invariant: when
 * this is gone, so is the agent, or it is said why not.
 */
import type { Ports } from '../../protocol/ports.ts';
import { adoptedLookMs, serviceStopMsMax } from './limits.ts';
import {
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  stepSupervisor,
} from './supervisor-machine.ts';
import type { ProcessName, SupervisorRecord } from './supervisor-record.ts';

/** An agent's process. */
export interface AgentProcess {
  readonly name: ProcessName;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** What a supervisor acts on. */
export interface SupervisorParts {
  readonly ports: Pick<Ports, 'clock' | 'timers' | 'random'>;
  readonly self: ProcessName;
  /** Starts an agent; `ended` is called once, with its status, also where it could not be started. */
  readonly start: (ended: (status: number | null) => void) => AgentProcess;
  /** One that runs already. */
  readonly adopted: AgentProcess | undefined;
  readonly isAlive: (name: ProcessName) => boolean;
  readonly save: (record: SupervisorRecord) => void;
  readonly drop: () => void;
  readonly say: (line: string) => void;
  /** Called once, at the end. */
  readonly finished: (status: number) => void;
}

/** Life cycle: `start`, and `stop` when the agent is to end with it. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  #state: SupervisorState;
  #agent: AgentProcess | undefined;
  #lastStatus: number | null = null;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const sinceMs = parts.ports.clock.monotonicMs();
    this.#state = { is: 'running', sinceMs, quickCount: 0 };
  }

  start(): void {
    const { adopted, say } = this.#parts;
    if (adopted === undefined) return this.#start();
    this.#agent = adopted;
    say(`supervising the agent that runs (pid ${adopted.name.pid})`);
    this.#save();
    this.#watch(adopted);
  }

  /** Ends the agent and goes. Safe to repeat. */
  stop(): void {
    this.#step({ type: 'stop' });
  }

  #start(): void {
    let hasEnded = false;
    const agent = this.#parts.start((status) => {
      hasEnded = true;
      this.#ended(status);
    });
    if (hasEnded) return;
    this.#agent = agent;
    this.#save();
  }

  /** It can't be waited for, and how it ended is not known. */
  #watch(agent: AgentProcess): void {
    const { ports, isAlive } = this.#parts;
    const look = () => {
      if (this.#state.is === 'over') return;
      if (isAlive(agent.name)) ports.timers.after(adoptedLookMs, look);
      else this.#ended(null);
    };
    ports.timers.after(adoptedLookMs, look);
  }

  #ended(status: number | null): void {
    this.#agent = undefined;
    this.#lastStatus = status;
    this.#step({ type: 'ended', status });
  }

  #step(event: SupervisorEvent): void {
    const { clock, random } = this.#parts.ports;
    const moment = { nowMs: clock.monotonicMs(), roll: random.fraction() };
    const { state, effects } = stepSupervisor(this.#state, event, moment);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SupervisorEffect): void {
    const { ports, say } = this.#parts;
    if (effect.do === 'start') this.#start();
    else if (effect.do === 'end') this.#end();
    else if (effect.do === 'finish') this.#finish(effect.why);
    else {
      say(
        `the agent ended (${this.#describeEnd()}); it is started again in ${Math.ceil(effect.ms / 1000)} s`,
      );
      this.#save();
      ports.timers.after(effect.ms, () => this.#step({ type: 'due' }));
    }
  }

  #end(): void {
    const agent = this.#agent;
    agent?.signal('SIGTERM');
    this.#parts.ports.timers.after(serviceStopMsMax, () => {
      if (this.#agent === agent) agent?.signal('SIGKILL');
    });
  }

  #finish(why: Extract<SupervisorEffect, { do: 'finish' }>['why']): void {
    const { drop, finished, say } = this.#parts;
    if (why === 'asked') {
      drop();
      return finished(0);
    }
    const words =
      why === 'refused'
        ? `the agent refuses to start (${this.#describeEnd()}); see what it said above`
        : `the agent ended too often soon after its start (${this.#describeEnd()})`;
    say(
      `${words}; it is not started again before \`odally service start\` or the box's next start`,
    );
    this.#save(words);
    finished(1);
  }

  #describeEnd(): string {
    return this.#lastStatus === null ? 'killed' : `status ${this.#lastStatus}`;
  }

  #save(gaveUp?: string): void {
    const quickCount = 'quickCount' in this.#state ? this.#state.quickCount : 0;
    const { self: supervisor, save } = this.#parts;
    save({ supervisor, agent: this.#agent?.name, quickCount, gaveUp });
  }
}
