/*
 * What the hub asked of this box, as the box's own audit trail has it.
 *
 * Commands are written down in the batch in which they are taken. A terminal or a fix is written down when it is
 * asked for, with what came of it once it is answered. Everything of a hub comes over the link that its key
 * opened, so the key is who asked. It never keeps anything from happening: that is the policy's business.
 */
import type { ErrorCode } from '../protocol/errors.ts';
import type { OwnerFrame } from '../protocol/frames.ts';
import type { AttemptId, CommandSpec, PeerKey } from '../protocol/model.ts';
import type { Asked } from '../store/audit.ts';
import { type AuditTrail, openAuditTrail } from '../store/audit-trail.ts';
import { describeArgs } from '../store/audit-words.ts';
import type { Committer } from '../store/committer.ts';
import type { StoreIdentity } from '../store/format.ts';
import type { AgentParts } from './agent-parts.ts';
import { askedOpenMax } from './limits.ts';

/** One command of the hub, as it was taken. */
export interface TakenCommand {
  readonly verb: 'assign' | 'cancel' | 'message';
  readonly about: string;
  readonly spec?: CommandSpec;
  readonly result: 'done' | ErrorCode;
}

/** Opens the trail of a store that was just opened. Errors: STORE_*. */
export async function openHubAsks(
  parts: AgentParts,
  identity: StoreIdentity,
  committer: () => Committer,
): Promise<HubAsks> {
  const trail = await openAuditTrail({ ...parts, ...parts.audit, committer }, identity);
  return new HubAsks(trail, parts.hub);
}

/** Writes down; lives as long as its trail. */
export class HubAsks {
  readonly trail: AuditTrail;
  readonly #who: string;
  /** What was asked for and is not answered yet, by kind and id. */
  readonly #open = new Map<string, { readonly of: number; readonly asked: Asked }>();

  constructor(trail: AuditTrail, hub: PeerKey) {
    this.trail = trail;
    this.#who = `hub ${hub.slice(0, 8)}`;
  }

  /** It goes with what is committed next. */
  taken({ spec, ...command }: TakenCommand): void {
    const args = spec === undefined ? undefined : describeArgs(spec);
    this.trail.note({ ...this.#by, ...command, ...(args === undefined ? {} : { args }) });
  }

  /** The hub asked for something that is no command. */
  asked(frame: OwnerFrame): void {
    if (frame.t === 'terminal-open') {
      const { attempt, directory } = frame;
      const args = { ...(attempt === undefined ? {} : { attempt }), directory };
      this.#begin(`terminal ${frame.id}`, { verb: 'terminal', args: describeArgs(args) });
    } else if (frame.t === 'doctor-ask' && frame.fix) {
      const args = describeArgs({ only: frame.only });
      this.#begin(`doctor ${frame.id}`, { verb: 'doctor --fix', args });
    }
  }

  /** The box answers with this frame, which is given back. */
  answered(frame: OwnerFrame): OwnerFrame {
    if (frame.t === 'terminal-opened') this.#end(`terminal ${frame.id}`, 'done');
    else if (frame.t === 'terminal-end') this.#end(`terminal ${frame.id}`, frame.code ?? 'done');
    else if (frame.t === 'doctor') this.#end(`doctor ${frame.id}`, 'done');
    return frame;
  }

  get #by(): Pick<Asked, 'who' | 'surface'> {
    return { who: this.#who, surface: 'hub' };
  }

  #begin(id: string, what: Pick<Asked, 'verb' | 'args'>): void {
    const asked = { ...this.#by, ...what };
    const { n, done } = this.trail.write(asked);
    // A store that takes nothing any more has told its owner, who ends.
    done.catch(() => this.#open.clear());
    this.#open.set(id, { of: n, asked });
    const [oldest] = this.#open.keys();
    if (this.#open.size > askedOpenMax && oldest !== undefined) this.#open.delete(oldest);
  }

  #end(id: string, result: string): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.trail.settle(open.of, open.asked, result.slice(0, 64));
  }
}

/** The commands that a desk takes, for whoever writes them down. */
export type NoteTaken = (command: TakenCommand) => void;

/** An assignment, as it was taken. */
export function describeAssign(
  attempt: AttemptId,
  spec: CommandSpec | undefined,
  code?: ErrorCode,
): TakenCommand {
  const result = code ?? 'done';
  return { verb: 'assign', about: attempt, ...(spec === undefined ? {} : { spec }), result };
}
