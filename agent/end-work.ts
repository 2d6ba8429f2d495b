/*
 * How a stopping agent ends what runs on its box, and brings its last word to the hub.
 *
 * Work and terminals are ended together, reports are delivered while there is somebody to take them; all
 * of it within a limit, after which the rest is the next start's affair. Errors: STORE_*.
 */
import { type Ports, sleep } from '../protocol/ports.ts';
import type { Session } from '../protocol/session.ts';
import type { Desk } from './desk.ts';
import { stopMsMax } from './limits.ts';
import type { RunWork } from './loops/run-work.ts';
import type { Terminals } from './terminals.ts';

/** What is ended. */
export interface EndWorkParts {
  readonly desk: Desk;
  readonly runWork: RunWork;
  readonly terminals: Terminals;
  readonly session: Session;
  readonly ports: Ports;
  /** Does what was accepted and not started wait for the next start? */
  readonly keepsWaiting: boolean;
}

/** Resolves when all has ended and been delivered, or time is up. */
export async function endWork(parts: EndWorkParts): Promise<void> {
  const { desk, runWork, terminals, ports, keepsWaiting } = parts;
  const at = Math.round(ports.clock.wallMs());
  const steps = desk
    .list()
    .filter(({ state }) => !(keepsWaiting && state.is === 'accepted'))
    .map((held) => desk.step(held.attempt, { type: 'end', at, cause: 'agent-stop' }));
  const idle = Promise.all([...steps, terminals.stop()])
    .then(() => runWork.idle())
    .then(() => desk.sayEnds())
    .then(() => delivered(parts));
  await Promise.race([idle, sleep(ports.timers, stopMsMax)]);
}

/** Resolves once nothing waits for the hub, or there is no hub to take it. */
async function delivered({ desk, session, ports }: EndWorkParts): Promise<void> {
  while (session.connection !== undefined && (desk.streams?.waitingCount ?? 0) > 0) {
    await sleep(ports.timers, 20);
  }
}
