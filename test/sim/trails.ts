/*
 * The audit trails of a finished run: of the hub and of every box whose agent serves.
 *
 * Each is verified by the product's own verification, and read as `audit` shows it. Nothing is judged here.
 */
import type { AuditProof } from '../../store/audit-read.ts';
import type { AuditTrail } from '../../store/audit-trail.ts';
import type { World } from './world.ts';

/** No run asks for as much. */
const entriesMax = 100_000;

/** One trail. */
export interface TrailView {
  /** `hub`, or the name of a box. */
  readonly of: string;
  readonly proof: AuditProof;
  /** What was done with the effect that is asked for, by verb and subject: `dispatch J1`. */
  readonly done: ReadonlySet<string>;
}

/** Reads all of them. */
export async function readTrails({ hub, boxes }: World): Promise<readonly TrailView[]> {
  const trails: TrailView[] = [];
  if (hub.hub !== undefined) trails.push(await readTrail('hub', hub.hub.audit));
  for (const { name, agent } of boxes) {
    if (agent !== undefined) trails.push(await readTrail(name, agent.audit));
  }
  return trails;
}

async function readTrail(of: string, trail: AuditTrail): Promise<TrailView> {
  const proof = await trail.verify(undefined);
  const rows = await trail.list({ countMax: entriesMax, isWanted: () => true });
  const done = rows.filter(({ result }) => result === 'done');
  return { of, proof, done: new Set(done.map(({ verb, about }) => `${verb} ${about}`)) };
}
