/*
 * The world of the guard: its two pipes, its clocks and its end.
 *
 * The only file of the guard that touches `process`. A pipe that breaks is how an agent's death shows,
 * so it is no failure.
 */
import { openSystemPorts, type Ports } from '../../protocol/ports.ts';

/** The process that a guard is. */
export interface GuardWorld {
  readonly ports: Ports;
  readonly argv: readonly string[];
  /** Writes to the agent, if it still reads. */
  say(text: string): void;
  /** Told of all that the agent writes, and of its end. */
  listen(heard: (text: string) => void, ended: () => void): void;
  exit(): void;
}

/** The real one; for the entry only. */
export function openGuardWorld(): GuardWorld {
  const { stdin, stdout } = process;
  stdout.on('error', () => undefined);
  // Whoever ends the agent from its terminal, or logs out, must not end its guard with it.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const)
    process.on(signal, () => undefined);
  return {
    ports: openSystemPorts(),
    argv: process.argv.slice(2),
    say: (text) => void stdout.write(text),
    listen(heard, ended) {
      stdin.setEncoding('utf8').on('data', (text: string) => heard(text));
      for (const event of ['end', 'error'] as const) stdin.once(event, ended);
    },
    exit: () => process.exit(0),
  };
}
