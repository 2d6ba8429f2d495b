/*
 * What an agent shows of itself, gathered from its loops.
 *
 * Before it has started some of them are not there; their lines say so.
 */
import { AppError } from '../protocol/errors.ts';
import type { AgentParts, AgentStatus } from './agent-parts.ts';
import type { Desk } from './desk.ts';
import type { Leavings } from './leavings.ts';
import type { KeepLink } from './loops/keep-link.ts';
import type { Parting } from './parting.ts';
import type { Terminals } from './terminals.ts';
import type { Working } from './working.ts';

/** Where the lines come from. */
export interface StatusSource extends Pick<AgentStatus, 'life' | 'name'> {
  readonly parts: Pick<AgentParts, 'hub' | 'disk' | 'installed' | 'policies'>;
  readonly keepLink: KeepLink | undefined;
  readonly working: Working | undefined;
  readonly leavings: Leavings | undefined;
  readonly terminals: Terminals | undefined;
  readonly desk: Desk | undefined;
  readonly parting: Parting | undefined;
  /** Why hub and agent do not serve each other; null once the hub answers: a link that is refused opens first. */
  readonly trouble: AppError['code'] | null;
}

/** Does this word of the hub's say that it serves this box no more? */
export function isRefusal(code: string): code is 'PEER_REGRESSED' | 'WORKER_REVOKED' {
  return code === 'PEER_REGRESSED' || code === 'WORKER_REVOKED';
}

/** Gathers it. */
export function describeStatus(source: StatusSource): AgentStatus {
  const { life, name, parts, keepLink, working, leavings, terminals, desk, parting, trouble } =
    source;
  const refused = trouble === null ? '' : `: ${new AppError(trouble).message} [${trouble}]`;
  return {
    life,
    name,
    hub: parts.hub,
    link: `${keepLink?.status ?? 'starting'}${refused}`,
    hadSession: keepLink?.hadSession ?? false,
    work: working?.run.status ?? 'starting',
    logs: leavings?.status ?? 'starting',
    deadlines: working?.watch.status ?? 'starting',
    leases: working?.guard.status ?? 'starting',
    terminals: terminals?.status ?? 'starting',
    attempts: (desk?.list() ?? []).map(({ attempt, state }) => ({ attempt, state: state.is })),
    waiting: desk?.streams?.waitingCount ?? 0,
    disk: parts.disk.health,
    policy: parts.policies.summary,
    build: parts.installed.build ?? null,
    draining: parting?.drain.why ?? null,
  };
}
