/*
 * The world of the supervisor: its words, its signals, and the processes that it holds.
 *
 * The only file of the supervisor that touches `process`. It is in a session of its own, so logging out
 * does not end it, and its output is the agent's log. No library is loaded here.
 */
import { spawn } from 'node:child_process';
import { openSystemPorts, type Ports } from '../../protocol/ports.ts';
import type { AgentProcess } from './supervisor.ts';
import { isAlive, nameProcess, type ProcessName } from './supervisor-record.ts';

/** The process that a supervisor is. */
export interface SupervisorWorld {
  readonly ports: Ports;
  readonly self: ProcessName;
  readonly argv: readonly string[];
  say(line: string): void;
  /** Starts this with the supervisor's own environment and output. */
  start(command: readonly string[], ended: (status: number | null) => void): AgentProcess;
  /** Called at TERM or INT. */
  onStop(run: () => void): void;
  exit(status: number): void;
}

/** The real one; for the entry only. */
export function openSupervisorWorld(): SupervisorWorld {
  const { stderr } = process;
  stderr.on('error', () => undefined);
  for (const signal of ['SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  const ports = openSystemPorts();
  return {
    ports,
    self: nameProcess(process.pid),
    argv: process.argv.slice(2),
    say: (line) => void stderr.write(`${new Date(ports.clock.wallMs()).toISOString()} ${line}\n`),
    start: startAgent,
    onStop(run) {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, run);
    },
    exit: (status) => process.exit(status),
  };
}

/** A process that runs already, whoever started it. */
export function holdProcess(name: ProcessName): AgentProcess {
  return {
    name,
    // Its end may not have been seen yet, and its number be another's by now.
    signal: (signal) => isAlive(name) && sendSignal(name.pid, signal),
  };
}

function startAgent(
  command: readonly string[],
  ended: (status: number | null) => void,
): AgentProcess {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: '/',
  });
  let hasEnded = false;
  const end = (status: number | null) => {
    if (!hasEnded) ended(status);
    hasEnded = true;
  };
  child.once('exit', end);
  child.once('error', () => end(null));
  return holdProcess(nameProcess(child.pid ?? 0));
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 0) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It is gone already.
    if (!(error instanceof Error)) throw error;
  }
}
