/*
 * The way to the agent that runs on a home: its control socket.
 *
 * Errors: AGENT_UNREACHABLE where none runs, AGENT_SILENT where one does not answer.
 */
import { isInTime } from '../protocol/ask-alive.ts';
import { ControlClient } from '../protocol/control-client.ts';
import { AppError } from '../protocol/errors.ts';
import type { PeerKey } from '../protocol/model.ts';
import type { Timers } from '../protocol/ports.ts';
import { dialUnix } from '../protocol/transports/unix.ts';
import { describeHeldUp, watchSilence } from '../protocol/watch-silence.ts';
import type { AgentStatus } from './agent-parts.ts';
import type { AgentHome } from './home.ts';
import { agentAnswerMsMax } from './limits.ts';
import type { Program } from './ports.ts';

/** What `status` of a running agent says. */
export type RunningStatus = AgentStatus & {
  readonly pid: number;
  readonly version: string;
  readonly key: PeerKey;
};

/** Has it a session with its hub, by whatever way? The line says which way where it is not the usual one. */
export function isLinked({ link }: Pick<RunningStatus, 'link'>): boolean {
  return link === 'linked' || link.startsWith('linked ');
}

/** A connection to the agent of this home; the caller closes it. */
export async function dialAgent(home: AgentHome): Promise<ControlClient> {
  try {
    return new ControlClient(await dialUnix(home.socket), 'AGENT_UNREACHABLE', 'cli');
  } catch (cause) {
    throw new AppError('AGENT_UNREACHABLE', `No agent runs on ${home.directory}.`, { cause });
  }
}

/** What the agent of this home says of itself; undefined where none runs. Errors: AGENT_SILENT. */
export async function findRunning(
  home: AgentHome,
  timers: Timers,
): Promise<RunningStatus | undefined> {
  return (await askAgent(home, 'status', timers)) as RunningStatus | undefined;
}

/** The same for who looks again: one that is silent does not run yet, or not any more. */
export function findAnswering(home: AgentHome, timers: Timers): Promise<RunningStatus | undefined> {
  return findRunning(home, timers).catch(() => undefined);
}

/** What it answers to a verb without arguments; undefined where none runs. Errors: AGENT_SILENT. */
export async function askAgent(home: AgentHome, verb: string, timers: Timers): Promise<unknown> {
  const client = await dialAgent(home).catch(() => undefined);
  if (client === undefined) return undefined;
  // It may go away while it is asked.
  const answer = client.call(verb, {}).catch((error: unknown) => {
    if (error instanceof AppError) return undefined;
    throw error;
  });
  try {
    if (await isInTime(answer, timers, agentAnswerMsMax)) return await answer;
    throw new AppError('AGENT_SILENT', `The agent on ${home.directory} runs and does not answer.`);
  } finally {
    client.close();
  }
}

/** What may take long, asked of an agent: while nothing comes it is said whether the agent hangs. */
export async function askPatiently<Answer>(
  client: ControlClient,
  { ports, say }: Pick<Program, 'ports' | 'say'>,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const stopWatching = watchSilence({
    client,
    timers: ports.timers,
    say: (words) => say(`odally: ${words}`),
    who: 'The agent',
    describe: describeStatus,
  });
  try {
    return await ask();
  } finally {
    stopWatching();
  }
}

function describeStatus(status: unknown): string | undefined {
  const { store } = (status as RunningStatus).disk;
  if (store.is === 'sound') return undefined;
  return describeHeldUp("The agent's", store.code, store.message);
}
