/*
 * The way to the agent that runs on a home: its control socket.
 *
 * Errors: AGENT_UNREACHABLE where none runs.
 */
import { ControlClient } from '../protocol/control-client.ts';
import { AppError } from '../protocol/errors.ts';
import type { PeerKey } from '../protocol/model.ts';
import { dialUnix } from '../protocol/transports/unix.ts';
import type { AgentStatus } from './agent-parts.ts';
import type { AgentHome } from './home.ts';

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

/** What the agent of this home says of itself; undefined where none answers. */
export async function findRunning(home: AgentHome): Promise<RunningStatus | undefined> {
  const client = await dialAgent(home).catch(() => undefined);
  try {
    return (await client?.call('status', {})) as RunningStatus | undefined;
  } catch (error) {
    // It went away while it was asked.
    if (error instanceof AppError) return undefined;
    throw error;
  } finally {
    client?.close();
  }
}
